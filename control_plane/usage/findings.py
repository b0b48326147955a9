"""Tells operators what was not counted: a log line and a number for each."""

import structlog
from prometheus_client import Counter

from control_plane.clusters.service import MeteredCluster
from control_plane.kit.errors import AppError
from control_plane.provisioning.errors import ClusterNotRunningError, UsageNotOfferedError
from control_plane.provisioning.usage import UsagePage
from control_plane.usage.models import UsageMeter
from control_plane.usage.plan import Discrepancy

REFUSED = Counter(
    "headrace_usage_refused", "Pages of usage windows of which nothing was counted", ["code"]
)
LOST = Counter("headrace_usage_lost", "Times that usage was lost for good")

log = structlog.stdlib.get_logger("usage")


def note_refusal(cluster: MeteredCluster, error: AppError) -> None:
    """Tell why a page is not counted; a broker that does not answer loses nothing."""
    if isinstance(error, ClusterNotRunningError | UsageNotOfferedError):
        return
    REFUSED.labels(code=error.code).inc()
    log.error(error.code, cluster_id=cluster.id, detail=error.detail, advice=error.advice)


def note_end(cluster: MeteredCluster, meter: UsageMeter | None, error: AppError) -> None:
    """Tell how far a cluster was collected that is removed without its last usage."""
    LOST.inc()
    log.error(
        "usage_lost",
        cluster_id=cluster.id,
        organization_id=cluster.organization_id,
        reason=f"{error.code}: {error.detail}",
        meter_id=None if meter is None else meter.meter_id,
        collected_through=None if meter is None else meter.collected_through,
        collected_at=None if meter is None else meter.updated_at.isoformat(),
    )


def note_missing(cluster: MeteredCluster, page: UsagePage, after: int) -> None:
    """Tell of windows that the broker forgot before they were collected here."""
    LOST.inc()
    log.error(
        "usage_lost",
        cluster_id=cluster.id,
        organization_id=cluster.organization_id,
        reason="windows were acknowledged that this database does not have: it is an older copy",
        meter_id=page.meter_id,
        first_window=after + 1,
        last_window=page.acknowledged_through,
    )


def note_discrepancy(cluster: MeteredCluster, page: UsagePage, found: Discrepancy) -> None:
    """Tell of a range that does not begin where its partition was counted up to."""
    LOST.inc()
    log.error(
        "usage_lost",
        cluster_id=cluster.id,
        organization_id=cluster.organization_id,
        reason="never reported" if found.is_counted else "a part of the range was counted",
        meter_id=page.meter_id,
        window=found.window_number,
        topic_id=found.range.topic_id,
        partition=found.range.partition,
        first_offset=found.range.first_offset,
        next_offset=found.range.next_offset,
        range_bytes=found.range.bytes,
        counted_up_to=found.cursor.next_offset,
        counted_by_meter_id=found.cursor.meter_id,
    )
