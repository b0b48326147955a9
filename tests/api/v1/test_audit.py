"""The audit log over HTTP: one event for every mutating or denied call."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from control_plane.identity.policy import Action, Role, permits
from headrace import audit_chain
from tests.api.authorization.routes import all_routes
from tests.fixtures.service import Service

EVENTS, EXPORT = "/v1/audit/events", "/v1/audit/events:export"


@pytest.fixture
def owner(service: Service) -> TestClient:
    return service.new_client()


def events(client: TestClient, **wanted: Any) -> list[dict[str, Any]]:
    answer = client.get(EVENTS, params=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


class TestEvents:
    def test_a_change_leaves_one(self, owner: TestClient) -> None:
        body = {"name": "loader", "role": "viewer"}
        made = owner.post("/v1/api-keys", json=body)
        (event,) = events(owner)
        assert event["action"] == "api_keys.create"
        assert event["resource_id"] == made.json()["id"]
        assert event["outcome"] == "succeeded"
        assert event["actor"] == {
            "id": owner.get("/v1/whoami").json()["id"],
            "kind": "api_key",
            "role": "owner",
            "address": "127.0.0.1",
        }
        assert event["request"] == {
            "id": made.headers["x-request-id"],
            "operation": "create_api_key",
            "method": "POST",
            "path": "/v1/api-keys",
        }
        assert event["details"] == {"body": body}
        assert event["result"] == {"status": 201}
        assert made.json()["secret"] not in json.dumps(event)

    def test_a_refused_change_leaves_one_that_says_so(self, owner: TestClient) -> None:
        owner.patch("/v1/members/u_none", json={"role": "viewer"})
        owner.post("/v1/members", json={"email": "no address"})
        found = events(owner)
        assert [event["result"].get("code") for event in found] == [None, "member_not_found"]
        assert [event["result"]["status"] for event in found] == [422, 404]
        assert {event["outcome"] for event in found} == {"refused"}

    def test_whoever_is_denied_leaves_one_even_for_looking(self, service: Service) -> None:
        organization_id = service.add_organization()
        billing = service.client(service.add_key(organization_id, Role.BILLING))
        billing.get("/v1/clusters")
        billing.post("/v1/clusters", json={"name": "n", "plan": "dev"})
        owner = service.client(service.add_key(organization_id))
        found = events(owner, outcome="denied")
        assert [event["action"] for event in found] == ["clusters.create", "clusters.read"]
        assert {event["result"]["code"] for event in found} == {"permission_denied"}

    def test_looking_and_rehearsing_leave_none(self, sqlite_service: Service) -> None:
        organization_id = sqlite_service.add_organization()
        cluster_id = sqlite_service.add_cluster(organization_id)
        owner = sqlite_service.client(sqlite_service.add_key(organization_id))
        owner.get("/v1/api-keys")
        owner.delete(f"/v1/clusters/{cluster_id}?dry_run=true")
        assert events(owner) == []

    def test_a_retry_with_its_key_says_that_nothing_was_done_again(self, owner: TestClient) -> None:
        for _ in range(2):
            owner.post("/v1/api-keys", json={"name": "n"}, headers={"Idempotency-Key": "k"})
        results = [event["result"] for event in events(owner)]
        assert results == [{"status": 201, "replayed": True}, {"status": 201}]

    def test_every_mutating_route_leaves_one(self, sqlite_service: Service) -> None:
        client = sqlite_service.new_client(Role.BILLING)
        mutating = [
            route
            for route in all_routes()
            if not route.action.endswith(".read") and route.path.startswith("/v1/")
        ]
        for route in mutating:
            sqlite_service.clock.advance(5)
            path = route.path.replace("{", "").replace("}", "")
            is_denied = client.request(route.method, path, json={}).status_code == 403
            assert is_denied != permits(Role.BILLING, Action(route.action), cluster_scoped=False)
        organization_id = client.get("/v1/whoami").json()["organization_id"]
        owner = sqlite_service.client(sqlite_service.add_key(organization_id))
        found = events(owner, page_size=100)
        named = [event["request"]["operation"] for event in reversed(found)]
        assert named == [route.name for route in mutating]
        assert len(named) > 10


class TestFinding:
    def test_by_what_one_looks_for(self, service: Service, owner: TestClient) -> None:
        owner.post("/v1/api-keys", json={"name": "n", "role": "viewer"})
        service.clock.advance(60)
        middle = service.clock.now().isoformat().replace("+00:00", "Z")
        owner.post("/v1/members", json={"email": "a@b", "name": "Ada"})
        member = events(owner, action="members.create")[0]["resource_id"]
        assert [event["sequence"] for event in events(owner, resource_id=member)] == [2]
        assert [event["sequence"] for event in events(owner, since=middle)] == [2]
        assert [event["sequence"] for event in events(owner, until=middle)] == [1]
        assert events(owner, actor_id="hk_none") == []
        assert owner.get(EVENTS, params={"since": middle, "until": middle}).status_code == 422

    def test_page_after_page_newest_first(self, owner: TestClient) -> None:
        for _ in range(3):
            owner.post("/v1/api-keys", json={"name": "n", "role": "viewer"})
        first = owner.get(EVENTS, params={"page_size": 2}).json()
        assert [event["sequence"] for event in first["items"]] == [3, 2]
        token = first["next_page_token"]
        rest = owner.get(EVENTS, params={"page_size": 2, "page_token": token}).json()
        assert [event["sequence"] for event in rest["items"]] == [1]
        assert rest["next_page_token"] is None
        for wrong in ("x", "WyJhIl0", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ"):
            assert owner.get(EVENTS, params={"page_token": wrong}).status_code == 422

    def test_others_see_nothing_of_it(self, service: Service, owner: TestClient) -> None:
        owner.post("/v1/api-keys", json={"name": "n", "role": "viewer"})
        stranger = service.new_client()
        assert events(stranger) == []
        assert stranger.get(EXPORT).text == ""


class TestExport:
    def test_can_be_checked_by_itself(self, owner: TestClient) -> None:
        for name in ("one", "Mühle", "three"):
            owner.post("/v1/api-keys", json={"name": name, "role": "viewer"})
        answer = owner.get(EXPORT)
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = answer.content.splitlines()
        verdict = audit_chain.verify(lines)
        assert (verdict.holds, verdict.events) == (True, 3)
        told = owner.get("/v1/audit/verification").json()
        assert (told["holds"], told["is_complete"], told["hash"]) == (True, True, verdict.hash)
        forged = lines[1].replace(b"api_keys.create", b"api_keys.revoke")
        assert audit_chain.verify([lines[0], forged, lines[2]]).broken_at == 2
        assert audit_chain.verify([lines[0], lines[2]]).broken_at == 2
        assert audit_chain.verify([b"[]"]).broken_at == 1

    def test_part_after_part(self, owner: TestClient) -> None:
        for _ in range(3):
            owner.post("/v1/api-keys", json={"name": "n", "role": "viewer"})
        parts = [
            owner.get(EXPORT, params={"after": after, "limit": 2}).content.splitlines()
            for after in (0, 2, 3)
        ]
        assert [[audit_chain.sequence_of(line) for line in part] for part in parts] == [
            [1, 2],
            [3],
            [],
        ]
