"""Another organization's cluster is answered byte for byte like one that does not exist."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import httpx2
import pytest

from tests.fixtures.kafka_access import KafkaCluster
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("bad-input")

BODIES: dict[str, bytes] = {
    "create_topic": b'{"name": "t"}',
    **dict.fromkeys(
        (
            "pause_cluster",
            "resume_cluster",
            "restart_cluster",
            "rotate_cluster_certificate",
            "undelete_cluster",
            "upgrade_cluster",
        ),
        b"",
    ),
    "create_access_rule": b'{"resource_type": "topic", "resource_name": "t", '
    b'"principal": "User:u", "operation": "read"}',
    "create_scram_user": b'{"name": "u"}',
    "update_scram_user": b"{}",
    "update_quota": b'{"entity": [{"type": "user", "name": "u"}], '
    b'"rates": {"producer_byte_rate": 1024}}',
    "fork_cluster": b'{"name": "copy"}',
    "reset_group_offsets": b'{"to": "latest"}',
    "update_cluster": b'{"name": "mine"}',
    "update_topic": b'{"partitions": 2}',
    "produce_records": b'{"value": {"type": "STRING", "data": "x"}}',
}
"""A good body for each operation that takes one, so that the cluster is what is refused."""

QUERIES: dict[str, dict[str, str]] = {"delete_group_offsets": {"topic": "orders"}}
"""What an operation must be told in its query, for the same reason."""

OF_OPERATORS = "/v1/installation/"
"""Where organizations have no business, whosever cluster is named."""

OWN_PER_REQUEST = frozenset({"date", "x-request-id", "content-length"})


@pytest.fixture(scope="module")
def stranger(running_service: RunningService) -> Generator[httpx2.Client]:
    """The owner of an organization that has no cluster."""
    organization = running_service.operator_command("organization", "create", "strangers")
    with running_service.http(organization["api_key"]) as http:
        yield http


def routes_with_a_cluster(running_service: RunningService) -> list[tuple[str, str, str]]:
    """Operation id, method and path of every route of organizations that names a cluster."""
    with running_service.http() as http:
        document: dict[str, Any] = http.get("/v1/openapi.json").json()
    found = [
        (operation["operationId"], method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "{cluster_id}" in path and not path.startswith(OF_OPERATORS)
    ]
    assert len(found) >= 6
    return found


def test_every_route_answers_a_foreign_cluster_like_none_at_all(
    running_service: RunningService, kafka_cluster: KafkaCluster, stranger: httpx2.Client
) -> None:
    absent = absent_like(kafka_cluster.id)
    topic = kafka_cluster.topic("foreign", 1)
    for operation, method, path in routes_with_a_cluster(running_service):
        for name in (topic, "no-such-topic"):
            answers = [
                ask(stranger, operation, method, filled(path, cluster, name), cluster)
                for cluster in (kafka_cluster.id, absent)
            ]
            assert answers[0] == answers[1], path
            assert answers[0][0] == 404, (path, answers[0])
    with running_service.http() as owner:
        assert owner.get(f"/v1/clusters/{kafka_cluster.id}/topics/{topic}").status_code == 200


def test_a_query_or_a_body_that_names_a_foreign_cluster_is_answered_like_none_at_all(
    kafka_cluster: KafkaCluster, stranger: httpx2.Client
) -> None:
    absent = absent_like(kafka_cluster.id)
    for cluster in (kafka_cluster.id, absent):
        listed = stranger.get("/v1/api-keys", params={"cluster_id": cluster})
        assert listed.json()["items"] == []
    answers = [
        comparable(stranger.post("/v1/api-keys", json={"cluster_id": cluster}), cluster)
        for cluster in (kafka_cluster.id, absent)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert kafka_cluster.id not in stranger.get("/v1/clusters").text
    assert kafka_cluster.id not in stranger.get("/v1/operations").text


def test_a_key_of_another_organization_is_answered_like_none_at_all(
    kafka_cluster: KafkaCluster, stranger: httpx2.Client
) -> None:
    for method in ("GET", "DELETE"):
        answers = [
            comparable(stranger.request(method, f"/v1/api-keys/{key}"), key)
            for key in (kafka_cluster.username, absent_like(kafka_cluster.username))
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404


def absent_like(identifier: str) -> str:
    """An id of the same form that nobody has."""
    prefix, _, random_part = identifier.partition("_")
    return f"{prefix}_{'a' * len(random_part)}"


def filled(path: str, cluster: str, topic: str) -> str:
    """A route's path with everything in its place."""
    for name, value in (("cluster_id", cluster), ("topic_name", topic), ("topic", topic)):
        path = path.replace(f"{{{name}}}", value)
    path = path.replace("{group_id}", topic).replace("{user_name}", topic)
    path = path.replace("{partition}", "0").replace("{partition_id}", "0").replace("{name}", topic)
    assert "{" not in path, f"a parameter that this test does not know: {path}"
    return path


Comparable = tuple[int, dict[str, str], Any]


def ask(http: httpx2.Client, operation: str, method: str, path: str, cluster: str) -> Comparable:
    """Send a good request and return what of its answer may be compared."""
    body = BODIES.get(operation)
    if method in ("POST", "PUT", "PATCH"):
        assert body is not None, f"{operation} needs a body in this test"
    headers = {"Content-Type": "application/json"} if body else {}
    query = QUERIES.get(operation)
    answer = http.request(method, path, params=query, content=body, headers=headers)
    return comparable(answer, cluster)


def comparable(answer: httpx2.Response, identifier: str) -> Comparable:
    """Status, headers and body without what is of this request alone: its id and its path."""
    headers = {k: v for k, v in answer.headers.items() if k not in OWN_PER_REQUEST}
    body: dict[str, Any] = json.loads(answer.text)
    assert body.pop("request_id") == answer.headers["X-Request-Id"]
    assert identifier in answer.request.url.path or identifier in answer.request.content.decode()
    assert body.pop("instance") == answer.request.url.path
    return answer.status_code, headers, json.dumps(body)
