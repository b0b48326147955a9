"""What callers are told of the metrics of a cluster."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from control_plane.kit.clock import Clock
from control_plane.kit.scope import Scope
from control_plane.metrics import repository
from control_plane.metrics.points import Point, Step
from control_plane.metrics.ranges import (
    MetricName,
    Range,
    Series,
    choose_range,
    lag_of,
    series_of,
)
from control_plane.metrics.rows import point_of


class MetricsService:
    """Reads points."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def range(self, start: datetime | None, end: datetime | None, step: Step | None) -> Range:
        """Return the steps asked for; raise MetricsRangeInvalidError."""
        return choose_range(start, end, step, self._clock.now())

    def series(
        self,
        session: Session,
        scope: Scope,
        cluster_id: str,
        wanted: Range,
        names: Sequence[MetricName],
    ) -> list[Series]:
        """Return the metrics of a cluster that are named."""
        return series_of(wanted, _points(session, scope, cluster_id, wanted), names)

    def group_lag(
        self, session: Session, scope: Scope, cluster_id: str, wanted: Range, group_id: str
    ) -> Series:
        """Return how far a group was behind; None in steps that do not tell of it."""
        return lag_of(wanted, _points(session, scope, cluster_id, wanted), group_id)

    def read_at(self, session: Session, scope: Scope, cluster_id: str) -> datetime | None:
        """Return until when points tell of a cluster."""
        return repository.find_read_at(session, scope, cluster_id)


def _points(
    session: Session, scope: Scope, cluster_id: str, wanted: Range
) -> Mapping[datetime, Point]:
    rows = repository.list_points(session, scope, cluster_id, wanted.step, wanted.start, wanted.end)
    return {row.started_at: point_of(row) for row in rows}
