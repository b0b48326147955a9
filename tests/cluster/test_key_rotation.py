"""A key's secret is changed while clients with the one before and the new one both work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from confluent_kafka import KafkaError, Producer

from tests.fixtures.kafka_access import KafkaCluster
from tests.fixtures.waiting import eventually
from tools.running_service import RunningService

MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
WAIT_SECONDS = 30.0
SOON_SECONDS = "1"
RECORD: dict[str, Any] = {"value": {"type": "STRING", "data": "x"}}


class OpenClient:
    """A producer that stays connected by one secret."""

    def __init__(
        self, cluster: KafkaCluster, key: dict[str, Any], secret: str, mechanism: str
    ) -> None:
        access = replace(cluster.access(), username=key["id"], password=secret)
        self._errors: list[int] = []
        self._producer = Producer(
            {
                **access.librdkafka(),
                "sasl.mechanism": mechanism,
                "error_cb": self._failed,
            }
        )

    def _failed(self, error: KafkaError) -> None:
        self._errors.append(error.code())

    def writes(self, topic: str) -> bool:
        """Whether a record is acknowledged."""
        outcome: list[bool] = []
        self._producer.produce(
            topic, b"x", on_delivery=lambda error, _: outcome.append(error is None)
        )
        self._producer.flush(WAIT_SECONDS)
        return outcome == [True]

    def becomes_refused(self, topic: str) -> None:
        """Wait until the connection was ended and no other one is let in."""

        def is_refused() -> bool:
            self._producer.produce(topic, b"x")
            self._producer.poll(0)
            return KafkaError._AUTHENTICATION in self._errors  # noqa: SLF001 - its public name

        eventually(is_refused)
        self._producer.purge()
        self._producer.flush(WAIT_SECONDS)


def test_clients_move_to_the_new_secret_one_by_one(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("rotated", 1)
    records = f"/kafka/v3/clusters/{kafka_cluster.id}/topics/{topic}/records"

    def clients(secret: str) -> list[OpenClient]:
        return [OpenClient(kafka_cluster, key, secret, mechanism) for mechanism in MECHANISMS]

    def over_http(secret: str) -> int:
        with running_service.http(secret) as http:
            return http.post(records, json=RECORD).status_code

    key = running_service.command("api-key", "create", "--cluster", kafka_cluster.id)
    early = clients(key["secret"])
    assert all(client.writes(topic) for client in early)

    shown = running_service.command("api-key", "rotate", key["id"], "--dry-run")
    assert (shown["secret"], shown["previous_secret_until"] is None) == (None, False)
    second = running_service.command("api-key", "rotate", key["id"])
    assert second["previous_secret_until"] is not None
    late = OpenClient(kafka_cluster, key, key["secret"], MECHANISMS[0])
    fresh = clients(second["secret"])
    assert all(client.writes(topic) for client in (*early, late, *fresh))
    assert [over_http(secret) for secret in (key["secret"], second["secret"])] == [200, 200]

    # The oldest ends, and soon after, by itself, the one that is the one before now.
    third = running_service.command(
        "api-key", "rotate", key["id"], "--overlap-seconds", SOON_SECONDS
    )
    last = OpenClient(kafka_cluster, key, third["secret"], MECHANISMS[0])
    assert last.writes(topic)
    for client in (*early, late, *fresh):
        client.becomes_refused(topic)
    assert last.writes(topic)
    eventually(lambda: over_http(second["secret"]) == 401)
    assert [over_http(secret) for secret in (key["secret"], third["secret"])] == [401, 200]
