"""A key bound to topics stays within them, by Kafka and by HTTP, on the real service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from confluent_kafka import KafkaError, Producer

from tests.fixtures.kafka_access import KafkaCluster
from tools.running_service import RunningService

WAIT_SECONDS = 30
RECORD: dict[str, Any] = {"value": {"type": "STRING", "data": "x"}}


def produced(cluster: KafkaCluster, key: dict[str, Any], topic: str) -> int | None:
    """The error code of one record by Kafka, None if there was none."""
    access = replace(cluster.access(), username=key["id"], password=key["secret"])
    outcome: list[int | None] = []

    def delivered(error: KafkaError | None, _message: object) -> None:
        outcome.append(None if error is None else error.code())

    producer = Producer({**access.librdkafka(), "message.timeout.ms": 10_000})
    producer.produce(topic, b"x", on_delivery=delivered)
    producer.flush(WAIT_SECONDS)
    assert len(outcome) == 1
    return outcome[0]


def test_a_key_writes_its_topics_and_nothing_else(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    inside, outside = kafka_cluster.topic("inside", 1), kafka_cluster.topic("outside", 1)
    options = ("--cluster", kafka_cluster.id, "--write", "inside")
    key = running_service.command("api-key", "create", *options)
    assert key["bounds"] == {"read": [], "write": ["inside"]}

    assert produced(kafka_cluster, key, inside) is None
    assert produced(kafka_cluster, key, outside) == KafkaError.TOPIC_AUTHORIZATION_FAILED

    base = f"/kafka/v3/clusters/{kafka_cluster.id}/topics"
    with running_service.http(key["secret"]) as http:
        assert http.post(f"{base}/{inside}/records", json=RECORD).status_code == 200
        assert http.post(f"{base}/{outside}/records", json=RECORD).status_code == 403
        assert http.get(f"/v1/clusters/{kafka_cluster.id}/topics").status_code == 403
        assert http.post("/v1/api-keys", json={"name": "more"}).status_code == 403
        assert http.get("/v1/whoami").status_code == 200
