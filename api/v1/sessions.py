"""Sessions of whoever asks: in the console, and of the command line."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from pydantic import Field

from api.auth import require
from api.deps import CoreServices
from api.errors import problems
from api.schemas import Instant, ListResponse, ResponseModel
from api.v1.router import v1_router
from control_plane.identity.errors import SessionNotFoundError
from control_plane.identity.models import Session
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal

router = v1_router("sessions")

Reader = Annotated[Principal, Depends(require(Action.SESSIONS_READ))]
Revoker = Annotated[Principal, Depends(require(Action.SESSIONS_REVOKE))]


class SessionInfo(ResponseModel):
    """A live session: where it was opened and when it was used last, to a minute."""

    id: Annotated[str, Field(examples=["ses_4q8x0n1w2e3r5t6y"])]
    organization_id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    principal_id: Annotated[str, Field(description="The member or API key that is signed in.")]
    address: Annotated[str | None, Field(examples=["203.0.113.7"])]
    user_agent: Annotated[str | None, Field(description="What the client said that it is.")]
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant
    is_current: Annotated[bool, Field(description="Whether the request was made by it.")]


@router.get("/sessions", operation_id="list_sessions")
def list_sessions(caller: Reader, core: CoreServices) -> ListResponse[SessionInfo]:
    """List your live sessions, the one last used first; a user's in every organization.

    An API key sees those that were opened with it. They are few enough for one page.
    """
    with core.database.snapshot() as session:
        found = core.sessions.list(session, core.users.holders(session, caller))
        return _listed(found, caller)


@router.delete(
    "/sessions/{session_id}",
    operation_id="revoke_session",
    responses=problems(SessionNotFoundError),
)
def revoke_session(session_id: str, caller: Revoker, core: CoreServices) -> SessionInfo:
    """End one of your sessions, at once; it may be the one that asks."""
    with core.database.transaction() as session:
        holders = core.users.holders(session, caller)
        ended = core.sessions.revoke(session, holders, session_id)
        shown = _shown(ended, caller)
    core.session_authenticator.forget(shown.principal_id)
    return shown


@router.delete("/sessions", operation_id="revoke_other_sessions")
def revoke_other_sessions(caller: Revoker, core: CoreServices) -> ListResponse[SessionInfo]:
    """End all of your sessions but the one that asks; the answer lists what was ended."""
    with core.database.transaction() as session:
        holders = core.users.holders(session, caller)
        ended = _listed(core.sessions.revoke_others(session, holders, caller.session_id), caller)
    for holder in holders:
        core.session_authenticator.forget(holder.principal_id)
    return ended


def _listed(rows: Sequence[Session], caller: Principal) -> ListResponse[SessionInfo]:
    return ListResponse(items=[_shown(row, caller) for row in rows], next_page_token=None)


def _shown(row: Session, caller: Principal) -> SessionInfo:
    return SessionInfo(
        id=row.id,
        organization_id=row.organization_id,
        principal_id=row.member_id or row.api_key_id or "",
        address=row.address,
        user_agent=row.user_agent,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        is_current=row.id == caller.session_id,
    )
