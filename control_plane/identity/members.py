"""Rules of members."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from control_plane.identity import repository
from control_plane.identity.errors import (
    MemberExistsError,
    MemberLimitError,
    PermissionDeniedError,
)
from control_plane.identity.models import Member
from control_plane.identity.policy import Role, may_grant
from control_plane.kit.clock import Clock
from control_plane.kit.ids import new_id
from control_plane.kit.pagination import Page, PageRequest
from control_plane.kit.scope import Scope

MEMBERS_MAX = 500


class MemberService:
    """The people of an organization."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def create(
        self,
        session: Session,
        scope: Scope,
        *,
        email: str,
        name: str,
        role: Role,
        granted_by: Role | None,
    ) -> Member:
        """Add a member; `granted_by` is None only for an organization's first one.

        Raises PermissionDeniedError, MemberExistsError or MemberLimitError.
        """
        if granted_by is not None and not may_grant(granted_by, role):
            raise PermissionDeniedError(f"the role {granted_by} can not give the role {role}")
        address = email.casefold()
        if repository.find_member_by_email(session, scope, address) is not None:
            raise _exists()
        if repository.count_members(session, scope) >= MEMBERS_MAX:
            raise MemberLimitError(f"the organization has {MEMBERS_MAX} members")
        member = Member(
            id=new_id("u"),
            organization_id=scope.organization_id,
            email=address,
            name=name,
            role=role.value,
            created_at=self._clock.now(),
        )
        session.add(member)
        try:
            session.flush()
        except IntegrityError:
            raise _exists() from None  # another transaction was first
        return member

    def find(self, session: Session, scope: Scope, member_id: str) -> Member | None:
        """Return a member, None if there is no such one."""
        return repository.find_member(session, scope, member_id)

    def list_by_email(self, session: Session, email: str) -> Sequence[Member]:
        """List the members of every organization with an address that was proved, oldest first."""
        return repository.list_members_by_email(session, email.casefold())

    def list(self, session: Session, scope: Scope, page: PageRequest) -> Page[Member]:
        return repository.list_members(session, scope, page)


def _exists() -> MemberExistsError:
    return MemberExistsError("the organization has a member with this e-mail address")
