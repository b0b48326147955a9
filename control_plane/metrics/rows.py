"""Points as rows, and back."""

from datetime import datetime

from control_plane.metrics.models import MetricPoint
from control_plane.metrics.points import Levels, Point, Step
from control_plane.metrics.readings import Counters


def point_of(row: MetricPoint) -> Point:
    """Return what a row holds."""
    counters = Counters(
        bytes_in=row.bytes_in,
        records_in=row.records_in,
        bytes_out=row.bytes_out,
        requests=row.requests,
        connections_refused=row.connections_refused,
        throttled=row.throttled,
        throttled_ms=row.throttled_ms,
        produce_latencies=tuple(row.produce_latencies),
        fetch_latencies=tuple(row.fetch_latencies),
    )
    levels = Levels(row.connections, row.partitions, row.stored_bytes, row.lag, row.group_lags)
    return Point(row.covered_ms, counters, levels)


def new_row(
    cluster_id: str, organization_id: str, step: Step, started_at: datetime, point: Point
) -> MetricPoint:
    """Return a row for the first that is known of a step."""
    row = MetricPoint(
        cluster_id=cluster_id,
        organization_id=organization_id,
        step_seconds=step.value,
        started_at=started_at,
    )
    _write(row, point)
    return row


def add_to_row(row: MetricPoint, later: Point) -> None:
    """Add what was seen later in the same step."""
    _write(row, point_of(row).merged(later))


def _write(row: MetricPoint, point: Point) -> None:
    counters, levels = point.counters, point.levels
    row.covered_ms = point.covered_ms
    row.bytes_in = counters.bytes_in
    row.records_in = counters.records_in
    row.bytes_out = counters.bytes_out
    row.requests = counters.requests
    row.connections_refused = counters.connections_refused
    row.throttled = counters.throttled
    row.throttled_ms = counters.throttled_ms
    row.produce_latencies = list(counters.produce_latencies)
    row.fetch_latencies = list(counters.fetch_latencies)
    row.connections = levels.connections
    row.partitions = levels.partitions
    row.stored_bytes = levels.stored_bytes
    row.lag = levels.lag
    row.group_lags = dict(levels.lags)
