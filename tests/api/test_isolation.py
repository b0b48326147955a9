"""What one organization holds, another can not even tell exists."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.routes import described_routes
from control_plane.identity.policy import Role
from control_plane.identity.secrets import key_id_of
from control_plane.kit.ids import new_id
from control_plane.operations.service import OperationSubject
from tests.fixtures.service import Service

PREFIXES = {
    "organization_id": "org",
    "api_key_id": "hk",
    "cluster_id": "lkc",
    "operation_id": "op",
    "member_id": "u",
}


class Holdings:
    """An organization with one of everything."""

    def __init__(self, service: Service, role: Role = Role.OWNER) -> None:
        self.organization_id = service.add_organization()
        self.cluster_id = service.add_cluster(self.organization_id)
        self.secret = service.add_key(self.organization_id, role)
        self.cluster_secret = service.add_key(self.organization_id, Role.DEVELOPER, self.cluster_id)
        subject = OperationSubject(
            self.organization_id, self.cluster_id, "cluster", self.cluster_id
        )
        with service.core.database.transaction() as session:
            operation = service.core.operations.create(
                session, kind="clusters.create", subject=subject
            )
        self.ids = {
            "organization_id": self.organization_id,
            "api_key_id": str(key_id_of(self.secret)),
            "cluster_id": self.cluster_id,
            "operation_id": operation.id,
            "member_id": service.add_member(self.organization_id),
        }


def body_of(response: Response) -> dict[str, object]:
    varying = ("request_id", "instance")
    return {key: value for key, value in response.json().items() if key not in varying}


def routes_with_ids() -> list[tuple[str, str, str]]:
    """Return method, path and the parameter that names the resource, of every such route."""
    found: list[tuple[str, str, str]] = []
    for route in described_routes():
        for parameter in PREFIXES:
            if "{" + parameter + "}" in route.path and "/installation/" not in route.path:
                found.extend((method, route.path, parameter) for method in route.methods or ())
    return sorted(found)


def call(client: TestClient, method: str, path: str, parameter: str, value: str) -> Response:
    filled = (
        path.replace("{" + parameter + "}", value)
        .replace("{name}", "orders")
        .replace("{topic}", "orders")
        .replace("{topic_name}", "orders")
        .replace("{partition}", "0")
        .replace("{group_id:path}", "readers")
        .replace("{user_name:path}", "importer")
    )
    assert "{" not in filled, f"say what to put into {filled}"
    bodies = {
        ("POST", "/topics"): {"name": "orders", "partitions": 1},
        ("POST", "/records"): {"value": {"data": "x"}},
        ("PATCH", "/topics/{topic_name}"): {"partitions": 2},
        ("PATCH", "/clusters/{cluster_id}"): {"name": "orders"},
        ("POST", "/clusters/{cluster_id}:fork"): {"name": "copy"},
        ("POST", "/groups/{group_id:path}:reset"): {"to": "latest"},
        ("POST", "/access-rules"): {
            "resource_type": "topic",
            "resource_name": "orders",
            "principal": "User:importer",
            "operation": "read",
        },
        ("POST", "/scram-users"): {"name": "importer"},
        ("PATCH", "/scram-users/{user_name:path}"): {},
        ("PATCH", "/quotas"): {
            "entity": [{"type": "user", "name": "importer"}],
            "rates": {"producer_byte_rate": 1024},
        },
        ("POST", "/api-keys/{api_key_id}:rotate"): {},
        ("PATCH", "/members/{member_id}"): {"role": "viewer"},
        ("PATCH", "/organizations/{organization_id}"): {"name": "orders"},
    }
    queries = {("DELETE", "/groups/{group_id:path}/offsets"): {"topic": "orders"}}

    def chosen(choices: dict[tuple[str, str], Any]) -> Any:
        found = (one for (of, end), one in choices.items() if of == method and path.endswith(end))
        return next(found, None)

    return client.request(method, filled, json=chosen(bodies), params=chosen(queries))


class TestForeignIds:
    @pytest.mark.parametrize(("method", "path", "parameter"), routes_with_ids())
    def test_are_answered_exactly_like_ids_of_nothing(
        self, sqlite_service: Service, method: str, path: str, parameter: str
    ) -> None:
        mine, theirs = Holdings(sqlite_service), Holdings(sqlite_service)
        with sqlite_service.client(mine.secret) as client:
            foreign = call(client, method, path, parameter, theirs.ids[parameter])
            absent = call(client, method, path, parameter, new_id(PREFIXES[parameter]))
        assert foreign.status_code == absent.status_code == 404
        assert body_of(foreign) == body_of(absent)

    @pytest.mark.parametrize(("method", "path", "parameter"), routes_with_ids())
    def test_of_the_same_organization_are_hidden_from_keys_of_another_cluster(
        self, sqlite_service: Service, method: str, path: str, parameter: str
    ) -> None:
        holdings = Holdings(sqlite_service)
        other = sqlite_service.add_cluster(holdings.organization_id, "other")
        secret = sqlite_service.add_key(holdings.organization_id, Role.DEVELOPER, other)
        with sqlite_service.client(secret) as client:
            foreign = call(client, method, path, parameter, holdings.ids[parameter])
            absent = call(client, method, path, parameter, new_id(PREFIXES[parameter]))
        assert foreign.status_code == absent.status_code
        assert foreign.status_code in (403, 404)
        assert body_of(foreign) == body_of(absent)

    def test_in_bodies_and_filters(self, service: Service) -> None:
        mine, theirs = Holdings(service), Holdings(service)
        client = service.client(mine.secret)
        answers = [
            client.post("/v1/api-keys", json={"cluster_id": cluster_id})
            for cluster_id in (theirs.cluster_id, new_id("lkc"))
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert body_of(answers[0]) == body_of(answers[1])
        for path in (
            f"/v1/api-keys?cluster_id={theirs.cluster_id}",
            f"/v1/operations?resource_id={theirs.cluster_id}",
        ):
            assert client.get(path).json() == {"items": [], "next_page_token": None}


class TestLists:
    @pytest.mark.parametrize(
        "path",
        ["/v1/organizations", "/v1/members", "/v1/api-keys", "/v1/clusters", "/v1/operations"],
    )
    def test_show_nothing_of_others(self, service: Service, path: str) -> None:
        mine, theirs = Holdings(service), Holdings(service)
        text = service.client(mine.secret).get(path).text
        assert not any(foreign in text for foreign in theirs.ids.values())
        assert theirs.organization_id not in text

    def test_page_tokens_of_others_open_nothing(self, service: Service) -> None:
        mine, theirs = Holdings(service), Holdings(service)
        token = (
            service.client(theirs.secret).get("/v1/api-keys?page_size=1").json()["next_page_token"]
        )
        page = service.client(mine.secret).get(f"/v1/api-keys?page_token={token}")
        assert not any(foreign in page.text for foreign in theirs.ids.values())


class TestClusterScopedKeys:
    def test_see_their_cluster_alone(self, service: Service) -> None:
        holdings = Holdings(service)
        service.add_cluster(holdings.organization_id, "other")
        client = service.client(holdings.cluster_secret)
        listed = client.get("/v1/clusters").json()["items"]
        assert [cluster["id"] for cluster in listed] == [holdings.cluster_id]

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/v1/api-keys", {}),
            ("GET", "/v1/api-keys", None),
            ("POST", "/v1/clusters", {"name": "more", "plan": "dev"}),
            ("POST", "/v1/clusters/any:fork", {"name": "more"}),
            ("GET", "/v1/members", None),
            ("POST", "/v1/members", {"email": "a@b", "name": "n"}),
            ("POST", "/v1/installation/organizations", {"name": "n"}),
            ("GET", "/v1/organizations", None),
            ("GET", "/v1/billing/costs", None),
            ("GET", "/v1/billing/spend", None),
            ("GET", "/v1/billing/reports/daily", None),
        ],
    )
    def test_manage_nothing(
        self, sqlite_service: Service, method: str, path: str, body: dict[str, str] | None
    ) -> None:
        holdings = Holdings(sqlite_service)
        response = sqlite_service.client(holdings.cluster_secret).request(method, path, json=body)
        assert response.status_code == 403
        assert response.json()["code"] == "permission_denied"
