"""The installation: what its operators do, and nobody else. No route here reaches a cluster."""

from typing import Annotated

from fastapi import Depends, status
from pydantic import Field

from api.auth import require
from api.deps import CoreServices, PageQuery
from api.errors import problems
from api.idempotency import Reply
from api.schemas import DisplayName, Instant, ListResponse, RequestModel, ResponseModel, to_list
from api.v1.organizations import OrganizationResponse
from api.v1.router import POST_PROBLEMS, v1_router
from control_plane.identity.errors import (
    ApiKeyExpiryError,
    ApiKeyLimitError,
    ApiKeyNotFoundError,
)
from control_plane.identity.policy import Action, Role
from control_plane.identity.principals import Principal
from control_plane.identity.service import new_key_material
from control_plane.kit.scope import Scope
from control_plane.organizations.errors import OrganizationNotFoundError

FIRST_KEY_NAME = "first key"

router = v1_router("installation")

OrganizationsReader = Annotated[Principal, Depends(require(Action.INSTALLATION_ORGANIZATIONS_READ))]


class OrganizationCreate(RequestModel):
    """A new organization."""

    name: Annotated[DisplayName, Field(examples=["Mill Street Analytics"])]


class OrganizationCreated(OrganizationResponse):
    """A new organization with the secret of its first API key, which is not shown again."""

    api_key: Annotated[str, Field(description="Secret of the owner's key.", examples=["hrs_..."])]
    api_key_id: Annotated[str, Field(examples=["hk_9v2mh8k3c5d7f1g0"])]


class InstallationKeyCreate(RequestModel):
    """A new key of an operator."""

    name: Annotated[DisplayName, Field(examples=["night shift"])]
    expires_at: Instant | None = None


class InstallationKeyResponse(ResponseModel):
    """A key of an operator, without its secret."""

    id: Annotated[str, Field(examples=["hk_9v2mh8k3c5d7f1g0"])]
    name: Annotated[str, Field(examples=["night shift"])]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    revoked_at: Instant | None


class InstallationKeyCreated(InstallationKeyResponse):
    """A new key of an operator with its secret, which is not shown again."""

    secret: Annotated[str, Field(examples=["hrs_..."])]


@router.post(
    "/installation/organizations",
    operation_id="create_organization",
    status_code=status.HTTP_201_CREATED,
    responses=problems(*POST_PROBLEMS),
)
def create_organization(
    body: OrganizationCreate,
    _caller: Annotated[Principal, Depends(require(Action.INSTALLATION_ORGANIZATIONS_CREATE))],
    core: CoreServices,
    reply: Reply,
) -> OrganizationCreated:
    """Make an organization and its owner's API key."""
    material = new_key_material()
    with core.database.transaction() as session:
        organization = core.organizations.create(session, name=body.name)
        core.api_keys.create(
            session,
            material,
            scope=Scope(organization.id),
            name=FIRST_KEY_NAME,
            role=Role.OWNER,
            granted_by=None,
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


@router.get("/installation/organizations", operation_id="list_installation_organizations")
def list_organizations(
    _caller: OrganizationsReader, core: CoreServices, page: PageQuery
) -> ListResponse[OrganizationResponse]:
    """List every organization of the installation."""
    with core.database.snapshot() as session:
        found = core.organizations.list(session, page, visible_to=None)
        return to_list(found, OrganizationResponse.model_validate)


@router.get(
    "/installation/organizations/{organization_id}",
    operation_id="get_installation_organization",
    responses=problems(OrganizationNotFoundError),
)
def get_organization(
    organization_id: str, _caller: OrganizationsReader, core: CoreServices
) -> OrganizationResponse:
    """Show an organization of the installation."""
    with core.database.snapshot() as session:
        found = core.organizations.get(session, organization_id, visible_to=None)
        return OrganizationResponse.model_validate(found)


@router.post(
    "/installation/api-keys",
    operation_id="create_installation_key",
    status_code=status.HTTP_201_CREATED,
    responses=problems(*POST_PROBLEMS, ApiKeyExpiryError, ApiKeyLimitError),
)
def create_key(
    body: InstallationKeyCreate,
    caller: Annotated[Principal, Depends(require(Action.INSTALLATION_KEYS_CREATE))],
    core: CoreServices,
    reply: Reply,
) -> InstallationKeyCreated:
    """Make a key of an operator."""
    material = new_key_material()
    with core.database.transaction() as session:
        row = core.api_keys.create(
            session,
            material,
            scope=caller.scope,
            name=body.name,
            role=None,
            granted_by=caller,
            expires_at=body.expires_at,
        )
        shown = InstallationKeyResponse.model_validate(row)
        created = InstallationKeyCreated(**shown.model_dump(), secret=material.secret)
        reply.keep(session, status.HTTP_201_CREATED, created)
    return created


@router.get("/installation/api-keys", operation_id="list_installation_keys")
def list_keys(
    caller: Annotated[Principal, Depends(require(Action.INSTALLATION_KEYS_READ))],
    core: CoreServices,
    page: PageQuery,
) -> ListResponse[InstallationKeyResponse]:
    """List the keys of the installation's operators, revoked ones included."""
    with core.database.snapshot() as session:
        found = core.api_keys.list(session, caller.scope, page)
        return to_list(found, InstallationKeyResponse.model_validate)


@router.delete(
    "/installation/api-keys/{api_key_id}",
    operation_id="revoke_installation_key",
    responses=problems(ApiKeyNotFoundError),
)
def revoke_key(
    api_key_id: str,
    caller: Annotated[Principal, Depends(require(Action.INSTALLATION_KEYS_REVOKE))],
    core: CoreServices,
) -> InstallationKeyResponse:
    """End a key of an operator for good."""
    with core.database.transaction() as session:
        row = core.api_keys.revoke(session, caller.scope, api_key_id, revoked_by=caller)
        return InstallationKeyResponse.model_validate(row)
