"""Clusters: created, shown and deleted; a cluster that is returned by create is usable."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response, status
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints

from api.auth import require
from api.cluster_services import Clusters, ClusterServices
from api.deps import Core, CoreServices, PageQuery
from api.errors import problem_response, problems
from api.idempotency import Reply
from api.schemas import (
    DryRun,
    Instant,
    ListResponse,
    RequestModel,
    ResponseModel,
    dry_run_answer,
    to_list,
)
from api.v1.operations import OperationResponse, operation_response
from api.v1.router import POST_PROBLEMS, v1_router
from billing.costs.preview import AT_REST
from billing.money import micros_text
from control_plane.clusters.errors import (
    ClusterCreationFailedError,
    ClusterLimitError,
    ClusterNameTakenError,
    ClusterNotFoundError,
    EngineNotInstalledError,
    PlanUnknownError,
)
from control_plane.clusters.models import WORD_LENGTH_MAX, Cluster
from control_plane.clusters.names import NAME_LENGTH_MAX, NAME_PATTERN
from control_plane.clusters.states import ClusterStatus
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kit.errors import FieldError
from control_plane.operations.models import Operation
from control_plane.operations.states import OperationStatus

# A change that takes longer is answered with the operation that carries it out.
CHANGE_WAIT_SECONDS = 10
ACCEPTED_RETRY_SECONDS = 1

router = v1_router("clusters")

Reader = Annotated[Principal, Depends(require(Action.CLUSTERS_READ))]
Creator = Annotated[Principal, Depends(require(Action.CLUSTERS_CREATE))]
Deleter = Annotated[Principal, Depends(require(Action.CLUSTERS_DELETE))]

ClusterName = Annotated[
    str, StringConstraints(min_length=1, max_length=NAME_LENGTH_MAX, pattern=NAME_PATTERN)
]


class ClusterCreate(RequestModel):
    """A new cluster."""

    name: Annotated[ClusterName, Field(examples=["orders"])]
    plan: Annotated[str, Field(min_length=1, max_length=WORD_LENGTH_MAX, examples=["dev"])]


class KafkaEndpoints(ResponseModel):
    """Where Kafka clients connect, as host:port."""

    sasl_ssl: Annotated[str, Field(examples=["localhost:19093"])]
    sasl_plaintext: Annotated[
        str | None, Field(description="Only on loopback.", examples=["127.0.0.1:19092"])
    ]


class Endpoints(ResponseModel):
    """Where clients connect."""

    rest: Annotated[
        str,
        Field(
            description="Base URL of /kafka/v3/clusters/{id}/...",
            examples=["https://localhost:8643"],
        ),
    ]
    kafka: Annotated[
        KafkaEndpoints | None, Field(description="Null until the cluster has addresses.")
    ]


class ClusterResponse(ResponseModel):
    """A cluster: what is wanted of it, and what is seen."""

    id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    name: Annotated[str, Field(examples=["orders"])]
    organization_id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    plan: Annotated[str, Field(examples=["dev"])]
    engine: Annotated[str, Field(examples=["native"])]
    status: ClusterStatus
    reason: Annotated[str | None, Field(description="What keeps it from being as wanted.")]
    generation: Annotated[int, Field(description="Grows with every change of what is wanted.")]
    observed_generation: Annotated[int, Field(description="The generation that is in force.")]
    endpoints: Endpoints
    ca_certificate: Annotated[
        str | None, Field(description="PEM; what clients trust for sasl_ssl and rest.")
    ]
    created_at: Instant
    updated_at: Instant


class ClusterPricePreview(ResponseModel):
    """What the cluster costs by itself; `POST /v1/billing/price-previews` adds an expected use."""

    currency: Annotated[str, Field(examples=["USD"])]
    price_book_version: int
    per_day_at_rest: Annotated[
        str,
        Field(
            description="A day of running without topics, records or reads.", examples=["0.480000"]
        ),
    ]
    daily_cap: Annotated[
        str, Field(description="The most that it costs in a UTC day.", examples=["2.000000"])
    ]


class ClusterPreview(ResponseModel):
    """A cluster that a dry run found possible; it does not exist."""

    name: Annotated[str, Field(examples=["orders"])]
    organization_id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    plan: Annotated[str, Field(examples=["dev"])]
    engine: Annotated[str, Field(examples=["native"])]
    price: ClusterPricePreview


ACCEPTED: dict[int | str, dict[str, Any]] = {
    status.HTTP_202_ACCEPTED: {
        "model": OperationResponse,
        "description": "It takes longer; ask for the operation until it ends.",
    }
}


@router.post(
    "/clusters",
    operation_id="create_cluster",
    status_code=status.HTTP_201_CREATED,
    response_model=ClusterResponse,
    responses={
        **dry_run_answer(ClusterPreview),
        **ACCEPTED,
        **problems(
            *POST_PROBLEMS,
            ClusterCreationFailedError,
            ClusterNameTakenError,
            ClusterLimitError,
            PlanUnknownError,
            EngineNotInstalledError,
        ),
    },
)
def create_cluster(
    request: Request,
    body: ClusterCreate,
    caller: Creator,
    core: CoreServices,
    services: Clusters,
    reply: Reply,
    *,
    dry_run: DryRun = False,
) -> Response:
    """Create a cluster; when this returns 201, clients can use it with your API keys.

    A cluster that can not be started within the wait is answered as a problem with its
    `cluster_id` and `operation_id`, and in `errors` with the code that the operation failed with.
    It is there, under its name, and is tried on; delete it if you do not want it.
    """
    if dry_run:
        return _preview(body, caller, core, services)
    with core.database.transaction() as session:
        cluster, operation_id = services.clusters.create(
            session, caller.organization_id, name=body.name, plan_id=body.plan
        )
        operation = core.operations.get(session, caller.scope, operation_id)
        # What a retry is told if this process dies before it can say more.
        reply.keep(
            session,
            status.HTTP_202_ACCEPTED,
            operation_response(operation),
            _operation_path(operation),
        )
    ended = core.operations.wait(operation_id, CHANGE_WAIT_SECONDS)
    if ended.status == OperationStatus.FAILED:
        # Answered, not raised: something was done, so that a retry is told the same.
        return problem_response(request, _creation_failed(ended))
    if ended.status != OperationStatus.SUCCEEDED:
        return _accepted(ended)
    with core.database.snapshot() as session:
        cluster = services.clusters.get(session, caller.scope, cluster.id)
    created = cluster_response(cluster, services.rest_url)
    return JSONResponse(
        created.model_dump(mode="json"),
        status.HTTP_201_CREATED,
        {"Location": f"/v1/clusters/{cluster.id}"},
    )


@router.get("/clusters", operation_id="list_clusters")
def list_clusters(
    caller: Reader, core: CoreServices, services: Clusters, page: PageQuery
) -> ListResponse[ClusterResponse]:
    """List your clusters, oldest first."""
    with core.database.snapshot() as session:
        found = services.clusters.list(session, caller.scope, page)
        return to_list(found, lambda cluster: cluster_response(cluster, services.rest_url))


@router.get(
    "/clusters/{cluster_id}",
    operation_id="get_cluster",
    responses=problems(ClusterNotFoundError),
)
def get_cluster(
    cluster_id: str, caller: Reader, core: CoreServices, services: Clusters
) -> ClusterResponse:
    """Show one cluster."""
    return cluster_response(find_cluster(core, services, caller, cluster_id), services.rest_url)


@router.delete(
    "/clusters/{cluster_id}",
    operation_id="delete_cluster",
    status_code=status.HTTP_204_NO_CONTENT,
    response_model=None,
    responses={**ACCEPTED, **problems(ClusterNotFoundError)},
)
def delete_cluster(
    cluster_id: str, caller: Deleter, core: CoreServices, services: Clusters
) -> Response:
    """Delete a cluster with all its topics and records, for good; its ports are free again."""
    with core.database.transaction() as session:
        operation_id = services.clusters.delete(session, caller.scope, cluster_id)
    ended = core.operations.wait(operation_id, CHANGE_WAIT_SECONDS)
    if ended.status != OperationStatus.SUCCEEDED:
        return _accepted(ended)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def find_cluster(
    core: Core, services: ClusterServices, caller: Principal, cluster_id: str
) -> Cluster:
    """Return the cluster if it exists for the caller; raise ClusterNotFoundError."""
    with core.database.snapshot() as session:
        return services.clusters.get(session, caller.scope, cluster_id)


def cluster_response(cluster: Cluster, rest_url: str) -> ClusterResponse:
    """Render a cluster."""
    kafka = None
    if cluster.kafka_sasl_ssl is not None:
        kafka = KafkaEndpoints(
            sasl_ssl=cluster.kafka_sasl_ssl, sasl_plaintext=cluster.kafka_sasl_plaintext
        )
    return ClusterResponse(
        id=cluster.id,
        name=cluster.name,
        organization_id=cluster.organization_id,
        plan=cluster.plan,
        engine=cluster.engine,
        status=ClusterStatus(cluster.status),
        reason=cluster.reason,
        generation=cluster.generation,
        observed_generation=cluster.observed_generation,
        endpoints=Endpoints(rest=rest_url, kafka=kafka),
        ca_certificate=cluster.ca_certificate,
        created_at=cluster.created_at,
        updated_at=cluster.updated_at,
    )


def _preview(
    body: ClusterCreate, caller: Principal, core: Core, services: ClusterServices
) -> JSONResponse:
    with core.database.snapshot() as session:
        plan = services.clusters.check(
            session, caller.organization_id, name=body.name, plan_id=body.plan
        )
        price = core.costs.preview(session, plan.id, AT_REST)
    preview = ClusterPreview(
        name=body.name,
        organization_id=caller.organization_id,
        plan=plan.id,
        engine=plan.engine,
        price=ClusterPricePreview(
            currency=price.currency,
            price_book_version=price.price_book_version,
            per_day_at_rest=micros_text(price.day_micros),
            daily_cap=micros_text(price.daily_cap_micros),
        ),
    )
    return JSONResponse(preview.model_dump(mode="json"), status.HTTP_200_OK)


def _creation_failed(operation: Operation) -> ClusterCreationFailedError:
    code, detail = operation.error_code or "", operation.error_detail or ""
    return ClusterCreationFailedError(
        f"the cluster is there and could not be started: {detail}",
        advice="it is tried on: look at it by its cluster_id, or delete it to free its name",
        errors=[FieldError("operation", code, detail)],
        members={"cluster_id": operation.resource_id, "operation_id": operation.id},
    )


def _accepted(operation: Operation) -> JSONResponse:
    return JSONResponse(
        operation_response(operation).model_dump(mode="json"),
        status.HTTP_202_ACCEPTED,
        {
            "Location": _operation_path(operation),
            "Retry-After": str(ACCEPTED_RETRY_SECONDS),
        },
    )


def _operation_path(operation: Operation) -> str:
    return f"/v1/operations/{operation.id}"
