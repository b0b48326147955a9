"""What programs do with a cluster: make it, make keys and topics, write and read."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from tools.running_service import RunningService

ANSWER_SECONDS_MAX = 30
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Made:
    """A cluster as create answered it."""

    id: str
    sasl_ssl: str
    sasl_plaintext: str
    ca_certificate: str

    @property
    def addresses(self) -> tuple[str, str]:
        return self.sasl_ssl, self.sasl_plaintext


@dataclass(frozen=True)
class Key:
    """An API key as create answered it."""

    id: str
    secret: str


@dataclass(frozen=True)
class Usage:
    """A program that has the owner's key."""

    service: RunningService
    http: httpx2.Client

    def create(self, name: str, plan: str = "dev") -> Made:
        cluster = self.expect(201, self.http.post("/v1/clusters", json=named(name, plan)))
        kafka = cluster["endpoints"]["kafka"]
        return Made(
            id=cluster["id"],
            sasl_ssl=kafka["sasl_ssl"],
            sasl_plaintext=kafka["sasl_plaintext"],
            ca_certificate=cluster["ca_certificate"],
        )

    def delete(self, cluster_id: str) -> None:
        """Remove a cluster with its data."""
        path = f"/v1/clusters/{cluster_id}"
        assert self.http.delete(path, params={"purge": "true"}).status_code == 204

    def change(self, cluster_id: str, verb: str) -> dict[str, Any]:
        """Have `verb` done to a cluster, and return it."""
        return self.expect(200, self.http.post(f"/v1/clusters/{cluster_id}:{verb}"))

    def create_key(self, cluster_id: str | None = None) -> Key:
        body = {"name": "program", "cluster_id": cluster_id}
        key = self.expect(201, self.http.post("/v1/api-keys", json=body))
        return Key(key["id"], key["secret"])

    def create_topic(self, cluster_id: str, name: str, **settings: object) -> dict[str, Any]:
        path = f"/v1/clusters/{cluster_id}/topics"
        return self.expect(201, self.http.post(path, json={"name": name, **settings}))

    def expect(self, status: int, answer: httpx2.Response) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        return body


def named(name: str, plan: str = "dev") -> dict[str, str]:
    return {"name": name, "plan": plan}


def options(cluster: Made, key: Key) -> dict[str, str | int | float | bool]:
    """librdkafka's options for the cluster over TLS with SCRAM, as the documentation has them."""
    return {
        "bootstrap.servers": cluster.sasl_ssl,
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": key.id,
        "sasl.password": key.secret,
        "ssl.ca.pem": cluster.ca_certificate,
    }


def produce(cluster: Made, key: Key, topic: str, *values: bytes) -> None:
    """Write the values and return when each is acknowledged; raise KafkaException if one is not."""
    producer = Producer({**options(cluster, key), "acks": "all", "enable.idempotence": True})
    refusals: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            refusals.append(error)

    for value in values:
        producer.produce(topic, value, partition=0, on_delivery=delivered)
    assert producer.flush(ANSWER_SECONDS_MAX) == 0, "not every record was answered in time"
    if refusals:
        raise KafkaException(refusals[0])


def consume(cluster: Made, key: Key, topic: str, count: int) -> list[bytes]:
    """Read the first `count` values of partition 0; raises KafkaException, at once if refused."""
    refusals: list[KafkaError] = []

    def on_error(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001
            refusals.append(error)

    settings = {"group.id": "reader", "enable.auto.commit": False, "error_cb": on_error}
    consumer = Consumer({**options(cluster, key), **settings})
    consumer.assign([TopicPartition(topic, 0, 0)])
    values: list[bytes] = []
    try:
        silent_since = time.monotonic()
        while len(values) < count:
            messages = consumer.consume(count - len(values), POLL_SECONDS)
            if refusals:
                raise KafkaException(refusals[0])
            if messages:
                silent_since = time.monotonic()
            silent_seconds = time.monotonic() - silent_since
            told = f"only {len(values)} of {count} records came in time"
            assert silent_seconds < ANSWER_SECONDS_MAX, told
            for message in messages:
                error = message.error()
                if error is not None:
                    raise KafkaException(error)
                values.append(message.value() or b"")
    finally:
        consumer.close()
    return values


def refuses_connections(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS_MAX).close()
    except ConnectionRefusedError:
        return True
    return False


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    problem: Mapping[str, Any] = answer.json()
    return answer.status_code, problem["code"]
