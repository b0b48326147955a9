from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.routes import described_routes
from api.v1.router import ManagementRoute
from control_plane.identity.policy import Role
from control_plane.kit.idempotency import KEPT_SECONDS
from tests.fixtures.service import Service

CALLERS = 6


def create(client: TestClient, name: str = "n", key: str = "key-1") -> Response:
    return client.post("/v1/api-keys", json={"name": name}, headers={"Idempotency-Key": key})


def count(client: TestClient) -> int:
    return len(client.get("/v1/api-keys").json()["items"])


class TestReplay:
    def test_the_same_request_gets_the_same_reply_and_does_nothing(self, service: Service) -> None:
        client = service.new_client()
        first, second = create(client), create(client)
        assert first.status_code == second.status_code == 201
        assert first.json() == second.json()
        assert "idempotency-replayed" not in first.headers
        assert second.headers["idempotency-replayed"] == "true"
        assert count(client) == 2

    def test_another_body_is_refused(self, service: Service) -> None:
        client = service.new_client()
        create(client)
        response = create(client, name="other")
        assert response.status_code == 422
        assert response.json()["code"] == "idempotency_key_reused"

    def test_another_path_is_refused(self, service: Service) -> None:
        client = service.new_client()
        create(client)
        response = client.post(
            "/v1/members", json={"name": "n"}, headers={"Idempotency-Key": "key-1"}
        )
        assert response.json()["code"] == "idempotency_key_reused"

    def test_another_caller_never_gets_the_reply(self, service: Service) -> None:
        organization_id = service.add_organization()
        owner = service.client(service.add_key(organization_id))
        developer = service.client(service.add_key(organization_id, Role.DEVELOPER))
        create(owner)
        response = create(developer)
        assert response.status_code == 422
        assert "secret" not in response.json()

    def test_another_organization_has_keys_of_its_own(self, service: Service) -> None:
        replies = [create(service.new_client()) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [201, 201]
        assert replies[0].json()["id"] != replies[1].json()["id"]

    def test_after_a_day_the_key_is_free_again(self, service: Service) -> None:
        client = service.new_client()
        first = create(client)
        service.clock.advance(KEPT_SECONDS)
        assert create(client).json()["id"] != first.json()["id"]

    def test_an_error_frees_the_key(self, service: Service) -> None:
        client = service.new_client()
        refused = client.post(
            "/v1/api-keys",
            json={"cluster_id": "lkc_none"},
            headers={"Idempotency-Key": "key-1"},
        )
        assert refused.status_code == 404
        assert create(client).status_code == 201

    def test_of_many_at_once_one_does_the_work(self, service: Service) -> None:
        client = service.new_client()
        with ThreadPoolExecutor(CALLERS) as pool:
            calls = [pool.submit(create, client) for _ in range(CALLERS)]
        replies = [call.result() for call in calls]
        made = [reply for reply in replies if reply.status_code == 201]
        rest = [reply for reply in replies if reply.status_code != 201]
        assert made
        assert len({reply.json()["id"] for reply in made}) == 1
        assert {reply.json()["code"] for reply in rest} <= {"idempotency_key_in_flight"}
        assert count(client) == 2


class TestKey:
    @pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\x7f"])
    def test_malformed_is_refused(self, sqlite_service: Service, key: str) -> None:
        response = create(sqlite_service.new_client(), key=key)
        assert response.status_code == 422
        assert response.json()["code"] == "idempotency_key_invalid"

    def test_sent_twice_is_refused(self, sqlite_service: Service) -> None:
        response = sqlite_service.new_client().post(
            "/v1/api-keys", json={}, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        )
        assert response.json()["code"] == "idempotency_key_invalid"


class TestCoverage:
    def test_every_post_under_v1_takes_a_key(self) -> None:
        posts = [
            route
            for route in described_routes()
            if "POST" in (route.methods or ()) and route.path.startswith("/v1/")
        ]
        assert posts
        assert [route.path for route in posts if not isinstance(route, ManagementRoute)] == []
