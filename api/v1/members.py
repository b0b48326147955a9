"""Members: the people of an organization."""

from typing import Annotated

from fastapi import Depends, status
from pydantic import Field, StringConstraints

from api.auth import require
from api.deps import CoreServices, PageQuery
from api.errors import problems
from api.idempotency import Reply
from api.schemas import DisplayName, Instant, ListResponse, RequestModel, ResponseModel, to_list
from api.v1.router import POST_PROBLEMS, v1_router
from control_plane.identity.errors import MemberExistsError, MemberLimitError
from control_plane.identity.models import EMAIL_LENGTH_MAX
from control_plane.identity.policy import Action, Role
from control_plane.identity.principals import Principal
from control_plane.kit.events import Event

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


class MemberCreate(RequestModel):
    """A new member."""

    email: Annotated[EmailAddress, Field(examples=["ada@example.com"])]
    name: Annotated[DisplayName, Field(examples=["Ada Byron"])]
    role: Role = Role.DEVELOPER


class MemberResponse(ResponseModel):
    """A member."""

    id: Annotated[str, Field(examples=["u_4q8x0n1w2e3r5t6y"])]
    organization_id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    email: Annotated[str, Field(examples=["ada@example.com"])]
    name: Annotated[str, Field(examples=["Ada Byron"])]
    role: Role
    created_at: Instant


@router.post(
    "/members",
    operation_id="create_member",
    status_code=status.HTTP_201_CREATED,
    responses=problems(*POST_PROBLEMS, MemberExistsError, MemberLimitError),
)
def create_member(
    body: MemberCreate,
    caller: Annotated[Principal, Depends(require(Action.MEMBERS_CREATE))],
    core: CoreServices,
    reply: Reply,
) -> MemberResponse:
    """Add a person to your organization; where mail is sent, they are mailed an invitation."""
    with core.database.transaction() as session:
        member = core.members.create(
            session,
            caller.scope,
            email=body.email,
            name=body.name,
            role=body.role,
            granted_by=caller.role,
        )
        data = {"member_id": member.id, "role": member.role, "by": caller.id}
        core.users.invite(session, member.email, member.organization_id)
        core.webhooks.tell(session, Event("member.created", member.organization_id, data))
        created = MemberResponse.model_validate(member)
        reply.keep(session, status.HTTP_201_CREATED, created)
    return created


@router.get("/members", operation_id="list_members")
def list_members(
    caller: Annotated[Principal, Depends(require(Action.MEMBERS_READ))],
    core: CoreServices,
    page: PageQuery,
) -> ListResponse[MemberResponse]:
    """List the people of your organization."""
    with core.database.snapshot() as session:
        found = core.members.list(session, caller.scope, page)
        return to_list(found, MemberResponse.model_validate)
