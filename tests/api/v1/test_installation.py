"""Operators of the installation are a kind of principal of their own, with routes of their own."""

import pytest
from fastapi.testclient import TestClient

from control_plane.identity.policy import Role
from control_plane.kit.ids import new_id
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope
from tests.fixtures.service import Service

ORGANIZATIONS = "/v1/installation/organizations"
KEYS = "/v1/installation/api-keys"
GRANTS = "/v1/installation/operators"


@pytest.fixture
def operator(service: Service) -> TestClient:
    return service.client(service.add_operator())


class TestOrganizations:
    def test_are_made_with_an_owners_key_that_works(
        self, service: Service, operator: TestClient
    ) -> None:
        response = operator.post(ORGANIZATIONS, json={"name": "  Mill Street "})
        assert response.status_code == 201
        made = response.json()
        assert made["name"] == "Mill Street"
        caller = service.client(made["api_key"]).get("/v1/whoami").json()
        assert caller["organization_id"] == made["id"]
        assert caller["id"] == made["api_key_id"]
        assert caller["role"] == "owner"

    @pytest.mark.parametrize("role", list(Role))
    def test_are_made_by_no_role_of_an_organization(
        self, sqlite_service: Service, role: Role
    ) -> None:
        response = sqlite_service.new_client(role).post(ORGANIZATIONS, json={"name": "n"})
        assert response.status_code == 403
        assert response.json()["code"] == "permission_denied"

    def test_a_retry_makes_one(self, operator: TestClient) -> None:
        replies = [
            operator.post(
                ORGANIZATIONS, json={"name": "n"}, headers={"Idempotency-Key": "k"}
            ).json()
            for _ in range(2)
        ]
        assert replies[0] == replies[1]
        assert len(operator.get(ORGANIZATIONS).json()["items"]) == 1

    def test_all_are_seen_but_the_operators_own(
        self, service: Service, operator: TestClient
    ) -> None:
        made = {service.add_organization("one"), service.add_organization("two")}
        listed = operator.get(ORGANIZATIONS).json()["items"]
        assert {organization["id"] for organization in listed} == made
        own = operator.get("/v1/whoami").json()["organization_id"]
        for organization_id in (own, new_id("org")):
            answer = operator.get(f"{ORGANIZATIONS}/{organization_id}")
            assert answer.status_code == 404
            assert answer.json()["code"] == "organization_not_found"
        assert operator.get(f"{ORGANIZATIONS}/{made.pop()}").status_code == 200


class TestGrants:
    def test_an_owners_key_operates_too_until_it_is_taken_back(
        self, service: Service, operator: TestClient
    ) -> None:
        organization_id = service.add_organization()
        secret = service.add_key(organization_id)
        owner = service.client(secret)
        principal_id = owner.get("/v1/whoami").json()["id"]
        assert owner.get(ORGANIZATIONS).status_code == 403
        granted = operator.put(f"{GRANTS}/{principal_id}").json()
        assert granted["holder_organization_id"] == organization_id
        assert granted["granted_by"] == operator.get("/v1/whoami").json()["id"]
        assert operator.get(GRANTS).json()["items"] == [granted]
        assert owner.post(ORGANIZATIONS, json={"name": "made"}).status_code == 201
        caller = owner.get("/v1/whoami").json()
        assert (caller["role"], caller["operates"]) == ("owner", True)
        assert owner.get("/v1/clusters").status_code == 200
        assert operator.delete(f"{GRANTS}/{principal_id}").status_code == 200
        assert owner.get(ORGANIZATIONS).status_code == 403
        assert owner.get("/v1/clusters").status_code == 200
        again = operator.delete(f"{GRANTS}/{principal_id}")
        assert (again.status_code, again.json()["code"]) == (404, "operator_not_found")

    def test_what_its_holder_does_stands_in_the_log_of_the_installation(
        self, sqlite_service: Service
    ) -> None:
        owner = sqlite_service.new_client()
        principal_id = owner.get("/v1/whoami").json()["id"]
        assert owner.post(ORGANIZATIONS, json={"name": "denied"}).status_code == 403
        sqlite_service.let_operate(principal_id)
        sqlite_service.core.authenticator.forget(principal_id)
        made = owner.post(ORGANIZATIONS, json={"name": "made"}).json()["id"]
        own = owner.get("/v1/audit/events").json()["items"]
        assert [(event["action"], event["outcome"]) for event in own] == [
            ("installation.organizations.create", "denied")
        ]
        installation = owner.get("/v1/installation/audit/events").json()["items"]
        assert [(event["actor"]["id"], event["resource_id"]) for event in installation] == [
            (principal_id, made)
        ]
        assert owner.get("/v1/installation/audit/verification").json()["holds"]
        exported = owner.get("/v1/installation/audit/events:export").text.splitlines()
        assert len(exported) == 1

    def test_members_sign_in_with_theirs_and_lose_it_when_they_go(
        self, sqlite_service: Service
    ) -> None:
        service, core = sqlite_service, sqlite_service.core
        organization_id = service.add_organization()
        service.add_member(organization_id)
        member_id = service.add_member(organization_id)
        service.let_operate(member_id)
        scope = Scope(organization_id)
        with core.database.transaction() as session:
            member = core.members.get(session, scope, member_id)
            token = core.sessions.issue_sign_in(session, member)
            cookie = core.sessions.sign_in(session, token).cookie_value
        assert core.session_authenticator.authenticate(cookie).operates
        with core.database.transaction() as session:
            core.members.remove(session, scope, member_id, removed_by=Role.OWNER)
            home = Scope(core.organizations.installation(session).id)
            assert core.operators.list(session, home, PageRequest(10)).items == []

    @pytest.mark.parametrize("kind", ["nothing", "an operator's key", "a revoked key"])
    def test_are_given_to_who_is_there_and_has_none(
        self, sqlite_service: Service, kind: str
    ) -> None:
        operator = sqlite_service.client(sqlite_service.add_operator())
        principal_id = new_id("hk")
        if kind == "an operator's key":
            principal_id = operator.get("/v1/whoami").json()["id"]
        if kind == "a revoked key":
            owner = sqlite_service.new_client()
            principal_id = owner.get("/v1/whoami").json()["id"]
            owner.delete(f"/v1/api-keys/{principal_id}")
        answer = operator.put(f"{GRANTS}/{principal_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "operator_not_found")


class TestKeys:
    def test_live_until_they_are_revoked(self, service: Service, operator: TestClient) -> None:
        made = operator.post(KEYS, json={"name": "night shift"}).json()
        colleague = service.client(made["secret"])
        assert colleague.get("/v1/whoami").json() | {"role": "?"} == {
            "id": made["id"],
            "kind": "installation_key",
            "organization_id": operator.get("/v1/whoami").json()["organization_id"],
            "cluster_id": None,
            "role": "?",
            "expires_at": None,
            "operates": True,
        }
        assert made["id"] in [key["id"] for key in operator.get(KEYS).json()["items"]]
        assert operator.delete(f"{KEYS}/{made['id']}").json()["revoked_at"] is not None
        assert colleague.get("/v1/whoami").status_code == 401

    def test_reach_nothing_of_organizations(self, sqlite_service: Service) -> None:
        operator = sqlite_service.client(sqlite_service.add_operator())
        organization_id = sqlite_service.add_organization()
        cluster_id = sqlite_service.add_cluster(organization_id)
        for path in ("clusters", f"clusters/{cluster_id}", "members", "api-keys", "organizations"):
            assert operator.get(f"/v1/{path}").status_code == 403

    def test_do_not_sign_in_to_the_console(self, sqlite_service: Service) -> None:
        secret = sqlite_service.add_operator()
        answer = sqlite_service.client().post("/console/session", json={"api_key": secret})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers

    def test_of_organizations_are_out_of_reach(self, sqlite_service: Service) -> None:
        operator = sqlite_service.client(sqlite_service.add_operator())
        owner = sqlite_service.new_client()
        key_id = owner.get("/v1/whoami").json()["id"]
        for api_key_id in (key_id, new_id("hk")):
            answer = operator.delete(f"{KEYS}/{api_key_id}")
            assert (answer.status_code, answer.json()["code"]) == (404, "api_key_not_found")
        assert owner.get("/v1/whoami").status_code == 200
