import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from control_plane.identity.policy import Role
from control_plane.notifications.service import WEBHOOKS_MAX
from tests.fixtures.receivers import Receiver
from tests.fixtures.service import Service

URL = "https://example.com/headrace"


def create(client: TestClient, url: str = URL, **more: object) -> dict[str, object]:
    answer = client.post("/v1/webhooks", json={"url": url, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestLife:
    def test_from_creation_to_deletion(self, service: Service) -> None:
        client = service.new_client()
        made = create(client, description="pager", event_types=["operation.failed"])
        assert str(made.pop("secret")).startswith("whsec_")
        path = f"/v1/webhooks/{made['id']}"
        assert client.get(path).json() == made
        assert client.get("/v1/webhooks").json()["items"] == [made]
        change = {"event_types": None, "enabled": False}
        changed = client.patch(path, json=change).json()
        assert (changed["event_types"], changed["enabled"]) == (None, False)
        assert changed["disabled_reason"] == "disabled_by_owner"
        assert client.patch(path, json={"enabled": True}).json()["disabled_reason"] is None
        rotated = client.post(f"{path}:rotate-secret").json()
        assert rotated["secret"].startswith("whsec_")
        assert rotated["old_secret_ends_at"] is not None
        assert client.delete(path).status_code == 204
        assert code(client.get(path)) == (404, "webhook_not_found")

    def test_a_retry_of_the_creation_makes_one(self, service: Service) -> None:
        client = service.new_client()
        headers = {"Idempotency-Key": "once"}
        answers = [
            client.post("/v1/webhooks", json={"url": URL}, headers=headers).json() for _ in range(2)
        ]
        assert answers[0] == answers[1]
        assert len(client.get("/v1/webhooks").json()["items"]) == 1

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"url": "ftp://example.com"}, "url_not_allowed"),
            ({"url": "https://a@example.com"}, "url_not_allowed"),
            ({"url": URL, "event_types": ["no.such"]}, "event_type_unknown"),
            ({"url": URL, "event_types": []}, "request_invalid"),
            ({"url": URL, "secret": "mine"}, "request_invalid"),
        ],
    )
    def test_what_is_refused(
        self, sqlite_service: Service, body: dict[str, object], refusal: str
    ) -> None:
        client = sqlite_service.new_client()
        assert code(client.post("/v1/webhooks", json=body)) == (422, refusal)

    def test_there_is_a_limit(self, sqlite_service: Service) -> None:
        client = sqlite_service.new_client()
        for _ in range(WEBHOOKS_MAX):
            create(client)
        answer = client.post("/v1/webhooks", json={"url": URL})
        assert code(answer) == (409, "webhook_limit_reached")


class TestScope:
    def test_others_see_nothing(self, service: Service) -> None:
        owner, stranger = service.new_client(), service.new_client()
        webhook = create(owner)
        foreign, absent = f"/v1/webhooks/{webhook['id']}", "/v1/webhooks/whk_0000000000000000"
        for method, ending in (
            ("GET", ""),
            ("PATCH", ""),
            ("DELETE", ""),
            ("POST", ":test"),
            ("POST", ":rotate-secret"),
            ("GET", "/deliveries"),
            ("POST", "/deliveries/whd_1:replay"),
        ):
            body: dict[str, str] | None = {} if method in ("PATCH", "POST") else None
            answers = [
                stranger.request(method, f"{place}{ending}", json=body).json()
                for place in (foreign, absent)
            ]
            for answer in answers:
                del answer["instance"], answer["request_id"]
            assert answers[0] == answers[1]
            assert answers[0]["code"] == "webhook_not_found"
        assert stranger.get("/v1/webhooks").json()["items"] == []

    def test_developers_look_and_change_nothing(self, sqlite_service: Service) -> None:
        organization = sqlite_service.add_organization()
        owner = sqlite_service.client(sqlite_service.add_key(organization))
        developer = sqlite_service.client(sqlite_service.add_key(organization, Role.DEVELOPER))
        webhook = create(owner)
        assert developer.get(f"/v1/webhooks/{webhook['id']}").status_code == 200
        assert code(developer.post("/v1/webhooks", json={"url": URL})) == (403, "permission_denied")
        answer = developer.delete(f"/v1/webhooks/{webhook['id']}")
        assert code(answer) == (403, "permission_denied")


class TestDeliveries:
    def test_a_test_is_sent_at_once(self, service: Service, receiver: Receiver) -> None:
        client = service.new_client()
        webhook = create(client, receiver.url)
        sent = client.post(f"/v1/webhooks/{webhook['id']}:test").json()
        assert (sent["status"], sent["response_status"]) == ("delivered", 204)
        assert json.loads(receiver.received[0].body)["type"] == "webhook.test"
        receiver.statuses = [500]
        failed = client.post(f"/v1/webhooks/{webhook['id']}:test").json()
        assert (failed["status"], failed["error_code"]) == ("failed", "status_not_2xx")
        deliveries = f"/v1/webhooks/{webhook['id']}/deliveries"
        listed = client.get(deliveries, params={"status": "failed"}).json()["items"]
        assert [one["id"] for one in listed] == [failed["id"]]

    def test_a_delivery_is_replayed(self, service: Service, receiver: Receiver) -> None:
        client = service.new_client()
        webhook = create(client, receiver.url)
        sent = client.post(f"/v1/webhooks/{webhook['id']}:test").json()
        path = f"/v1/webhooks/{webhook['id']}/deliveries/{sent['id']}:replay"
        again = client.post(path).json()
        assert (again["status"], again["attempts"]) == ("pending", 0)
        assert code(client.post(path)) == (409, "delivery_pending")
        service.container.job_runner.start()
        service.container.job_runner.stop(timeout_seconds=30)

    def test_newest_come_first_over_pages(self, service: Service, receiver: Receiver) -> None:
        client = service.new_client()
        webhook = create(client, receiver.url)
        path = f"/v1/webhooks/{webhook['id']}"
        made: list[str] = []
        for _ in range(5):
            made.append(client.post(f"{path}:test").json()["id"])
            service.clock.advance(1)
        seen: list[str] = []
        token: str | None = ""
        while token is not None:
            query = {"page_size": "2"} | ({"page_token": token} if token else {})
            page = client.get(f"{path}/deliveries", params=query).json()
            seen += [one["id"] for one in page["items"]]
            token = page["next_page_token"]
        assert seen == made[::-1]

    def test_keys_and_members_that_come_and_go_are_told(
        self, service: Service, receiver: Receiver
    ) -> None:
        client = service.new_client()
        webhook = create(client, receiver.url)
        key = client.post("/v1/api-keys", json={"name": "loader"}).json()
        client.delete(f"/v1/api-keys/{key['id']}")
        member = client.post("/v1/members", json={"email": "a@example.com", "name": "A"}).json()
        client.delete(f"/v1/members/{member['id']}")
        found = client.get(f"/v1/webhooks/{webhook['id']}/deliveries").json()["items"]
        told = {one["event_type"]: json.loads(one["body"])["data"] for one in found}
        keys, members = {"api_key.created", "api_key.revoked"}, {"member.created", "member.removed"}
        assert set(told) == keys | members
        assert told["member.removed"]["member_id"] == member["id"]
        assert told["api_key.created"]["api_key_id"] == key["id"]
        assert key["secret"] not in str(found)
