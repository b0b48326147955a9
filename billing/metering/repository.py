"""Queries of metering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case
from sqlalchemy.orm import Session

from billing.metering.days import HourOfCluster
from billing.metering.models import MeteredCluster, MeteredHour, MeteredWindow, RefusedUsage
from billing.rating.usage import HourQuantities
from control_plane.kit.db import dialect_insert, insert_unless_present
from control_plane.kit.scope import Scope, scoped

_SUMS = ("bytes_in", "bytes_out", "stored_byte_seconds", "running_ms", "partition_ms")


def insert_window(session: Session, values: Mapping[str, Any]) -> bool:
    """Write a window down; return False if its source was counted before."""
    return insert_unless_present(session, MeteredWindow, values)


def find_window(session: Session, source: str) -> MeteredWindow | None:
    """Find the window that was counted under a source, whoever pays for it."""
    return session.get(MeteredWindow, source)


def name_cluster(session: Session, values: Mapping[str, Any]) -> None:
    """Write a cluster down, or its name if the one that is known is older."""
    statement = dialect_insert(session, MeteredCluster).values(**values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[MeteredCluster.cluster_id],
            set_={"name": statement.excluded.name, "named_at": statement.excluded.named_at},
            where=MeteredCluster.named_at < statement.excluded.named_at,
        )
    )


def payer_of(session: Session, cluster_id: str) -> str | None:
    """Return the organization that pays for a cluster, None for one that used nothing yet."""
    # Read anew: the row is written by statements that do not know the session's objects.
    cluster = session.get(MeteredCluster, cluster_id, populate_existing=True)
    return None if cluster is None else cluster.organization_id


def add_to_hour(session: Session, values: Mapping[str, Any]) -> None:
    """Add a window's quantities to the sums of its hour."""
    statement = dialect_insert(session, MeteredHour).values(**values)
    new = statement.excluded
    sums = {name: getattr(MeteredHour, name) + new[name] for name in _SUMS}
    is_later = new.metered_through > MeteredHour.metered_through
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[MeteredHour.cluster_id, MeteredHour.hour_at, MeteredHour.plan],
            set_={
                **sums,
                "metered_through": case(
                    (is_later, new.metered_through), else_=MeteredHour.metered_through
                ),
            },
        )
    )


def insert_refused(session: Session, values: Mapping[str, Any]) -> None:
    """Keep a message that was not counted; one that is kept already stays as it is."""
    insert_unless_present(session, RefusedUsage, values)


def list_hours(
    session: Session, scope: Scope, start: datetime, end: datetime, cluster_id: str | None
) -> Sequence[HourOfCluster]:
    """List the hours in [start, end) of all clusters of `scope`, or of one."""
    statement = scoped(MeteredHour, scope).where(
        MeteredHour.hour_at >= start, MeteredHour.hour_at < end
    )
    if cluster_id is not None:
        statement = statement.where(MeteredHour.cluster_id == cluster_id)
    # A month of many clusters is tens of thousands of rows: columns cost half of what objects do.
    rows = session.execute(
        statement.with_only_columns(
            MeteredHour.cluster_id,
            MeteredHour.plan,
            MeteredHour.hour_at,
            MeteredHour.bytes_in,
            MeteredHour.bytes_out,
            MeteredHour.stored_byte_seconds,
            MeteredHour.running_ms,
            MeteredHour.partition_ms,
            MeteredHour.metered_through,
        )
    )
    return [
        HourOfCluster(
            cluster_id=cluster,
            plan=plan,
            hour_at=hour_at,
            quantities=HourQuantities(
                bytes_in=bytes_in,
                bytes_out=bytes_out,
                stored_byte_seconds=stored_byte_seconds,
                running_ms=running_ms,
                partition_ms=partition_ms,
            ),
            metered_through=metered_through,
        )
        for (
            cluster,
            plan,
            hour_at,
            bytes_in,
            bytes_out,
            stored_byte_seconds,
            running_ms,
            partition_ms,
            metered_through,
        ) in rows
    ]


def cluster_names(session: Session, scope: Scope) -> Mapping[str, str]:
    """Return the last name of every cluster of `scope` that ever used something."""
    return {row.cluster_id: row.name for row in session.scalars(scoped(MeteredCluster, scope))}
