"""Plans: what a cluster can be created as."""

from typing import Annotated

from fastapi import Depends
from pydantic import Field

from api.auth import require
from api.cluster_services import Clusters, ClusterServices
from api.schemas import ListResponse, ResponseModel
from api.v1.router import v1_router
from control_plane.clusters.service import OfferedPlan
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal

router = v1_router("plans")


class PlanLimitsResponse(ResponseModel):
    """The most that one cluster of the plan may use."""

    connections_max: Annotated[int, Field(examples=[500])]
    partitions_max: Annotated[int, Field(examples=[1000])]
    request_bytes_max: Annotated[int, Field(examples=[16777216])]
    connections_per_address_max: Annotated[int, Field(examples=[400])]
    connections_per_second_max: Annotated[int, Field(examples=[100])]
    connections_per_address_per_second_max: Annotated[int, Field(examples=[50])]
    produce_bytes_per_second_max: Annotated[int, Field(examples=[104857600])]
    fetch_bytes_per_second_max: Annotated[int, Field(examples=[209715200])]
    partition_changes_per_minute_max: Annotated[int, Field(examples=[1000])]
    topics_max: Annotated[int, Field(examples=[1000])]
    groups_max: Annotated[int, Field(examples=[500])]
    producer_ids_max: Annotated[int, Field(examples=[10000])]
    stored_bytes_max: Annotated[int, Field(examples=[21474836480])]


class PlanResponse(ResponseModel):
    """A plan of the catalogue."""

    id: Annotated[str, Field(examples=["dev"])]
    description: str
    engine: Annotated[str, Field(examples=["native"])]
    brokers: Annotated[int, Field(examples=[1])]
    default_partitions: Annotated[int, Field(examples=[1])]
    limits: PlanLimitsResponse
    undelete_days: Annotated[
        int, Field(description="For so long a deleted cluster can be undeleted.", examples=[3])
    ]
    available: Annotated[bool, Field(description="Whether its engine is installed here.")]
    version: Annotated[
        str | None,
        Field(
            description="The version that its clusters are started with now, if that is known.",
            examples=["0.1.0"],
        ),
    ]


@router.get("/plans", operation_id="list_plans")
def list_plans(
    _caller: Annotated[Principal, Depends(require(Action.PLANS_READ))], services: Clusters
) -> ListResponse[PlanResponse]:
    """List the plans, in the order of their names."""
    offered = services.clusters.offered_plans()
    items = [_response(one, _version(services, one)) for one in offered]
    return ListResponse(items=items, next_page_token=None)


def _version(services: ClusterServices, offered: OfferedPlan) -> str | None:
    if not offered.is_available:
        return None
    return services.clusters.available_version(offered.plan.engine)


def _response(offered: OfferedPlan, version: str | None) -> PlanResponse:
    plan = offered.plan
    return PlanResponse(
        id=plan.id,
        description=plan.description,
        engine=plan.engine,
        brokers=plan.brokers,
        default_partitions=plan.default_partitions,
        limits=PlanLimitsResponse.model_validate(plan.limits),
        undelete_days=plan.undelete_days,
        available=offered.is_available,
        version=version,
    )
