"""API keys: credentials of programs, for an organization or one of its clusters."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from fastapi import Depends, Query, status
from pydantic import Field, SecretStr, model_validator

from api.auth import require
from api.deps import PageQuery, Services
from api.errors import problems
from api.idempotency import Reply
from api.schemas import (
    DisplayName,
    DryRun,
    Instant,
    ListResponse,
    RequestModel,
    ResponseModel,
    to_list,
)
from api.v1.router import POST_PROBLEMS, v1_router
from control_plane.identity import tasks
from control_plane.identity.bounds import BOUND_LENGTH_MAX, BOUNDS_MAX, KeyBounds
from control_plane.identity.errors import (
    ApiKeyEndedError,
    ApiKeyExpiryError,
    ApiKeyLimitError,
    ApiKeyNotFoundError,
    ApiKeySecretInvalidError,
    ApiKeySecretUsedError,
    RoleScopeError,
)
from control_plane.identity.models import ApiKey
from control_plane.identity.policy import Action, Role, reaches_records
from control_plane.identity.principals import Principal
from control_plane.identity.service import (
    OVERLAP_SECONDS,
    OVERLAP_SECONDS_MAX,
    new_key_material,
    rotated_key_material,
    supplied_key_material,
)
from control_plane.kit.events import Event
from control_plane.kit.scope import Scope
from control_plane.provisioning.errors import RotationNotOfferedError

router = v1_router("api-keys")

Reader = Annotated[Principal, Depends(require(Action.API_KEYS_READ))]


class ApiKeyScope(StrEnum):
    """What a key is good for."""

    ORGANIZATION = "organization"
    CLUSTER = "cluster"


TopicBound = Annotated[
    str, Field(min_length=1, max_length=BOUND_LENGTH_MAX, pattern=r"^(\*|[a-zA-Z0-9._-]+)$")
]
TopicBounds = Annotated[list[TopicBound], Field(max_length=BOUNDS_MAX)]


class ApiKeyBounds(RequestModel):
    """What a key may do with records at most: topics by the beginnings of their names.

    `*` stands for every topic; what is in neither list may not be done.
    """

    read: TopicBounds = Field(default_factory=list[str], examples=[["orders-"]])
    write: TopicBounds = Field(default_factory=list[str], examples=[["audit"]])


class ApiKeyCreate(RequestModel):
    """A new API key: of one cluster if `cluster_id` is given, else of the whole organization."""

    name: Annotated[DisplayName, Field(examples=["flight loader"])] = "API key"
    cluster_id: Annotated[str | None, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])] = None
    scope: ApiKeyScope | None = None
    role: Role = Role.DEVELOPER
    expires_at: Instant | None = None
    bounds: Annotated[
        ApiKeyBounds | None,
        Field(
            description="Topics that the key may read and write, over Kafka and HTTP; it manages "
            "nothing then. Without, the access rules of the cluster alone say what it may do.",
        ),
    ] = None
    secret: Annotated[
        SecretStr | None,
        Field(
            description="A secret of your own, never used before: "
            "hrs_<16 base32>_<43 base62>_<checksum>; it decides the key's id. Else one is made.",
        ),
    ] = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        scope = ApiKeyScope.ORGANIZATION if self.cluster_id is None else ApiKeyScope.CLUSTER
        if self.scope not in (None, scope):
            raise ValueError("a key of one cluster has a cluster_id, a key of all has none")
        return self


class ApiKeyResponse(ResponseModel):
    """An API key, without its secret."""

    id: Annotated[str, Field(examples=["hk_9v2mh8k3c5d7f1g0"])]
    name: Annotated[str, Field(examples=["flight loader"])]
    scope: ApiKeyScope
    cluster_id: Annotated[str | None, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    role: Role
    bounds: ApiKeyBounds | None
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    revoked_at: Instant | None
    previous_secret_until: Annotated[
        Instant | None,
        Field(description="Until when the secret before works too, after a rotation."),
    ]


class ApiKeyCreated(ApiKeyResponse):
    """A new API key with the secret that was made for it, which is not shown again."""

    secret: Annotated[
        str | None,
        Field(
            description="Bearer token; password beside the id for HTTP Basic and for Kafka. "
            "Null if you brought it.",
            examples=["hrs_..."],
        ),
    ]


class ApiKeyRotate(RequestModel):
    """How a key's secret is changed."""

    overlap_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=OVERLAP_SECONDS_MAX,
            description="For how long the secret before goes on working; 0 ends it at once.",
        ),
    ] = OVERLAP_SECONDS


class ApiKeyRotated(ApiKeyResponse):
    """A key with its new secret, which is not shown again."""

    secret: Annotated[
        str | None,
        Field(description="The new secret; null in a dry run.", examples=["hrs_..."]),
    ]
    is_dry_run: bool


@router.post(
    "/api-keys",
    operation_id="create_api_key",
    status_code=status.HTTP_201_CREATED,
    responses=problems(
        *POST_PROBLEMS,
        ApiKeyExpiryError,
        ApiKeyLimitError,
        ApiKeySecretInvalidError,
        ApiKeySecretUsedError,
        RoleScopeError,
    ),
)
def create_api_key(
    body: ApiKeyCreate,
    caller: Annotated[Principal, Depends(require(Action.API_KEYS_CREATE))],
    services: Services,
    reply: Reply,
) -> ApiKeyCreated:
    """Make an API key; when this returns, your clusters accept it."""
    core = services.core
    scope = Scope(caller.organization_id, body.cluster_id)
    given = None if body.secret is None else body.secret.get_secret_value()
    material = new_key_material() if given is None else supplied_key_material(given)
    with core.database.transaction() as session:
        if body.cluster_id is not None:
            services.clusters.require(session, caller.scope, body.cluster_id)
        row = core.api_keys.create(
            session,
            material,
            scope=scope,
            name=body.name,
            role=body.role,
            granted_by=caller,
            expires_at=body.expires_at,
            bounds=_bounds(body),
        )
        tasks.enqueue_expiry(session, row, core.clock.now())
        services.publisher.request(session, scope.organization_id, scope.cluster_id)
        core.webhooks.tell(session, _event("api_key.created", row, caller))
        shown = material.secret if given is None else None
        created = ApiKeyCreated(**_response(row).model_dump(), secret=shown)
        reply.keep(session, status.HTTP_201_CREATED, created)
    services.publisher.publish(scope.organization_id, scope.cluster_id)
    return created


@router.get("/api-keys", operation_id="list_api_keys")
def list_api_keys(
    caller: Reader,
    services: Services,
    page: PageQuery,
    cluster_id: Annotated[str | None, Query(description="Only keys of this cluster.")] = None,
) -> ListResponse[ApiKeyResponse]:
    """List the API keys of your organization, revoked ones included."""
    core = services.core
    with core.database.snapshot() as session:
        found = core.api_keys.list(session, caller.scope, page, cluster_id=cluster_id)
        return to_list(found, _response)


@router.get(
    "/api-keys/{api_key_id}", operation_id="get_api_key", responses=problems(ApiKeyNotFoundError)
)
def get_api_key(api_key_id: str, caller: Reader, services: Services) -> ApiKeyResponse:
    """Show one API key."""
    core = services.core
    with core.database.snapshot() as session:
        return _response(core.api_keys.get(session, caller.scope, api_key_id))


@router.post(
    "/api-keys/{api_key_id}:rotate",
    operation_id="rotate_api_key",
    responses=problems(
        *POST_PROBLEMS, ApiKeyEndedError, ApiKeyNotFoundError, RotationNotOfferedError
    ),
)
def rotate_api_key(
    api_key_id: str,
    caller: Annotated[Principal, Depends(require(Action.API_KEYS_ROTATE))],
    services: Services,
    reply: Reply,
    *,
    body: ApiKeyRotate | None = None,
    dry_run: DryRun = False,
) -> ApiKeyRotated:
    """Give a key another secret, while the one before works for a while.

    When this returns, your clusters accept both. When the time of the one before is over, what is
    connected by it is ended as if the key had been revoked. Rotating again before that ends it.
    """
    core = services.core
    now = core.clock.now()
    overlap_seconds = (body or ApiKeyRotate()).overlap_seconds
    until = now + timedelta(seconds=overlap_seconds) if overlap_seconds else None
    with core.database.snapshot() as session:
        row = core.api_keys.get(session, caller.scope, api_key_id)
        if reaches_records(Role(row.role)):
            services.clusters.require_rotation(session, row.organization_id, row.cluster_id)
        if dry_run:
            core.api_keys.require_rotatable(row, caller)
            shown = _response(row).model_copy(update={"previous_secret_until": until})
            return ApiKeyRotated(**shown.model_dump(), secret=None, is_dry_run=True)
        material = rotated_key_material(row)
    with core.database.transaction() as session:
        row = core.api_keys.get(session, caller.scope, api_key_id)
        core.api_keys.rotate(session, row, material, until=until, rotated_by=caller)
        tasks.enqueue_retirement(session, row, now)
        services.publisher.request(session, row.organization_id, row.cluster_id)
        core.webhooks.tell(session, _event("api_key.rotated", row, caller))
        rotated = ApiKeyRotated(
            **_response(row).model_dump(), secret=material.secret, is_dry_run=False
        )
        reply.keep(session, status.HTTP_200_OK, rotated)
        place = (row.organization_id, row.cluster_id)
    services.publisher.publish(*place)
    return rotated


@router.delete(
    "/api-keys/{api_key_id}", operation_id="revoke_api_key", responses=problems(ApiKeyNotFoundError)
)
def revoke_api_key(
    api_key_id: str,
    caller: Annotated[Principal, Depends(require(Action.API_KEYS_REVOKE))],
    services: Services,
) -> ApiKeyResponse:
    """End an API key for good; when this returns, your clusters refuse it."""
    core = services.core
    with core.database.transaction() as session:
        row = core.api_keys.revoke(session, caller.scope, api_key_id, revoked_by=caller)
        services.publisher.request(session, row.organization_id, row.cluster_id)
        core.webhooks.tell(session, _event("api_key.revoked", row, caller))
        revoked = _response(row)
    services.publisher.publish(row.organization_id, row.cluster_id)
    return revoked


def _bounds(body: ApiKeyCreate) -> KeyBounds | None:
    if body.bounds is None:
        return None
    return KeyBounds(read=tuple(body.bounds.read), write=tuple(body.bounds.write))


def _event(event_type: str, row: ApiKey, caller: Principal) -> Event:
    data = {"api_key_id": row.id, "name": row.name, "role": row.role, "by": caller.id}
    if row.cluster_id is not None:
        data["cluster_id"] = row.cluster_id
    return Event(event_type, row.organization_id, data)


def _response(row: ApiKey) -> ApiKeyResponse:
    return ApiKeyResponse(
        id=row.id,
        name=row.name,
        scope=ApiKeyScope.ORGANIZATION if row.cluster_id is None else ApiKeyScope.CLUSTER,
        cluster_id=row.cluster_id,
        role=Role(row.role),
        bounds=None if row.bounds is None else ApiKeyBounds.model_validate(row.bounds),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        previous_secret_until=row.previous_secret_until,
    )
