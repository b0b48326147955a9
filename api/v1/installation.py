"""The installation: organizations and operators, which its operators alone see and change."""

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
    OperatorNotFoundError,
    PermissionDeniedError,
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


class OperatorResponse(ResponseModel):
    """A key or member of an organization that operates the installation too."""

    principal_id: Annotated[str, Field(examples=["hk_9v2mh8k3c5d7f1g0"])]
    holder_organization_id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    granted_by: Annotated[str | None, Field(description="Null of what the first start granted.")]
    granted_at: Instant


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
            scope=home_of(caller),
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
        found = core.api_keys.list(session, home_of(caller), page)
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
        row = core.api_keys.revoke(session, home_of(caller), api_key_id, revoked_by=caller)
        return InstallationKeyResponse.model_validate(row)


@router.get("/installation/operators", operation_id="list_operators")
def list_operators(
    caller: Annotated[Principal, Depends(require(Action.INSTALLATION_OPERATORS_READ))],
    core: CoreServices,
    page: PageQuery,
) -> ListResponse[OperatorResponse]:
    """List the keys and members of organizations that operate the installation too."""
    with core.database.snapshot() as session:
        found = core.operators.list(session, home_of(caller), page)
        return to_list(found, OperatorResponse.model_validate)


@router.put(
    "/installation/operators/{principal_id}",
    operation_id="grant_operator",
    responses=problems(OperatorNotFoundError),
)
def grant_operator(
    principal_id: str,
    caller: Annotated[Principal, Depends(require(Action.INSTALLATION_OPERATORS_GRANT))],
    core: CoreServices,
) -> OperatorResponse:
    """Let an API key or a member of any organization operate the installation too."""
    with core.database.transaction() as session:
        grant = core.operators.grant(session, home_of(caller), principal_id, granted_by=caller.id)
        return OperatorResponse.model_validate(grant)


@router.delete(
    "/installation/operators/{principal_id}",
    operation_id="revoke_operator",
    responses=problems(OperatorNotFoundError),
)
def revoke_operator(
    principal_id: str,
    _caller: Annotated[Principal, Depends(require(Action.INSTALLATION_OPERATORS_REVOKE))],
    core: CoreServices,
) -> OperatorResponse:
    """Take that back; what the key or member may do in its organization stays."""
    with core.database.transaction() as session:
        return OperatorResponse.model_validate(core.operators.revoke(session, principal_id))


def home_of(caller: Principal) -> Scope:
    """Return the installation's own organization, of a caller who operates it."""
    if caller.installation_id is None:
        raise PermissionDeniedError("only operators of the installation may do this")
    return Scope(caller.installation_id)
