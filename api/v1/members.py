"""Members: the people of an organization, and what each may do."""

from typing import Annotated

from fastapi import Depends, status
from pydantic import Field, StringConstraints

from api.auth import require, require_role
from api.deps import CoreServices, PageQuery, Services
from api.errors import problems
from api.idempotency import Reply
from api.schemas import DisplayName, Instant, ListResponse, RequestModel, ResponseModel, to_list
from api.v1.router import BODY_PROBLEMS, POST_PROBLEMS, v1_router
from control_plane.identity.errors import (
    LastOwnerError,
    MemberExistsError,
    MemberLimitError,
    MemberNotFoundError,
    RoleScopeError,
)
from control_plane.identity.models import EMAIL_LENGTH_MAX
from control_plane.identity.policy import Action, Role
from control_plane.identity.principals import Principal
from control_plane.kit.events import Event
from control_plane.kit.scope import Scope

router = v1_router("members")

# Whether an address works only a message can tell; this refuses what can not be one.
EmailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=EMAIL_LENGTH_MAX,
        pattern=r"^[^\x00-\x20\x7f@]+@[^\x00-\x20\x7f@]+$",
    ),
]


Reader = Annotated[Principal, Depends(require(Action.MEMBERS_READ))]


class MemberCreate(RequestModel):
    """A new member, with a role in the organization or, with `cluster_id`, in one cluster."""

    email: Annotated[EmailAddress, Field(examples=["ada@example.com"])]
    name: Annotated[DisplayName, Field(examples=["Ada Byron"])]
    role: Role = Role.DEVELOPER
    cluster_id: Annotated[str | None, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])] = None


class MemberGrant(RequestModel):
    """What a member may do from now on: in the organization, or in one cluster of it."""

    role: Annotated[Role, Field(examples=["viewer"])]
    cluster_id: Annotated[str | None, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])] = None


class MemberResponse(ResponseModel):
    """A member."""

    id: Annotated[str, Field(examples=["u_4q8x0n1w2e3r5t6y"])]
    organization_id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    email: Annotated[str, Field(examples=["ada@example.com"])]
    name: Annotated[str, Field(examples=["Ada Byron"])]
    role: Role
    cluster_id: Annotated[
        str | None, Field(description="The only cluster in which the member has its role.")
    ]
    created_at: Instant


@router.post(
    "/members",
    operation_id="create_member",
    status_code=status.HTTP_201_CREATED,
    responses=problems(*POST_PROBLEMS, MemberExistsError, MemberLimitError, RoleScopeError),
)
def create_member(
    body: MemberCreate,
    caller: Annotated[Principal, Depends(require(Action.MEMBERS_CREATE))],
    services: Services,
    reply: Reply,
) -> MemberResponse:
    """Add a person to your organization; where mail is sent, they are mailed an invitation."""
    core = services.core
    with core.database.transaction() as session:
        if body.cluster_id is not None:
            services.clusters.require(session, caller.scope, body.cluster_id)
        member = core.members.create(
            session,
            Scope(caller.organization_id, body.cluster_id),
            email=body.email,
            name=body.name,
            role=body.role,
            granted_by=require_role(caller),
        )
        data = {"member_id": member.id, "role": member.role, "by": caller.id}
        core.users.invite(session, member.email, member.organization_id)
        core.webhooks.tell(session, Event("member.created", member.organization_id, data))
        created = MemberResponse.model_validate(member)
        reply.keep(session, status.HTTP_201_CREATED, created)
    return created


@router.get("/members", operation_id="list_members")
def list_members(
    caller: Reader,
    core: CoreServices,
    page: PageQuery,
) -> ListResponse[MemberResponse]:
    """List the people of your organization."""
    with core.database.snapshot() as session:
        found = core.members.list(session, caller.scope, page)
        return to_list(found, MemberResponse.model_validate)


@router.get(
    "/members/{member_id}", operation_id="get_member", responses=problems(MemberNotFoundError)
)
def get_member(member_id: str, caller: Reader, core: CoreServices) -> MemberResponse:
    """Show one person of your organization."""
    with core.database.snapshot() as session:
        return MemberResponse.model_validate(core.members.get(session, caller.scope, member_id))


@router.patch(
    "/members/{member_id}",
    operation_id="update_member",
    responses=problems(*BODY_PROBLEMS, MemberNotFoundError, LastOwnerError, RoleScopeError),
)
def update_member(
    member_id: str,
    body: MemberGrant,
    caller: Annotated[Principal, Depends(require(Action.MEMBERS_UPDATE))],
    services: Services,
) -> MemberResponse:
    """Give a person another role; sessions they have opened follow at once."""
    core = services.core
    with core.database.transaction() as session:
        core.members.get(session, caller.scope, member_id)
        if body.cluster_id is not None:
            services.clusters.require(session, caller.scope, body.cluster_id)
        member = core.members.grant(
            session,
            caller.scope,
            member_id,
            role=body.role,
            cluster_id=body.cluster_id,
            granted_by=require_role(caller),
        )
        changed = MemberResponse.model_validate(member)
    core.session_authenticator.forget(member_id)
    return changed


@router.delete(
    "/members/{member_id}",
    operation_id="delete_member",
    responses=problems(MemberNotFoundError, LastOwnerError),
)
def delete_member(
    member_id: str,
    caller: Annotated[Principal, Depends(require(Action.MEMBERS_DELETE))],
    core: CoreServices,
) -> MemberResponse:
    """Remove a person from your organization, and end their sessions."""
    with core.database.transaction() as session:
        member = core.members.remove(
            session, caller.scope, member_id, removed_by=require_role(caller)
        )
        removed = MemberResponse.model_validate(member)
        data = {"member_id": member.id, "role": member.role, "by": caller.id}
        core.webhooks.tell(session, Event("member.removed", caller.organization_id, data))
    core.session_authenticator.forget(member_id)
    return removed
