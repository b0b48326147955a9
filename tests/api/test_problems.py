from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import update

from api.limits import BODY_BYTES_MAX
from control_plane.identity.models import Member
from tests.fixtures.databases import take_away
from tests.fixtures.service import Service

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(sqlite_service: Service) -> TestClient:
    return sqlite_service.new_client()


def problem(response: Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"urn:headrace:problem:{code}"
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["title"]
    assert body["detail"]
    return body


class TestShape:
    def test_unknown_route(self, client: TestClient) -> None:
        body = problem(client.get("/v2/nothing"), 404, "route_not_found")
        assert body["instance"] == "/v2/nothing"

    def test_wrong_method(self, client: TestClient) -> None:
        response = client.put("/v1/api-keys", json={})
        problem(response, 405, "method_not_allowed")
        assert response.headers["allow"]

    def test_every_wrong_field_is_named(self, client: TestClient) -> None:
        response = client.post(
            "/v1/members", json={"email": "nobody", "role": "king", "organization_id": "org_x"}
        )
        body = problem(response, 422, "request_invalid")
        assert {error["field"] for error in body["errors"]} == {
            "body.email",
            "body.name",
            "body.role",
            "body.organization_id",
        }

    @pytest.mark.parametrize(
        "content",
        [
            b"{",
            b"",
            b"nothing",
            b"\xff\xfe",
            b'{"name": "\xff"}',
            b"[" * 100_000,
            b'{"n":' * 50_000,
            b'{"name": ' + b"1" * 10_000 + b"}",
            b'{"name": "\\ud800"}',
            b'{"name": NaN}',
            b"[]",
            b"null",
            b'"text"',
        ],
    )
    def test_malformed_bodies(self, client: TestClient, content: bytes) -> None:
        response = client.post("/v1/api-keys", content=content, headers=JSON)
        assert response.status_code in (400, 422)
        problem(
            response,
            response.status_code,
            "body_malformed" if response.status_code == 400 else "request_invalid",
        )

    def test_body_that_is_not_declared_as_json(self, client: TestClient) -> None:
        response = client.post(
            "/v1/api-keys", content=b"{}", headers={"Content-Type": "text/plain"}
        )
        problem(response, 415, "content_type_unsupported")

    @pytest.mark.parametrize("query", ["page_size=0", "page_size=101", "page_size=x"])
    def test_page_size_is_bounded(self, client: TestClient, query: str) -> None:
        problem(client.get(f"/v1/api-keys?{query}"), 422, "request_invalid")

    @pytest.mark.parametrize("token", ["x", "bm90aGluZw", "W10"])
    def test_page_token_of_nowhere(self, client: TestClient, token: str) -> None:
        problem(client.get(f"/v1/api-keys?page_token={token}"), 422, "page_token_invalid")

    @pytest.mark.parametrize("name", ["", " ", "a\x00b", "a\nb", "x" * 101])
    def test_names_that_can_not_be(self, client: TestClient, name: str) -> None:
        problem(client.post("/v1/api-keys", json={"name": name}), 422, "request_invalid")

    def test_a_defect_shows_its_request_id_and_nothing_else(self, sqlite_service: Service) -> None:
        client = sqlite_service.new_client()
        client.post("/v1/members", json={"email": "ada@example.com", "name": "Ada"})
        with sqlite_service.core.database.transaction() as session:
            session.execute(update(Member).values(role="canary"))
        body = problem(client.get("/v1/members"), 500, "internal_error")
        assert "canary" not in str(body)
        assert client.get("/v1/whoami").status_code == 200

    def test_a_database_that_is_away_is_no_defect(
        self, sqlite_service: Service, sqlite_url: str
    ) -> None:
        client = sqlite_service.new_client()
        assert client.get("/v1/members").status_code == 200
        take_away(sqlite_service.core.database, sqlite_url)
        response = client.get("/v1/members")
        problem(response, 503, "database_unavailable")
        assert response.headers["retry-after"]
        assert client.get("/v1/whoami").status_code == 200


class TestTarget:
    @pytest.mark.parametrize("path", ["/v1/api-keys/%00", "/v1/api-keys?cluster_id=%00", "/%0a"])
    def test_control_characters_are_refused(self, client: TestClient, path: str) -> None:
        problem(client.get(path), 400, "request_target_invalid")

    @pytest.mark.parametrize("host", ["evil.example", "", "localhost.evil.example", "127.0.0.2"])
    def test_foreign_hosts_are_refused(self, client: TestClient, host: str) -> None:
        response = client.get("/v1/whoami", headers={"Host": host})
        problem(response, 421, "host_unknown")

    @pytest.mark.parametrize("host", ["localhost", "localhost:8642", "127.0.0.1:1", "[::1]:8642"])
    def test_own_hosts_are_served(self, client: TestClient, host: str) -> None:
        assert client.get("/v1/whoami", headers={"Host": host}).status_code == 200


class TestBodyLimit:
    def test_a_declared_length_over_the_limit_is_refused_unread(self, client: TestClient) -> None:
        response = client.post(
            "/v1/api-keys", content=b"{}", headers={**JSON, "Content-Length": str(2**62)}
        )
        problem(response, 413, "body_too_large")

    def test_a_body_without_a_length_is_refused_when_it_exceeds(self, client: TestClient) -> None:
        chunk = b" " * 65536
        count = BODY_BYTES_MAX // len(chunk)
        response = client.post(
            "/v1/api-keys", content=(chunk for _ in range(count + 1)), headers=JSON
        )
        problem(response, 413, "body_too_large")

    def test_a_body_of_the_limit_is_read(self, client: TestClient) -> None:
        content = b'{"name": "n"}'.ljust(BODY_BYTES_MAX)
        assert client.post("/v1/api-keys", content=content, headers=JSON).status_code == 201

    @pytest.mark.parametrize("length", ["-1", "x", "1e3"])
    def test_a_malformed_length_is_refused(self, client: TestClient, length: str) -> None:
        response = client.post(
            "/v1/api-keys", content=b"{}", headers={**JSON, "Content-Length": length}
        )
        problem(response, 413, "body_too_large")
