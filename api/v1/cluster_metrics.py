"""What a cluster measures: now, for Prometheus, and over time, for charts."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import Field

from api.auth import require
from api.cluster_services import Clusters
from api.deps import CoreServices
from api.errors import problems
from api.schemas import Instant, Moment, RequestModel, ResponseModel
from api.v1.clusters import find_cluster
from api.v1.groups import GROUP_ID_LENGTH_MAX
from api.v1.kafka_problems import CLUSTER_PROBLEMS
from api.v1.router import v1_router
from control_plane.clusters.errors import ClusterNotFoundError
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kafka.errors import ClusterRequestFailedError, unavailable
from control_plane.metrics.errors import MetricsRangeInvalidError
from control_plane.metrics.exposition import ExpositionError, cluster_metrics
from control_plane.metrics.points import Step
from control_plane.metrics.ranges import MetricName, Range, Series, Unit
from control_plane.provisioning.errors import ProvisioningError

router = v1_router("metrics")

Reader = Annotated[Principal, Depends(require(Action.METRICS_READ))]


class RangeQuery(RequestModel):
    """Which time, in steps of how many seconds."""

    start: Annotated[
        Moment | None,
        Field(
            alias="from",
            description="Beginning of the range: a date, or an instant of RFC 3339; the step that "
            "holds it is included whole. Default: an hour before `to`.",
            examples=["2026-11-22T09:00:00Z"],
        ),
    ] = None
    end: Annotated[
        Moment | None,
        Field(
            alias="to",
            description="End of the range, itself not included; the step that holds what lies "
            "before it is included whole. Default: now.",
            examples=["2026-11-22T10:00:00Z"],
        ),
    ] = None
    step: Annotated[
        Step | None,
        Field(
            description="Seconds of a step: 10 (kept for 6 hours), 60 (3 days) or 3600 (30 days). "
            "Default: the shortest that is kept for this range and makes at most 1,500 points.",
        ),
    ] = None


class MetricsQuery(RangeQuery):
    """Which metrics, of which time."""

    names: Annotated[
        list[MetricName],
        Field(
            default_factory=list[MetricName],
            max_length=len(MetricName),
            description="Which metrics; repeat the parameter for several. Default: all.",
        ),
    ]


class SeriesResponse(ResponseModel):
    """One metric over the range."""

    name: MetricName
    unit: Unit
    values: Annotated[
        list[float | None],
        Field(
            description="One for each step, in their order; null where nothing is known, as while "
            "the cluster was paused. Rates are means, levels and lag the most within the step."
        ),
    ]


class MetricsResponse(ResponseModel):
    """Metrics over a range: value number i is of the step that begins i steps after `from`."""

    cluster_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    start: Annotated[Instant, Field(serialization_alias="from")]
    end: Annotated[Instant, Field(serialization_alias="to")]
    step_seconds: Annotated[int, Field(examples=[10, 60, 3600])]
    read_at: Annotated[
        Instant | None,
        Field(
            description="Until when values tell of the cluster: less than 10 s ago while it runs."
        ),
    ]
    series: list[SeriesResponse]


@router.get(
    "/clusters/{cluster_id}/metrics",
    operation_id="get_cluster_metrics",
    responses=problems(ClusterNotFoundError, MetricsRangeInvalidError),
)
def get_cluster_metrics(
    cluster_id: str,
    query: Annotated[MetricsQuery, Query()],
    caller: Reader,
    core: CoreServices,
    services: Clusters,
) -> MetricsResponse:
    """Tell what a cluster did over a range of time: throughput, latency, sizes, lag, throttling.

    Reading them is on nobody's bill, keeps no cluster from pausing and wakes none.
    """
    wanted = services.metrics.range(query.start, query.end, query.step)
    names = list(dict.fromkeys(query.names)) or list(MetricName)
    with core.database.snapshot() as session:
        services.require(session, caller.scope, cluster_id)
        found = services.metrics.series(session, caller.scope, cluster_id, wanted, names)
        read_at = services.metrics.read_at(session, caller.scope, cluster_id)
    return _response(cluster_id, wanted, read_at, found)


@router.get(
    "/clusters/{cluster_id}/groups/{group_id:path}/metrics",
    operation_id="get_group_metrics",
    responses=problems(ClusterNotFoundError, MetricsRangeInvalidError),
)
def get_group_metrics(
    cluster_id: str,
    group_id: Annotated[str, Path(min_length=1, max_length=GROUP_ID_LENGTH_MAX)],
    query: Annotated[RangeQuery, Query()],
    caller: Reader,
    core: CoreServices,
    services: Clusters,
) -> MetricsResponse:
    """Tell how many records a consumer group had not read, over a range of time.

    Steps tell of the 50 groups that are furthest behind; of others, and of groups that are not
    there, there are no values.
    """
    wanted = services.metrics.range(query.start, query.end, query.step)
    with core.database.snapshot() as session:
        services.require(session, caller.scope, cluster_id)
        lag = services.metrics.group_lag(session, caller.scope, cluster_id, wanted, group_id)
        read_at = services.metrics.read_at(session, caller.scope, cluster_id)
    return _response(cluster_id, wanted, read_at, [lag])


@router.get(
    "/clusters/{cluster_id}/prometheus",
    operation_id="scrape_cluster",
    response_class=PlainTextResponse,
    responses=problems(*CLUSTER_PROBLEMS),
)
def scrape_cluster(
    cluster_id: str, caller: Reader, core: CoreServices, services: Clusters
) -> Response:
    """Tell what a running cluster counts and measures now, in the text format of Prometheus.

    A scrape is on nobody's bill, keeps no cluster from pausing and wakes none.
    """
    cluster = find_cluster(core, services, caller, cluster_id)
    services.clusters.bootstrap(cluster)  # one that serves nobody says so, as everywhere
    try:
        text = services.clusters.engine(cluster.engine).metrics(cluster_id)
        body = cluster_metrics(text, cluster_id)
    except ProvisioningError as error:
        raise unavailable(str(error)) from error
    except ExpositionError as error:
        raise ClusterRequestFailedError(f"the cluster told strange metrics: {error}") from error
    return Response(body, media_type=CONTENT_TYPE_LATEST)


def _response(
    cluster_id: str, wanted: Range, read_at: Instant | None, found: list[Series]
) -> MetricsResponse:
    return MetricsResponse(
        cluster_id=cluster_id,
        start=wanted.start,
        end=wanted.end,
        step_seconds=wanted.step.value,
        read_at=read_at,
        series=[SeriesResponse.model_validate(one) for one in found],
    )
