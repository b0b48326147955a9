"""Who there is after a first start, and after the next ones."""

from pathlib import Path

from api.embedded.first_start import ensure_owner
from api.embedded.installation import open_installation
from control_plane.audit.repository import Filter
from control_plane.identity.errors import CredentialsInvalidError
from control_plane.identity.policy import Action, Role
from control_plane.identity.principals import Principal, PrincipalKind
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope
from tests.fixtures.service import Service

GRANT = Action.INSTALLATION_OPERATORS_GRANT.value


def principal(service: Service, secret: str | None) -> Principal:
    if secret is None:
        raise CredentialsInvalidError
    return service.core.authenticator.authenticate(secret)


def test_the_first_key_is_an_owners_and_operates_by_a_grant(
    sqlite_service: Service, tmp_path: Path
) -> None:
    service, core = sqlite_service, sqlite_service.core
    installation = open_installation(tmp_path / "data", service.clock)
    owner = ensure_owner(core, installation)
    first = principal(service, owner.api_key)
    assert (first.kind, first.role, first.operates) == (PrincipalKind.API_KEY, Role.OWNER, True)
    apart = principal(service, owner.operator_api_key)
    assert (apart.kind, apart.role) == (PrincipalKind.INSTALLATION_KEY, None)
    assert apart.organization_id == first.installation_id != first.organization_id
    home = Scope(apart.organization_id)
    with core.database.snapshot() as session:
        events = core.audit.list(session, home, Filter(), PageRequest(10)).items
    assert [(event.action, event.resource_id) for event in events] == [(GRANT, first.id)]


def test_a_grant_that_was_taken_back_stays_so(sqlite_service: Service, tmp_path: Path) -> None:
    service, core = sqlite_service, sqlite_service.core
    installation = open_installation(tmp_path / "data", service.clock)
    first = principal(service, ensure_owner(core, installation).api_key)
    with core.database.transaction() as session:
        core.operators.revoke(session, first.id)
    again = ensure_owner(core, installation)
    assert not again.is_new
    found = principal(service, again.api_key)
    assert (found.id, found.role, found.operates) == (first.id, Role.OWNER, False)
