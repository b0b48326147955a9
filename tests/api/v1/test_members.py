import pytest

from control_plane.identity.policy import Role
from tests.fixtures.service import Service

ADA = {"email": "Ada@Example.com", "name": "Ada", "role": "owner"}


class TestMembers:
    def test_an_owner_adds_and_lists_them(self, service: Service) -> None:
        client = service.new_client()
        made = client.post("/v1/members", json=ADA)
        assert made.status_code == 201
        assert made.json()["email"] == "ada@example.com"
        assert client.get("/v1/members").json()["items"] == [made.json()]

    def test_an_address_is_taken_once(self, service: Service) -> None:
        client = service.new_client()
        client.post("/v1/members", json=ADA)
        again = client.post("/v1/members", json={**ADA, "email": "ADA@example.com"})
        assert again.status_code == 409
        assert again.json()["code"] == "member_email_taken"

    def test_an_admin_makes_no_owner(self, service: Service) -> None:
        response = service.new_client(Role.ADMIN).post("/v1/members", json={**ADA, "role": "owner"})
        assert response.status_code == 403

    def test_a_developer_adds_nobody(self, service: Service) -> None:
        assert service.new_client(Role.DEVELOPER).post("/v1/members", json=ADA).status_code == 403

    @pytest.mark.parametrize("email", ["", "ada", "@", "a@", "@b", "a b@c", "a@b@c", "a@b\n"])
    def test_what_is_no_address_is_refused(self, sqlite_service: Service, email: str) -> None:
        response = sqlite_service.new_client().post("/v1/members", json={**ADA, "email": email})
        assert (response.status_code == 201) == (email.strip() == "a@b")
