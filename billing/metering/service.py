"""Rules of metering: every usage window is counted once, whoever repeats it and when."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.catalog.prices import PriceBooks
from billing.metering import repository
from billing.metering.days import MeteredDay, group_days
from billing.metering.errors import (
    UsageOrganizationConflictError,
    UsageOrganizationUnknownError,
    UsagePlanUnpricedError,
    UsageRefusedError,
    UsageWindowConflictError,
    UsageWindowEarlyError,
)
from billing.metering.messages import UsageWindow
from billing.periods import day_of, day_start, hour_of
from control_plane.kit.clock import Clock
from control_plane.kit.outbox import OutboxMessage
from control_plane.kit.scope import Scope

AHEAD_MAX = timedelta(days=1)
"""How far a broker's clock may be ahead of ours; behind it may be as long as it was away."""


class MeteringService:
    """Counts closed usage windows, and tells what was counted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def count(self, session: Session, window: UsageWindow, books: PriceBooks) -> bool:
        """Add a window to its hour; return False, changing nothing, if it was counted before.

        Raises a UsageRefusedError, having changed nothing, for a window that can not be counted.
        """
        if window.ended_at > self._clock.now() + AHEAD_MAX:
            raise UsageWindowEarlyError(f"it ends at {window.ended_at.isoformat()}")
        if books.of_plan(day_of(window.started_at), window.plan) is None:
            raise UsagePlanUnpricedError(f"plan {window.plan} on {day_of(window.started_at)}")
        payer = repository.payer_of(session, window.cluster_id)
        if payer not in (None, window.organization_id):
            raise UsageOrganizationConflictError(f"{window.cluster_id} is paid for by {payer}")
        try:
            with session.begin_nested():
                return self._count(session, window)
        except IntegrityError:
            raise UsageOrganizationUnknownError(window.organization_id) from None

    def refuse(self, session: Session, message: OutboxMessage, error: UsageRefusedError) -> None:
        """Keep a message that can not be counted, so that nothing is lost with it."""
        values = {
            "message_id": message.id,
            "cluster_id": message.key,
            "code": error.code,
            "detail": str(error),
            "body": message.body,
            "refused_at": self._clock.now(),
        }
        repository.insert_refused(session, values)

    def list_days(
        self, session: Session, scope: Scope, start: date, end: date, cluster_id: str | None = None
    ) -> list[MeteredDay]:
        """List the days in [start, end) in which clusters of `scope`, or one, used something.

        They are ordered by day, cluster id and plan.
        """
        hours = repository.list_hours(session, scope, day_start(start), day_start(end), cluster_id)
        names = repository.cluster_names(session, scope)
        return group_days(hours, names)

    def _count(self, session: Session, window: UsageWindow) -> bool:
        owner = {
            "organization_id": window.organization_id,
            "cluster_id": window.cluster_id,
        }
        values = {
            **owner,
            "source": window.source,
            "plan": window.plan,
            "started_at": window.started_at,
            "ended_at": window.ended_at,
            "running_ms": window.running_ms,
            "bytes_in": window.bytes_in,
            "bytes_out": window.bytes_out,
            "stored_bytes": window.stored_bytes,
            "partitions": window.partitions,
        }
        if not repository.insert_window(session, values):
            counted = repository.find_window(session, window.source)
            if any(getattr(counted, name) != value for name, value in values.items()):
                raise UsageWindowConflictError(window.source)
            return False
        repository.name_cluster(
            session, {**owner, "name": window.cluster_name, "named_at": window.ended_at}
        )
        repository.add_to_hour(
            session,
            {
                **owner,
                **asdict(window.quantities),
                "plan": window.plan,
                "hour_at": hour_of(window.started_at),
                "metered_through": window.ended_at,
            },
        )
        return True
