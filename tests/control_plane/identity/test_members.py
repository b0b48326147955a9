import pytest

from control_plane.identity.errors import MemberExistsError, PermissionDeniedError
from control_plane.identity.models import Member
from control_plane.identity.policy import Role
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope
from tests.fixtures.service import Service


def add(service: Service, scope: Scope, email: str, granted_by: Role | None = None) -> Member:
    with service.core.database.transaction() as session:
        return service.core.members.create(
            session, scope, email=email, name="Ada", role=Role.OWNER, granted_by=granted_by
        )


class TestCreate:
    def test_an_address_joins_once_however_it_is_written(self, service: Service) -> None:
        scope = Scope(service.add_organization())
        assert add(service, scope, "Ada@Example.com").email == "ada@example.com"
        with pytest.raises(MemberExistsError):
            add(service, scope, "ada@example.COM")

    def test_an_address_may_join_several_organizations(self, service: Service) -> None:
        for _ in range(2):
            add(service, Scope(service.add_organization()), "ada@example.com")

    def test_gives_no_role_above_the_callers(self, service: Service) -> None:
        with pytest.raises(PermissionDeniedError):
            add(service, Scope(service.add_organization()), "a@b", Role.DEVELOPER)


class TestList:
    def test_shows_the_members_of_one_organization_alone(self, service: Service) -> None:
        mine, theirs = Scope(service.add_organization()), Scope(service.add_organization())
        own = add(service, mine, "ada@example.com")
        add(service, theirs, "eve@example.com")
        with service.core.database.snapshot() as session:
            found = service.core.members.list(session, mine, PageRequest())
        assert [member.id for member in found.items] == [own.id]

    def test_shows_nothing_to_a_scope_of_one_cluster(self, service: Service) -> None:
        organization_id = service.add_organization()
        add(service, Scope(organization_id), "ada@example.com")
        scope = Scope(organization_id, service.add_cluster(organization_id))
        with service.core.database.snapshot() as session:
            assert service.core.members.list(session, scope, PageRequest()).items == []
