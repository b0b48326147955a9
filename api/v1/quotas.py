"""Client quotas of a cluster, asked of the cluster itself as the caller."""

from typing import Annotated, Self

from fastapi import Depends, Query
from pydantic import Field, StringConstraints, model_validator

from api.auth import require
from api.cluster_services import Clusters
from api.deps import CoreServices, PageQuery
from api.errors import RequestInvalidError, problems
from api.schemas import DryRun, ListResponse, RequestModel, ResponseModel, to_list
from api.v1.clusters import find_cluster
from api.v1.kafka_problems import CLUSTER_PROBLEMS
from api.v1.router import BODY_PROBLEMS, v1_router
from control_plane.clusters.errors import ClusterReadOnlyError
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.rights.errors import (
    QuotaInvalidError,
    QuotaNotFoundError,
    QuotasLimitError,
    RightsForbiddenError,
)
from control_plane.rights.quotas import (
    ClientQuota,
    Entity,
    EntityType,
    Match,
    QuotaFilter,
    Rate,
    ordered,
)

# Only bounds what is read: which names are good, the cluster says.
NAME_LENGTH_MAX = 1_000

router = v1_router("quotas")

Reader = Annotated[Principal, Depends(require(Action.QUOTAS_READ))]
Updater = Annotated[Principal, Depends(require(Action.QUOTAS_UPDATE))]
Deleter = Annotated[Principal, Depends(require(Action.QUOTAS_DELETE))]

NameText = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH_MAX)]
NameQuery = Annotated[str | None, Query(min_length=1, max_length=NAME_LENGTH_MAX)]
DefaultQuery = Annotated[bool, Query(description="For all that have none of their own.")]
RateValue = Annotated[float, Field(gt=0, allow_inf_nan=False)]

QUOTA_PROBLEMS = (*CLUSTER_PROBLEMS, QuotaInvalidError, RightsForbiddenError)


class QuotaEntityPart(RequestModel):
    """Whom a quota is for: a user, a client id, both, or an address."""

    type: Annotated[EntityType, Field(examples=["user"])]
    name: Annotated[
        NameText | None,
        Field(description="Null: all that have no quota of their own.", examples=["importer"]),
    ]


class QuotaUpdate(RequestModel):
    """Rates of one entity: what is left out stays as it is, null takes one away."""

    entity: Annotated[list[QuotaEntityPart], Field(min_length=1, max_length=len(EntityType))]
    rates: Annotated[
        dict[Rate, RateValue | None],
        Field(min_length=1, examples=[{"producer_byte_rate": 1048576, "consumer_byte_rate": None}]),
    ]

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len({part.type for part in self.entity}) < len(self.entity):
            message = "the entity names a type twice"
            raise ValueError(message)
        return self


class QuotaEntityPartResponse(ResponseModel):
    """Whom a quota is for."""

    type: EntityType
    name: Annotated[str | None, Field(description="Null: all that have no quota of their own.")]


class QuotaResponse(ResponseModel):
    """The rates that clients of one entity may reach; who goes over them is slowed down."""

    cluster_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    entity: list[QuotaEntityPartResponse]
    rates: Annotated[
        dict[str, float],
        Field(
            description="Bytes, partitions or connections a second; percent of one thread.",
            examples=[{"producer_byte_rate": 1048576}],
        ),
    ]


def quota_filter(
    *,
    user: NameQuery = None,
    client_id: NameQuery = None,
    ip: NameQuery = None,
    default_user: DefaultQuery = False,
    default_client_id: DefaultQuery = False,
    default_ip: DefaultQuery = False,
) -> QuotaFilter:
    """Read which parts an entity has; what is left out may be anything."""
    given = (
        (EntityType.USER, user, default_user),
        (EntityType.CLIENT_ID, client_id, default_client_id),
        (EntityType.IP, ip, default_ip),
    )
    wanted: dict[EntityType, Match] = {}
    for kind, name, is_default in given:
        if name is not None and is_default:
            raise RequestInvalidError(
                f"either a name or the default of {kind} is meant", advice="leave one of them out"
            )
        if name is not None or is_default:
            wanted[kind] = Match(name, is_default=is_default)
    return wanted


Wanted = Annotated[QuotaFilter, Depends(quota_filter)]


@router.get(
    "/clusters/{cluster_id}/quotas",
    operation_id="list_quotas",
    responses=problems(*QUOTA_PROBLEMS),
)
def list_quotas(
    cluster_id: str,
    caller: Reader,
    core: CoreServices,
    services: Clusters,
    wanted: Wanted,
    page: PageQuery,
) -> ListResponse[QuotaResponse]:
    """List client quotas by whom they are for; the plan's own limits are none of them."""
    cluster = find_cluster(core, services, caller, cluster_id)
    found = services.quotas.list(services.connection(cluster, caller), page, wanted)
    return to_list(found, lambda quota: _response(cluster_id, quota))


@router.patch(
    "/clusters/{cluster_id}/quotas",
    operation_id="update_quota",
    responses=problems(*BODY_PROBLEMS, *QUOTA_PROBLEMS, ClusterReadOnlyError, QuotasLimitError),
)
def update_quota(
    cluster_id: str,
    body: QuotaUpdate,
    caller: Updater,
    core: CoreServices,
    services: Clusters,
    *,
    dry_run: DryRun = False,
) -> QuotaResponse:
    """Set rates of an entity, in force when this returns; repeating it changes nothing."""
    cluster = find_cluster(core, services, caller, cluster_id)
    entity = ordered({part.type: part.name for part in body.entity})
    connection = services.connection(cluster, caller)
    quota = services.quotas.set(connection, entity, body.rates, is_dry_run=dry_run)
    return _response(cluster_id, quota)


@router.delete(
    "/clusters/{cluster_id}/quotas",
    operation_id="delete_quota",
    responses=problems(*QUOTA_PROBLEMS, QuotaNotFoundError),
)
def delete_quota(
    cluster_id: str,
    caller: Deleter,
    core: CoreServices,
    services: Clusters,
    wanted: Wanted,
    *,
    dry_run: DryRun = False,
) -> QuotaResponse:
    """Take every rate of the entity of exactly these parts away; the answer is what it had."""
    cluster = find_cluster(core, services, caller, cluster_id)
    connection = services.connection(cluster, caller)
    quota = services.quotas.delete(connection, _entity(wanted), is_dry_run=dry_run)
    return _response(cluster_id, quota)


def _entity(wanted: QuotaFilter) -> Entity:
    if not wanted:
        raise QuotaInvalidError(
            "no entity is named", advice="name a user, a client_id, both, or an ip"
        )
    return ordered({kind: match.name for kind, match in wanted.items()})


def _response(cluster_id: str, quota: ClientQuota) -> QuotaResponse:
    return QuotaResponse(
        cluster_id=cluster_id,
        entity=[QuotaEntityPartResponse(type=kind, name=name) for kind, name in quota.entity],
        rates=dict(quota.rates),
    )
