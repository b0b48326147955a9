"""Clusters: created and shown; a cluster that is returned by create is usable."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response, status
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, Field, StringConstraints

from api.auth import require
from api.cluster_services import Clusters, ClusterServices
from api.deps import Core, CoreServices, PageQuery
from api.errors import problem_response, problems
from api.idempotency import Reply
from api.prefer import Prefer, Preference
from api.schemas import (
    DryRun,
    Instant,
    ListResponse,
    RequestModel,
    ResponseModel,
    dry_run_answer,
    to_list,
)
from api.v1.cluster_issuers import OAuthIssuerResponse, oauth_issuer_response
from api.v1.cluster_logins import ClientCertificatesResponse, client_certificates_response
from api.v1.cluster_upkeep import (
    RETENTION_BYTES,
    RETENTION_MS,
    STORAGE_LIMIT,
    MaintenanceWindowRequest,
    MaintenanceWindowResponse,
    RetentionBytes,
    RetentionMs,
    StorageLimit,
    window_response,
)
from api.v1.operations import OperationResponse, operation_response
from api.v1.router import POST_PROBLEMS, v1_router
from billing.costs.preview import AT_REST
from billing.money import micros_text
from control_plane.clusters.changes import require_within, spec_tag
from control_plane.clusters.errors import (
    ClusterCreationFailedError,
    ClusterForkRefusedError,
    ClusterLimitError,
    ClusterNameTakenError,
    ClusterNotFoundError,
    EngineNotInstalledError,
    PlanUnknownError,
    StorageLimitTooLargeError,
)
from control_plane.clusters.models import WORD_LENGTH_MAX, Cluster
from control_plane.clusters.names import (
    LABEL_NAME_PATTERN,
    LABEL_VALUE_LENGTH_MAX,
    LABELS_MAX,
    NAME_LENGTH_MAX,
    NAME_PATTERN,
)
from control_plane.clusters.service import ClusterOptions, wishes
from control_plane.clusters.states import ClusterStatus
from control_plane.clusters.waking import AUTO_PAUSE_MINUTES_MAX
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kit.errors import FieldError
from control_plane.operations.models import Operation
from control_plane.operations.states import OperationStatus
from control_plane.provisioning.engine import ClusterAccess, to_access
from control_plane.provisioning.errors import (
    AutoPauseNotOfferedError,
    ForkRefusedError,
    KeepingLimitNotOfferedError,
    WakingNotOfferedError,
)
from control_plane.provisioning.networks import (
    NETWORK_LENGTH_MAX,
    NETWORKS_MAX,
    network_problem,
)

ACCEPTED_RETRY_SECONDS = 1

router = v1_router("clusters")

Reader = Annotated[Principal, Depends(require(Action.CLUSTERS_READ))]
Creator = Annotated[Principal, Depends(require(Action.CLUSTERS_CREATE))]

ClusterName = Annotated[
    str, StringConstraints(min_length=1, max_length=NAME_LENGTH_MAX, pattern=NAME_PATTERN)
]


PlanName = Annotated[str, Field(min_length=1, max_length=WORD_LENGTH_MAX, examples=["dev"])]
LabelName = Annotated[str, StringConstraints(pattern=LABEL_NAME_PATTERN)]
LabelValue = Annotated[
    str,
    StringConstraints(max_length=LABEL_VALUE_LENGTH_MAX, pattern=r"^[^\x00-\x1f\x7f]*$"),
]
Labels = Annotated[
    dict[LabelName, LabelValue],
    Field(
        max_length=LABELS_MAX,
        description="Words of your own about the cluster; they change nothing in it.",
        examples=[{"team": "search"}],
    ),
]


WakeOnConnect = Annotated[
    bool,
    Field(description="Start it when a client connects while it is paused."),
]
AutoPauseMinutes = Annotated[
    int,
    Field(
        ge=1,
        le=AUTO_PAUSE_MINUTES_MAX,
        description="Pause it when no client has been logged in for so long; null for never.",
        examples=[30],
    ),
]


def _network(text: str) -> str:
    problem = network_problem(text)
    if problem is not None:
        raise ValueError(problem)
    return text


NetworkText = Annotated[
    str, StringConstraints(max_length=NETWORK_LENGTH_MAX), AfterValidator(_network)
]
AllowedNetworks = Annotated[
    list[NetworkText],
    Field(
        max_length=NETWORKS_MAX,
        description="Addresses and networks from which clients may produce, consume and connect; "
        "none means from everywhere. What is done over `/v1` beside records is not concerned.",
        examples=[["192.0.2.0/24", "2001:db8::/32"]],
    ),
]


class ClusterCreate(RequestModel):
    """A new cluster."""

    name: Annotated[ClusterName, Field(examples=["orders"])]
    plan: PlanName
    labels: Labels = Field(default_factory=dict[str, str])
    deletion_protection: Annotated[
        bool, Field(description="Refuse to delete it until this is turned off.")
    ] = False
    wake_on_connect: WakeOnConnect = False
    auto_pause_minutes: AutoPauseMinutes | None = None
    allowed_networks: AllowedNetworks = Field(default_factory=list[str])
    storage_limit_bytes: StorageLimit | None = None
    retention_ms_max: RetentionMs | None = None
    retention_bytes_max: RetentionBytes | None = None
    maintenance_window: MaintenanceWindowRequest | None = None

    def options(self) -> ClusterOptions:
        """Return what is wanted beside name and plan."""
        window = self.maintenance_window
        return ClusterOptions(
            self.labels,
            deletion_protection=self.deletion_protection,
            wake_on_connect=self.wake_on_connect,
            auto_pause_minutes=self.auto_pause_minutes,
            allowed_networks=self.allowed_networks,
            storage_limit_bytes=self.storage_limit_bytes,
            retention_ms_max=self.retention_ms_max,
            retention_bytes_max=self.retention_bytes_max,
            maintenance_window=None if window is None else window.wanted(),
        )


class KafkaEndpoints(ResponseModel):
    """Where Kafka clients connect, as host:port."""

    sasl_ssl: Annotated[str, Field(examples=["localhost:19093"])]
    sasl_plaintext: Annotated[
        str | None, Field(description="Only on loopback.", examples=["127.0.0.1:19092"])
    ]
    ssl: Annotated[
        str | None,
        Field(description="Only with client certificates.", examples=["localhost:19095"]),
    ]
    oauth: Annotated[
        str | None,
        Field(description="Only with an issuer of tokens.", examples=["localhost:19096"]),
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
    labels: Annotated[dict[str, str], Field(examples=[{"team": "search"}])]
    deletion_protection: bool
    wake_on_connect: bool
    auto_pause_minutes: int | None
    allowed_networks: Annotated[list[str], Field(examples=[["192.0.2.0/24"]])]
    access: Annotated[
        ClusterAccess,
        Field(
            description="How far operators leave it open: `read_only` refuses to store more, "
            "`suspended` lets no client in."
        ),
    ]
    access_reason: Annotated[str | None, Field(description="Why it is not open to everything.")]
    client_certificates: ClientCertificatesResponse | None
    storage_limit_bytes: Annotated[
        int | None, Field(description=f"{STORAGE_LIMIT} Null for that of the plan.")
    ]
    retention_ms_max: Annotated[int | None, Field(description=RETENTION_MS)]
    retention_bytes_max: Annotated[int | None, Field(description=RETENTION_BYTES)]
    maintenance_window: Annotated[
        MaintenanceWindowResponse | None, Field(description="Null for any time.")
    ]
    version: Annotated[
        str | None,
        Field(
            description="Of the broker that runs, or ran last; null before it was first seen. "
            "Plans tell which one is installed.",
            examples=["0.1.0"],
        ),
    ]
    oauth_issuer: OAuthIssuerResponse | None
    status: ClusterStatus
    status_since: Instant
    reason: Annotated[str | None, Field(description="What keeps it from being as wanted.")]
    generation: Annotated[int, Field(description="Grows with every change of what is wanted.")]
    observed_generation: Annotated[int, Field(description="The generation that is in force.")]
    endpoints: Endpoints
    ca_certificate: Annotated[
        str | None, Field(description="PEM; what clients trust for sasl_ssl and rest.")
    ]
    source_id: Annotated[
        str | None,
        Field(
            description="The cluster that it was forked from.", examples=["lkc_4q8x0n1w2e3r5t6y"]
        ),
    ]
    forked_at: Annotated[
        Instant | None, Field(description="When it was forked; null until its data is there.")
    ]
    created_at: Instant
    updated_at: Instant
    deleted_at: Annotated[
        Instant | None, Field(description="When it was deleted; only deleted clusters have it.")
    ]
    purge_at: Annotated[
        Instant | None, Field(description="Until then it can be undeleted; then its data goes.")
    ]


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


# What an engine may refuse by name.
NOT_OFFERED = (WakingNotOfferedError, AutoPauseNotOfferedError, KeepingLimitNotOfferedError)

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
            StorageLimitTooLargeError,
            *NOT_OFFERED,
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
    prefer: Prefer,
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
            session,
            caller.organization_id,
            name=body.name,
            plan_id=body.plan,
            options=body.options(),
        )
        operation = core.operations.get(session, caller.scope, operation_id)
        # What a retry is told if this process dies before it can say more.
        reply.keep(
            session,
            status.HTTP_202_ACCEPTED,
            operation_response(operation),
            operation_path(operation),
        )
    return await_creation(request, core, services, caller, cluster.id, operation_id, prefer)


def await_creation(
    request: Request,
    core: Core,
    services: ClusterServices,
    caller: Principal,
    cluster_id: str,
    operation_id: str,
    prefer: Preference,
) -> Response:
    """Answer with a new cluster, or with the operation if that lasts longer than the wait."""
    ended = core.operations.wait(operation_id, prefer.wait_seconds)
    if ended.status == OperationStatus.FAILED:
        # Answered, not raised: something was done, so that a retry is told the same.
        return problem_response(request, _creation_failed(ended))
    if ended.status != OperationStatus.SUCCEEDED:
        return accepted(ended, prefer)
    with core.database.snapshot() as session:
        cluster = services.clusters.get(session, caller.scope, cluster_id)
    location = {"Location": f"/v1/clusters/{cluster.id}"}
    return cluster_reply(
        cluster, services.rest_url, status.HTTP_201_CREATED, {**location, **prefer.headers}
    )


@router.get("/clusters", operation_id="list_clusters")
def list_clusters(
    caller: Reader,
    core: CoreServices,
    services: Clusters,
    page: PageQuery,
    *,
    deleted: Annotated[
        bool, Query(description="List the deleted ones that can be undeleted instead.")
    ] = False,
) -> ListResponse[ClusterResponse]:
    """List your clusters, oldest first."""
    with core.database.snapshot() as session:
        listing = services.clusters.list_deleted if deleted else services.clusters.list
        found = listing(session, caller.scope, page)
        return to_list(found, lambda cluster: cluster_response(cluster, services.rest_url))


@router.get(
    "/clusters/{cluster_id}",
    operation_id="get_cluster",
    response_model=ClusterResponse,
    responses=problems(ClusterNotFoundError),
)
def get_cluster(
    cluster_id: str, caller: Reader, core: CoreServices, services: Clusters
) -> Response:
    """Show one cluster; its ETag is good for the If-Match of an update."""
    return cluster_reply(find_cluster(core, services, caller, cluster_id), services.rest_url)


def find_cluster(
    core: Core, services: ClusterServices, caller: Principal, cluster_id: str
) -> Cluster:
    """Return the cluster if it exists for the caller; raise ClusterNotFoundError."""
    with core.database.snapshot() as session:
        return services.clusters.get(session, caller.scope, cluster_id)


def cluster_reply(
    cluster: Cluster,
    rest_url: str,
    status_code: int = status.HTTP_200_OK,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Answer with a cluster and the tag of what is wanted of it."""
    body = cluster_response(cluster, rest_url).model_dump(mode="json")
    tag = {"ETag": f'"{spec_tag(cluster)}"'}
    return JSONResponse(body, status_code, {**tag, **(headers or {})})


def cluster_response(cluster: Cluster, rest_url: str) -> ClusterResponse:
    """Render a cluster."""
    kafka = None
    if cluster.kafka_sasl_ssl is not None:
        kafka = KafkaEndpoints(
            sasl_ssl=cluster.kafka_sasl_ssl,
            sasl_plaintext=cluster.kafka_sasl_plaintext,
            ssl=cluster.kafka_ssl,
            oauth=cluster.kafka_oauth,
        )
    return ClusterResponse(
        id=cluster.id,
        name=cluster.name,
        organization_id=cluster.organization_id,
        plan=cluster.plan,
        engine=cluster.engine,
        labels=cluster.labels,
        deletion_protection=cluster.deletion_protection,
        wake_on_connect=cluster.wake_on_connect,
        auto_pause_minutes=cluster.auto_pause_minutes,
        allowed_networks=cluster.allowed_networks,
        access=to_access(cluster.access),
        access_reason=cluster.access_reason,
        client_certificates=client_certificates_response(cluster),
        storage_limit_bytes=cluster.storage_limit_bytes,
        retention_ms_max=cluster.retention_ms_max,
        retention_bytes_max=cluster.retention_bytes_max,
        maintenance_window=window_response(cluster),
        version=cluster.observed_version,
        oauth_issuer=oauth_issuer_response(cluster),
        status=ClusterStatus(cluster.status),
        status_since=cluster.status_since,
        reason=cluster.reason,
        generation=cluster.generation,
        observed_generation=cluster.observed_generation,
        endpoints=Endpoints(rest=rest_url, kafka=kafka),
        ca_certificate=cluster.ca_certificate,
        source_id=cluster.source_id,
        forked_at=cluster.forked_at,
        created_at=cluster.created_at,
        updated_at=cluster.updated_at,
        deleted_at=cluster.deleted_at,
        purge_at=cluster.purge_at,
    )


def _preview(
    body: ClusterCreate, caller: Principal, core: Core, services: ClusterServices
) -> JSONResponse:
    with core.database.snapshot() as session:
        plan = services.clusters.check(
            session, caller.organization_id, name=body.name, plan_id=body.plan
        )
        if body.storage_limit_bytes is not None:
            require_within(plan, body.storage_limit_bytes)
        services.clusters.engine(plan.engine).check_wishes(wishes(body.options()))
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
    if code == ForkRefusedError.code:
        return ClusterForkRefusedError(
            detail,
            advice="delete it by its cluster_id, and fork again up to where there are records",
            errors=[FieldError("operation", code, detail)],
            members={"cluster_id": operation.resource_id, "operation_id": operation.id},
        )
    return ClusterCreationFailedError(
        f"the cluster is there and could not be started: {detail}",
        advice="it is tried on: look at it by its cluster_id, or delete it to free its name",
        errors=[FieldError("operation", code, detail)],
        members={"cluster_id": operation.resource_id, "operation_id": operation.id},
    )


def accepted(operation: Operation, prefer: Preference) -> JSONResponse:
    """Answer with an operation that goes on."""
    return JSONResponse(
        operation_response(operation).model_dump(mode="json"),
        status.HTTP_202_ACCEPTED,
        {
            **prefer.headers,
            "Location": operation_path(operation),
            "Retry-After": str(ACCEPTED_RETRY_SECONDS),
        },
    )


def operation_path(operation: Operation) -> str:
    """Return where an operation is shown."""
    return f"/v1/operations/{operation.id}"
