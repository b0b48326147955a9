"""Organizations: made by an operator, seen by their own."""

from typing import Annotated

from fastapi import Depends, status
from pydantic import Field

from api.auth import require
from api.deps import CoreServices, PageQuery
from api.errors import problems
from api.idempotency import Reply
from api.schemas import DisplayName, Instant, ListResponse, RequestModel, ResponseModel, to_list
from api.v1.router import POST_PROBLEMS, v1_router
from control_plane.identity.policy import Action, Role
from control_plane.identity.principals import Principal
from control_plane.identity.service import new_key_material
from control_plane.kit.scope import Scope
from control_plane.organizations.errors import OrganizationNotFoundError

FIRST_KEY_NAME = "first key"

router = v1_router("organizations")

Reader = Annotated[Principal, Depends(require(Action.ORGANIZATIONS_READ))]
Creator = Annotated[Principal, Depends(require(Action.ORGANIZATIONS_CREATE))]


class OrganizationCreate(RequestModel):
    """A new organization."""

    name: Annotated[DisplayName, Field(examples=["Mill Street Analytics"])]


class OrganizationResponse(ResponseModel):
    """An organization."""

    id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    name: Annotated[str, Field(examples=["Mill Street Analytics"])]
    created_at: Instant


class OrganizationCreated(OrganizationResponse):
    """A new organization with the secret of its first API key, which is not shown again."""

    api_key: Annotated[str, Field(description="Secret of the owner's key.", examples=["hrs_..."])]
    api_key_id: Annotated[str, Field(examples=["hk_9v2mh8k3c5d7f1g0"])]


@router.post(
    "/organizations",
    operation_id="create_organization",
    status_code=status.HTTP_201_CREATED,
    responses=problems(*POST_PROBLEMS),
)
def create_organization(
    body: OrganizationCreate, caller: Creator, core: CoreServices, reply: Reply
) -> OrganizationCreated:
    """Make an organization and its owner's API key; only an operator may."""
    material = new_key_material()
    with core.database.transaction() as session:
        organization = core.organizations.create(session, name=body.name)
        core.api_keys.create(
            session,
            material,
            scope=Scope(organization.id),
            name=FIRST_KEY_NAME,
            role=Role.OWNER,
            granted_by=caller,
        )
        created = OrganizationCreated(
            id=organization.id,
            name=organization.name,
            created_at=organization.created_at,
            api_key=material.secret,
            api_key_id=material.id,
        )
        reply.keep(session, status.HTTP_201_CREATED, created)
    return created


@router.get("/organizations", operation_id="list_organizations")
def list_organizations(
    caller: Reader, core: CoreServices, page: PageQuery
) -> ListResponse[OrganizationResponse]:
    """List the organizations you can see: your own, or all of them for an operator."""
    with core.database.snapshot() as session:
        found = core.organizations.list(session, page, visible_to=_visible_to(caller))
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
        found = core.organizations.get(session, organization_id, visible_to=_visible_to(caller))
        return OrganizationResponse.model_validate(found)


def _visible_to(caller: Principal) -> str | None:
    return None if caller.role is Role.OPERATOR else caller.organization_id
