"""The authenticated caller."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from control_plane.identity.bounds import KeyBounds
from control_plane.identity.policy import Action, Role, permits
from control_plane.kit.scope import Scope


class PrincipalKind(StrEnum):
    """What kind of thing acts."""

    API_KEY = "api_key"
    MEMBER = "member"
    INSTALLATION_KEY = "installation_key"


@dataclass(frozen=True)
class Principal:
    """Who acts, for which organization, with which role; `id` is also the Kafka user's name.

    The role of the installation's operators is None. They belong to an organization of their own,
    which holds nothing but their keys and what was done with them.
    """

    id: str
    kind: PrincipalKind
    organization_id: str
    cluster_id: str | None
    role: Role | None
    expires_at: datetime | None = None
    bounds: KeyBounds | None = None

    @property
    def scope(self) -> Scope:
        """The rows that exist for this principal."""
        return Scope(self.organization_id, self.cluster_id)

    def may(self, action: Action) -> bool:
        if self.bounds is not None and not self.bounds.permit(action):
            return False
        return permits(self.role, action, cluster_scoped=self.cluster_id is not None)
