"""Usage of clusters: what was written, read and stored, by hour or day."""

from dataclasses import asdict, fields
from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from api.auth import require
from api.cluster_services import Clusters
from api.deps import CoreServices
from api.errors import problems
from api.schemas import Instant, Moment, RequestModel, ResponseModel
from api.v1.router import v1_router
from control_plane.clusters.errors import ClusterNotFoundError
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.usage.errors import UsagePeriodInvalidError, UsageTooLargeError
from control_plane.usage.plan import Granularity, Traffic
from control_plane.usage.service import Group, Levels, UsageItem, UsageReport

router = v1_router("usage")

_LEVEL_NAMES = tuple(one.name for one in fields(Levels))


class UsageQuery(RequestModel):
    """Which time, in which steps, split by what."""

    start: Annotated[
        Moment | None,
        Field(
            description="Beginning of the period: a date, or an instant of RFC 3339. The hour or "
            "day that holds it is included whole. Default: today, UTC.",
            examples=["2026-11-22"],
        ),
    ] = None
    end: Annotated[
        Moment | None,
        Field(
            description="End of the period, itself not included: a date (its beginning), or an "
            "instant; the hour or day that holds it is included whole. Default: the end of today.",
            examples=["2026-11-23"],
        ),
    ] = None
    granularity: Annotated[
        Granularity, Field(description="`hour` (at most 31 days) or `day` (at most 400).")
    ] = Granularity.HOUR
    group_by: Annotated[
        Group | None,
        Field(description="Split each hour or day by topic or by principal; deleted ones too."),
    ] = None


class TrafficResponse(ResponseModel):
    """What was written and read."""

    bytes_in: Annotated[
        int, Field(description="Bytes of the record batches appended, headers included.")
    ]
    records_in: Annotated[int, Field(description="Records appended.")]
    bytes_out: Annotated[
        int, Field(description="Bytes of the record batches in answers to fetches.")
    ]
    produce_requests: Annotated[int, Field(description="Produce requests per topic written to.")]
    read_requests: Annotated[int, Field(description="Fetch requests per topic read from.")]
    requests: Annotated[int, Field(description="`produce_requests` and `read_requests`.")]


class LevelsResponse(ResponseModel):
    """What was there over the time, and at the end of it."""

    running_ms: Annotated[int, Field(description="Milliseconds for which the broker ran.")]
    stored_byte_seconds: Annotated[int, Field(description="Bytes stored times seconds.")]
    stored_bytes: Annotated[int, Field(description="Bytes stored at the end.")]
    partitions: Annotated[int, Field(description="Partitions at the end.")]
    connections: Annotated[int, Field(description="Connections at the end.")]


class UsageTotalsResponse(TrafficResponse, LevelsResponse):
    """The whole period; what is told of an end is that of its last hour or day with usage."""


class UsageItemResponse(TrafficResponse):
    """One hour or day, or the part of it that one topic or principal has."""

    started_at: Instant
    ended_at: Instant
    topic_id: Annotated[str | None, Field(description="With `group_by=topic`.")]
    topic: Annotated[str | None, Field(description="With `group_by=topic`.")]
    principal: Annotated[
        str | None,
        Field(
            description="With `group_by=principal`: `User:` and the id of a key or member, or "
            "`unknown` for what a crash of the broker left without a name.",
            examples=["User:hk_4q8x0n1w2e3r5t6y"],
        ),
    ]
    running_ms: Annotated[int | None, Field(description="Null with `group_by`.")]
    stored_byte_seconds: Annotated[int | None, Field(description="Null with `group_by`.")]
    stored_bytes: Annotated[int | None, Field(description="At the end; null with `group_by`.")]
    partitions: Annotated[int | None, Field(description="At the end; null with `group_by`.")]
    connections: Annotated[int | None, Field(description="At the end; null with `group_by`.")]


class UsageResponse(ResponseModel):
    """The usage of a cluster in a period. An hour or day without usage has no item."""

    cluster_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    start: Instant
    end: Instant
    granularity: Granularity
    group_by: Group | None
    collected_until: Annotated[
        Instant | None,
        Field(description="Everything until then is counted; at most two minutes ago."),
    ]
    data: Annotated[list[UsageItemResponse], Field(description="In the order of time, then name.")]
    totals: UsageTotalsResponse


@router.get(
    "/clusters/{cluster_id}/usage",
    operation_id="get_cluster_usage",
    responses=problems(ClusterNotFoundError, UsagePeriodInvalidError, UsageTooLargeError),
)
def get_cluster_usage(
    cluster_id: str,
    query: Annotated[UsageQuery, Query()],
    caller: Annotated[Principal, Depends(require(Action.USAGE_READ))],
    core: CoreServices,
    services: Clusters,
) -> UsageResponse:
    """Show what a cluster used, by hour or day, today by default.

    What the brokers rejected, suppressed as duplicate or keep for themselves is not in it.
    """
    period = services.usage.period(query.start, query.end, query.granularity)
    with core.database.snapshot() as session:
        services.require(session, caller.scope, cluster_id)
        report = services.usage.report(session, caller.scope, cluster_id, period, query.group_by)
    return _response(cluster_id, report, query.group_by)


def _response(cluster_id: str, report: UsageReport, group: Group | None) -> UsageResponse:
    return UsageResponse(
        cluster_id=cluster_id,
        start=report.period.start,
        end=report.period.end,
        granularity=report.period.granularity,
        group_by=group,
        collected_until=report.collected_until,
        data=[_item(item) for item in report.items],
        totals=UsageTotalsResponse(**asdict(report.levels), **_traffic(report.total)),
    )


def _item(item: UsageItem) -> UsageItemResponse:
    levels = dict.fromkeys(_LEVEL_NAMES) if item.levels is None else asdict(item.levels)
    return UsageItemResponse(
        started_at=item.started_at,
        ended_at=item.ended_at,
        topic_id=item.topic_id,
        topic=item.topic,
        principal=item.principal,
        **levels,
        **_traffic(item.traffic),
    )


def _traffic(traffic: Traffic) -> dict[str, int]:
    return {
        "bytes_in": traffic.bytes_in,
        "records_in": traffic.records_in,
        "bytes_out": traffic.bytes_out,
        "produce_requests": traffic.produce_requests,
        "read_requests": traffic.read_requests,
        "requests": traffic.produce_requests + traffic.read_requests,
    }
