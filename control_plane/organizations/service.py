"""Rules of organizations."""

from sqlalchemy.orm import Session

from control_plane.kit.clock import Clock
from control_plane.kit.ids import new_id
from control_plane.kit.pagination import Page, PageRequest
from control_plane.organizations import repository
from control_plane.organizations.errors import OrganizationNotFoundError
from control_plane.organizations.models import Organization

INSTALLATION_NAME = "Operators of this installation"


class OrganizationService:
    """Makes and finds organizations.

    `visible_to` is the organization whose rows the caller may see, None for an operator, who
    sees all of them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def create(self, session: Session, *, name: str) -> Organization:
        organization = Organization(id=new_id("org"), name=name, created_at=self._clock.now())
        session.add(organization)
        session.flush()
        return organization

    def installation(self, session: Session) -> Organization:
        """Return the installation's own organization, making it if there is none yet."""
        found = repository.find_installation(session)
        if found is None:
            found = Organization(
                id=new_id("org"),
                name=INSTALLATION_NAME,
                is_installation=True,
                created_at=self._clock.now(),
            )
            session.add(found)
            session.flush()
        return found

    def get(
        self, session: Session, organization_id: str, *, visible_to: str | None
    ) -> Organization:
        """Return the organization; raise OrganizationNotFoundError if absent or not visible."""
        visible = visible_to is None or visible_to == organization_id
        organization = repository.find(session, organization_id) if visible else None
        if organization is None or (visible_to is None and organization.is_installation):
            raise OrganizationNotFoundError("there is no such organization")
        return organization

    def rename(self, session: Session, organization_id: str, *, name: str) -> Organization:
        """Give the caller's organization another name; raise OrganizationNotFoundError."""
        organization = self.get(session, organization_id, visible_to=organization_id)
        organization.name = name
        session.flush()
        return organization

    def list(
        self, session: Session, page: PageRequest, *, visible_to: str | None
    ) -> Page[Organization]:
        return repository.list_page(session, visible_to, page)
