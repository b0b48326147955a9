"""Who operates the installation beside a role in an organization: grants that can be taken back."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from control_plane.identity import repository
from control_plane.identity.errors import OperatorNotFoundError
from control_plane.identity.models import OperatorGrant
from control_plane.kit.clock import Clock
from control_plane.kit.db import after_commit
from control_plane.kit.pagination import Page, PageRequest
from control_plane.kit.scope import Scope


class OperatorService:
    """Grants of the installation, by the id of the key or member that holds one.

    `scope` is that of the installation's own organization. `on_changed` drops what this process
    has cached of the principal.
    """

    def __init__(self, clock: Clock, on_changed: Callable[[str], None]) -> None:
        self._clock = clock
        self._on_changed = on_changed

    def grant(
        self, session: Session, scope: Scope, principal_id: str, *, granted_by: str | None
    ) -> OperatorGrant:
        """Let a key or member operate the installation too; granting twice changes nothing.

        Raises OperatorNotFoundError for what is no live key and no member of an organization.
        """
        found = repository.find_operator_grant(session, principal_id)
        if found is not None:
            return found
        holder = repository.find_holder_organization(session, principal_id)
        if holder is None or holder == scope.organization_id:
            raise OperatorNotFoundError("there is no such API key or member of an organization")
        grant = OperatorGrant(
            principal_id=principal_id,
            organization_id=scope.organization_id,
            holder_organization_id=holder,
            granted_by=granted_by,
            granted_at=self._clock.now(),
        )
        session.add(grant)
        session.flush()
        after_commit(session, lambda: self._on_changed(principal_id))
        return grant

    def list(self, session: Session, scope: Scope, page: PageRequest) -> Page[OperatorGrant]:
        return repository.list_operator_grants(session, scope, page)

    def revoke(self, session: Session, principal_id: str) -> OperatorGrant:
        """Take a grant back; what the principal may do in its organization stays.

        Raises OperatorNotFoundError.
        """
        grant = repository.find_operator_grant(session, principal_id)
        if grant is None:
            raise OperatorNotFoundError("no grant of the installation has this key or member")
        session.delete(grant)
        session.flush()
        after_commit(session, lambda: self._on_changed(principal_id))
        return grant
