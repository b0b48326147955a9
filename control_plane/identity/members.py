"""Rules of members."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from control_plane.identity import repository
from control_plane.identity.errors import (
    LastOwnerError,
    MemberExistsError,
    MemberLimitError,
    MemberNotFoundError,
    PermissionDeniedError,
    RoleScopeError,
)
from control_plane.identity.models import Member
from control_plane.identity.policy import CLUSTER_ROLES, Role, may_grant
from control_plane.kit.clock import Clock
from control_plane.kit.ids import new_id
from control_plane.kit.pagination import Page, PageRequest
from control_plane.kit.scope import Scope

MEMBERS_MAX = 500


def require_role_fits(role: Role | None, cluster_id: str | None) -> None:
    """Raise RoleScopeError for a role that can not be given in one cluster."""
    if cluster_id is not None and role not in CLUSTER_ROLES:
        raise RoleScopeError(
            f"the role {role} can not be given in one cluster",
            advice="give one of: " + ", ".join(sorted(CLUSTER_ROLES)),
        )


class MemberService:
    """The people of an organization.

    Whoever changes or removes one also drops what is cached of their sessions.
    """

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
        """Add a member with a role in `scope`; `granted_by` is None only for the first one.

        Raises RoleScopeError, PermissionDeniedError, MemberExistsError or MemberLimitError.
        """
        require_role_fits(role, scope.cluster_id)
        if granted_by is not None:
            _require_grant(granted_by, role)
        address = email.casefold()
        organization = Scope(scope.organization_id)
        if repository.find_member_by_email(session, organization, address) is not None:
            raise _exists()
        if repository.count_members(session, organization) >= MEMBERS_MAX:
            raise MemberLimitError(f"the organization has {MEMBERS_MAX} members")
        member = Member(
            id=new_id("u"),
            organization_id=scope.organization_id,
            cluster_id=scope.cluster_id,
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

    def get(self, session: Session, scope: Scope, member_id: str) -> Member:
        """Return a member; raise MemberNotFoundError."""
        member = repository.find_member(session, scope, member_id)
        if member is None:
            raise MemberNotFoundError("there is no such member")
        return member

    def list(self, session: Session, scope: Scope, page: PageRequest) -> Page[Member]:
        return repository.list_members(session, scope, page)

    def grant(
        self,
        session: Session,
        scope: Scope,
        member_id: str,
        *,
        role: Role,
        cluster_id: str | None,
        granted_by: Role,
    ) -> Member:
        """Give a member another role, in the organization or in one of its clusters.

        Raises MemberNotFoundError, RoleScopeError, PermissionDeniedError or LastOwnerError.
        """
        member = self.get(session, scope, member_id)
        require_role_fits(role, cluster_id)
        _require_grant(granted_by, Role(member.role))
        _require_grant(granted_by, role)
        if role is not Role.OWNER:
            self._require_other_owner(session, scope, member)
        member.role = role.value
        member.cluster_id = cluster_id
        session.flush()
        return member

    def remove(self, session: Session, scope: Scope, member_id: str, *, removed_by: Role) -> Member:
        """Remove a member with its sessions.

        Raises MemberNotFoundError, PermissionDeniedError or LastOwnerError.
        """
        member = self.get(session, scope, member_id)
        _require_grant(removed_by, Role(member.role))
        self._require_other_owner(session, scope, member)
        repository.delete_sign_ins_of(session, scope, member.id)
        grant = repository.find_operator_grant(session, member.id)
        if grant is not None:
            session.delete(grant)
        session.delete(member)
        session.flush()
        return member

    def _require_other_owner(self, session: Session, scope: Scope, member: Member) -> None:
        is_owner = member.role == Role.OWNER
        if is_owner and repository.count_owners(session, scope) <= 1:
            raise LastOwnerError(
                "an organization needs an owner, and this member is its last one",
                advice="make another member an owner first",
            )


def _require_grant(granter: Role, role: Role) -> None:
    if not may_grant(granter, role):
        raise PermissionDeniedError(
            f"the role {granter} can neither give the role {role} nor take it",
            advice="ask an owner of the organization",
        )


def _exists() -> MemberExistsError:
    return MemberExistsError("the organization has a member with this e-mail address")
