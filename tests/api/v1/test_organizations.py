from control_plane.identity.policy import Role
from tests.fixtures.service import Service


def test_everybody_sees_their_own(service: Service) -> None:
    organization_id = service.add_organization("own")
    service.add_organization("other")
    client = service.client(service.add_key(organization_id, Role.BILLING))
    listed = client.get("/v1/organizations").json()["items"]
    assert [organization["id"] for organization in listed] == [organization_id]
    assert client.get(f"/v1/organizations/{organization_id}").status_code == 200


def test_an_owner_renames_it(service: Service) -> None:
    organization_id = service.add_organization("own")
    path = f"/v1/organizations/{organization_id}"
    owner = service.client(service.add_key(organization_id))
    assert owner.patch(path, json={"name": "Weir"}).json()["name"] == "Weir"
    assert owner.get(path).json()["name"] == "Weir"
    admin = service.client(service.add_key(organization_id, Role.ADMIN))
    assert admin.patch(path, json={"name": "Lock"}).status_code == 403
