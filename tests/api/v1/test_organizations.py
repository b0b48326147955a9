import pytest
from fastapi.testclient import TestClient

from control_plane.identity.policy import Role
from tests.fixtures.service import Service


@pytest.fixture
def operator(service: Service) -> TestClient:
    return service.new_client(Role.OPERATOR)


class TestCreate:
    def test_answers_with_an_owners_key_that_works(
        self, service: Service, operator: TestClient
    ) -> None:
        response = operator.post("/v1/organizations", json={"name": "  Mill Street "})
        assert response.status_code == 201
        made = response.json()
        assert made["name"] == "Mill Street"
        caller = service.client(made["api_key"]).get("/v1/whoami").json()
        assert caller["organization_id"] == made["id"]
        assert caller["id"] == made["api_key_id"]
        assert caller["role"] == "owner"

    @pytest.mark.parametrize("role", [Role.OWNER, Role.DEVELOPER])
    def test_only_an_operator_may(self, service: Service, role: Role) -> None:
        response = service.new_client(role).post("/v1/organizations", json={"name": "n"})
        assert response.status_code == 403
        assert response.json()["code"] == "permission_denied"

    def test_a_retry_makes_one_organization(self, operator: TestClient) -> None:
        replies = [
            operator.post(
                "/v1/organizations", json={"name": "n"}, headers={"Idempotency-Key": "k"}
            ).json()
            for _ in range(2)
        ]
        assert replies[0] == replies[1]
        assert len(operator.get("/v1/organizations").json()["items"]) == 2


class TestRead:
    def test_an_operator_sees_all_of_them(self, service: Service, operator: TestClient) -> None:
        other = service.add_organization("other")
        listed = operator.get("/v1/organizations").json()["items"]
        assert other in [organization["id"] for organization in listed]
        assert operator.get(f"/v1/organizations/{other}").json()["name"] == "other"

    def test_everybody_else_sees_their_own(self, service: Service) -> None:
        organization_id = service.add_organization("own")
        service.add_organization("other")
        client = service.client(service.add_key(organization_id, Role.DEVELOPER))
        listed = client.get("/v1/organizations").json()["items"]
        assert [organization["id"] for organization in listed] == [organization_id]
        assert client.get(f"/v1/organizations/{organization_id}").status_code == 200
