"""Members' roles: given in the organization or in one cluster, changed, and taken."""

import pytest
from sqlalchemy import select

from control_plane.identity.models import Member
from control_plane.identity.policy import Role
from tests.fixtures.service import Service


def test_a_role_in_one_cluster_reaches_that_cluster_alone(service: Service) -> None:
    organization_id = service.add_organization()
    cluster_id = service.add_cluster(organization_id)
    other_id = service.add_cluster(organization_id, "other")
    owner = service.client(service.add_key(organization_id))
    body = {
        "email": "ada@example.com",
        "name": "Ada",
        "role": "operator",
        "cluster_id": cluster_id,
    }
    made = owner.post("/v1/members", json=body).json()
    assert (made["role"], made["cluster_id"]) == ("operator", cluster_id)
    with service.core.database.transaction() as session:
        member = session.scalars(select(Member).where(Member.id == made["id"])).one()
        link = service.core.sessions.issue_sign_in(session, member)
    ada = service.client(base_url="https://localhost")
    ada.get(f"/console/sign-in?token={link}")
    listed = ada.get("/v1/clusters").json()["items"]
    assert [cluster["id"] for cluster in listed] == [cluster_id]
    assert ada.get(f"/v1/clusters/{other_id}").status_code == 404
    assert ada.get("/v1/members").status_code == 403
    deletion = f"/v1/clusters/{cluster_id}?dry_run=true"
    assert ada.delete(deletion).status_code == 200

    changed = owner.patch(f"/v1/members/{made['id']}", json={"role": "viewer"}).json()
    assert (changed["role"], changed["cluster_id"]) == ("viewer", None)
    assert ada.get(f"/v1/clusters/{other_id}").status_code == 200
    assert ada.delete(deletion).status_code == 403

    assert owner.delete(f"/v1/members/{made['id']}").status_code == 200
    assert ada.get("/v1/clusters").status_code == 401
    assert owner.get(f"/v1/members/{made['id']}").status_code == 404


@pytest.mark.parametrize("role", ["owner", "admin", "billing"])
@pytest.mark.parametrize("path", ["/v1/members", "/v1/api-keys"])
def test_roles_of_the_organization_are_not_given_in_a_cluster(
    sqlite_service: Service, path: str, role: str
) -> None:
    organization_id = sqlite_service.add_organization()
    body = {"role": role, "cluster_id": sqlite_service.add_cluster(organization_id), "name": "n"}
    if path == "/v1/members":
        body["email"] = "ada@example.com"
    answer = sqlite_service.client(sqlite_service.add_key(organization_id)).post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "role_scope_invalid")


def test_a_cluster_of_others_is_none(sqlite_service: Service) -> None:
    organization_id = sqlite_service.add_organization()
    foreign = sqlite_service.add_cluster(sqlite_service.add_organization())
    member_id = sqlite_service.add_member(organization_id, Role.VIEWER)
    owner = sqlite_service.client(sqlite_service.add_key(organization_id))
    grant = {"role": "viewer", "cluster_id": foreign}
    assert owner.patch(f"/v1/members/{member_id}", json=grant).status_code == 404
    body = {"email": "eve@example.com", "name": "Eve", **grant}
    assert owner.post("/v1/members", json=body).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_the_last_owner_stays(service: Service, method: str) -> None:
    organization_id = service.add_organization()
    first = service.add_member(organization_id)
    owner = service.client(service.add_key(organization_id))
    body = {"role": "admin"} if method == "PATCH" else None
    answer = owner.request(method, f"/v1/members/{first}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "member_last_owner")
    service.add_member(organization_id)
    assert owner.request(method, f"/v1/members/{first}", json=body).status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_admin_touches_no_owner(sqlite_service: Service, method: str) -> None:
    organization_id = sqlite_service.add_organization()
    owner_id = sqlite_service.add_member(organization_id)
    sqlite_service.add_member(organization_id)
    admin = sqlite_service.client(sqlite_service.add_key(organization_id, Role.ADMIN))
    body = {"role": "viewer"} if method == "PATCH" else None
    assert admin.request(method, f"/v1/members/{owner_id}", json=body).status_code == 403
    viewer_id = sqlite_service.add_member(organization_id, Role.VIEWER)
    body = {"role": "owner"} if method == "PATCH" else None
    expected = 403 if method == "PATCH" else 200
    assert admin.request(method, f"/v1/members/{viewer_id}", json=body).status_code == expected


def test_keys_of_those_who_look_are_no_kafka_users(service: Service) -> None:
    organization_id = service.add_organization()
    cluster_id = service.add_cluster(organization_id)
    for role in (Role.VIEWER, Role.BILLING):
        service.add_key(organization_id, role)
    service.add_key(organization_id, Role.VIEWER, cluster_id)
    developer = service.add_key(organization_id, Role.DEVELOPER, cluster_id)
    with service.core.database.transaction() as session:
        found = service.core.api_keys.cluster_credentials(session, organization_id, cluster_id)
    assert [credential.username.removeprefix("hk_") for credential in found] == [
        developer.split("_")[1]
    ]
