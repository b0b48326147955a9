import pytest

from control_plane.kit.pagination import PageRequest
from control_plane.organizations.errors import OrganizationNotFoundError
from tests.fixtures.service import Service


class TestVisibility:
    def test_an_organization_sees_itself_alone(self, service: Service) -> None:
        mine, theirs = service.add_organization("mine"), service.add_organization("theirs")
        organizations = service.core.organizations
        with service.core.database.snapshot() as session:
            assert organizations.get(session, mine, visible_to=mine).name == "mine"
            with pytest.raises(OrganizationNotFoundError):
                organizations.get(session, theirs, visible_to=mine)
            with pytest.raises(OrganizationNotFoundError):
                organizations.get(session, "org_none", visible_to="org_none")
            listed = organizations.list(session, PageRequest(), visible_to=mine)
        assert [organization.id for organization in listed.items] == [mine]

    def test_an_operator_sees_all(self, service: Service) -> None:
        made = {service.add_organization() for _ in range(3)}
        with service.core.database.snapshot() as session:
            listed = service.core.organizations.list(session, PageRequest(), visible_to=None)
        assert {organization.id for organization in listed.items} == made
