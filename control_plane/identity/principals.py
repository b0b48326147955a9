"""The authenticated caller."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from control_plane.identity.bounds import KeyBounds
from control_plane.identity.policy import INSTALLATION_ACTIONS, Action, Role, may_grant, permits
from control_plane.kit.scope import Scope


class PrincipalKind(StrEnum):
    """What kind of thing acts."""

    API_KEY = "api_key"
    MEMBER = "member"
    INSTALLATION_KEY = "installation_key"


@dataclass(frozen=True)
class Principal:
    """Who acts, for which organization, with which role; `id` is also the Kafka user's name.

    `installation_id` is the installation's own organization, of whoever operates it: by a key of
    that organization, which has no role (None), or by a grant beside a role in another one. It
    holds nothing but operators' keys, their grants and what was done with them. `session_id` is the
    session that it acts by, None for a key itself.
    """

    id: str
    kind: PrincipalKind
    organization_id: str
    cluster_id: str | None
    role: Role | None
    expires_at: datetime | None = None
    bounds: KeyBounds | None = None
    installation_id: str | None = None
    session_id: str | None = None

    @property
    def scope(self) -> Scope:
        """The rows that exist for this principal."""
        return Scope(self.organization_id, self.cluster_id)

    def may(self, action: Action) -> bool:
        if self.bounds is not None and not self.bounds.permit(action):
            return False
        if self.operates and action in INSTALLATION_ACTIONS:
            return permits(None, action, cluster_scoped=False)
        return permits(self.role, action, cluster_scoped=self.cluster_id is not None)

    @property
    def operates(self) -> bool:
        """Whether this is an operator of the installation."""
        return self.installation_id is not None

    def may_grant(self, role: Role | None) -> bool:
        """Whether it may give `role` to another; None makes an operator of the installation."""
        return self.operates if role is None else may_grant(self.role, role)
