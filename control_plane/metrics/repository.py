"""Queries of metrics: what was read last, and points."""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, tuple_
from sqlalchemy.orm import Session

from control_plane.kit.scope import Scope, scoped
from control_plane.metrics.models import MetricPoint, MetricReading
from control_plane.metrics.points import Step

# Below SQLite's limit on the variables of one statement.
CLUSTERS_PER_QUERY_MAX = 500


def list_readings(session: Session, cluster_ids: Collection[str]) -> dict[str, MetricReading]:
    """Return what was read of clusters last, whoever owns them; for jobs."""
    found: dict[str, MetricReading] = {}
    left = iter(sorted(cluster_ids))
    while some := list(islice(left, CLUSTERS_PER_QUERY_MAX)):
        statement = select(MetricReading).where(MetricReading.cluster_id.in_(some))
        found.update({row.cluster_id: row for row in session.scalars(statement)})
    return found


def list_points_at(session: Session, step: Step, started_at: datetime) -> dict[str, MetricPoint]:
    """Return the points of all organizations' clusters that began then, by cluster; for jobs."""
    statement = select(MetricPoint).where(
        MetricPoint.step_seconds == step.value, MetricPoint.started_at == started_at
    )
    return {row.cluster_id: row for row in session.scalars(statement)}


def list_points(
    session: Session, scope: Scope, cluster_id: str, step: Step, start: datetime, end: datetime
) -> Sequence[MetricPoint]:
    """Return the points of a cluster that began in [start, end)."""
    statement = scoped(MetricPoint, scope).where(
        MetricPoint.cluster_id == cluster_id,
        MetricPoint.step_seconds == step.value,
        MetricPoint.started_at >= start,
        MetricPoint.started_at < end,
    )
    return session.scalars(statement).all()


def find_read_at(session: Session, scope: Scope, cluster_id: str) -> datetime | None:
    """Return when a cluster was read last."""
    statement = scoped(MetricReading, scope).where(MetricReading.cluster_id == cluster_id)
    return session.scalar(statement.with_only_columns(MetricReading.read_at))


def delete_points_before(session: Session, step: Step, before: datetime, count_max: int) -> int:
    """Drop points that began before then; return how many, at most `count_max`."""
    keys = (MetricPoint.cluster_id, MetricPoint.step_seconds, MetricPoint.started_at)
    old = select(*keys).where(
        MetricPoint.step_seconds == step.value, MetricPoint.started_at < before
    )
    chosen = tuple_(*keys).in_(old.limit(count_max))
    return _changed(session, delete(MetricPoint).where(chosen))


def delete_readings_before(session: Session, before: datetime) -> int:
    """Drop what was read before then, of clusters that have not run since."""
    return _changed(session, delete(MetricReading).where(MetricReading.read_at < before))


def _changed(session: Session, statement: Any) -> int:
    options = statement.execution_options(synchronize_session=False)
    return cast("CursorResult[Any]", session.execute(options)).rowcount
