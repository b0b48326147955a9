"""Organizations, as those see them who belong to one."""

from typing import Annotated

from fastapi import Depends
from pydantic import Field

from api.auth import require
from api.deps import CoreServices, PageQuery
from api.errors import problems
from api.schemas import DisplayName, Instant, ListResponse, RequestModel, ResponseModel, to_list
from api.v1.router import BODY_PROBLEMS, v1_router
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.organizations.errors import OrganizationNotFoundError

router = v1_router("organizations")

Reader = Annotated[Principal, Depends(require(Action.ORGANIZATIONS_READ))]


class OrganizationUpdate(RequestModel):
    """What changes about an organization."""

    name: Annotated[DisplayName, Field(examples=["Mill Street Analytics"])]


class OrganizationResponse(ResponseModel):
    """An organization."""

    id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    name: Annotated[str, Field(examples=["Mill Street Analytics"])]
    created_at: Instant


@router.get("/organizations", operation_id="list_organizations")
def list_organizations(
    caller: Reader, core: CoreServices, page: PageQuery
) -> ListResponse[OrganizationResponse]:
    """List the organizations you can see, which is your own."""
    with core.database.snapshot() as session:
        found = core.organizations.list(session, page, visible_to=caller.organization_id)
        return to_list(found, OrganizationResponse.model_validate)


@router.get(
    "/organizations/{organization_id}",
    operation_id="get_organization",
    responses=problems(OrganizationNotFoundError),
)
def get_organization(
    organization_id: str, caller: Reader, core: CoreServices
) -> OrganizationResponse:
    """Show one organization."""
    with core.database.snapshot() as session:
        found = core.organizations.get(session, organization_id, visible_to=caller.organization_id)
        return OrganizationResponse.model_validate(found)


@router.patch(
    "/organizations/{organization_id}",
    operation_id="update_organization",
    responses=problems(*BODY_PROBLEMS, OrganizationNotFoundError),
)
def update_organization(
    organization_id: str,
    body: OrganizationUpdate,
    caller: Annotated[Principal, Depends(require(Action.ORGANIZATIONS_UPDATE))],
    core: CoreServices,
) -> OrganizationResponse:
    """Give your organization another name."""
    with core.database.transaction() as session:
        core.organizations.get(session, organization_id, visible_to=caller.organization_id)
        changed = core.organizations.rename(session, organization_id, name=body.name)
        return OrganizationResponse.model_validate(changed)
