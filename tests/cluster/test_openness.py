"""From where clients may come, and how far they are let in, on the real service."""

import socket
from pathlib import Path
from typing import Any

import httpx2
import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from tests.bad_input.wire import API_VERSIONS
from tests.cluster.usage import Key, Made, Usage, consume, options, produce
from tests.fixtures.waiting import eventually

INSIDE, OUTSIDE = "127.9.0.1", "127.10.0.1"
NETWORKS = ["127.9.0.0/16"]
TOPIC = "flights"
RECORD: dict[str, Any] = {"value": {"type": "STRING", "data": "x"}}
API_VERSIONS_FRAME = bytes([0, 0, 0, 11, 0, API_VERSIONS, 0, 0, 0, 0, 0, 1, 0, 1, ord("c")])


class Probe:
    """A client at some address of loopback; it asks which APIs there are."""

    def __init__(self, cluster: Made, source: str) -> None:
        host, _, port = cluster.sasl_plaintext.rpartition(":")
        self._connection = socket.create_connection((host, int(port)), source_address=(source, 0))

    def is_answered(self) -> bool:
        try:
            self._connection.sendall(API_VERSIONS_FRAME)
            return self._connection.recv(1) != b""
        except (BrokenPipeError, ConnectionResetError):
            return False

    def is_ended(self) -> bool:
        """Whether the broker ends the connection; waits for that, reading what was sent before."""
        try:
            while self._connection.recv(65_536):
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self) -> None:
        self._connection.close()


def is_served(cluster: Made, source: str) -> bool:
    probe = Probe(cluster, source)
    try:
        return probe.is_answered()
    finally:
        probe.close()


def http_from(usage: Usage, source: str, key: Key) -> httpx2.Client:
    """A client of the API at some address of loopback."""
    transport = httpx2.HTTPTransport(local_address=source)
    return httpx2.Client(
        transport=transport,
        base_url=usage.service.ready.api_url,
        headers={"Authorization": f"Bearer {key.secret}"},
    )


@pytest.fixture
def cluster(usage: Usage, tmp_path: Path) -> Made:
    made = usage.create(tmp_path.name.replace("_", "-"))
    usage.create_topic(made.id, TOPIC, partitions=1)
    return made


def await_told(cluster: Made, key: Key, words: str) -> None:
    """Wait until librdkafka tells its program of a refused login in these words."""
    told: list[KafkaError] = []
    client = Producer({**options(cluster, key), "error_cb": told.append, "log_level": 0})

    def is_told() -> bool:
        client.poll(0.1)
        return any(error.name() == "_AUTHENTICATION" and words in error.str() for error in told)

    eventually(is_told)


def change(usage: Usage, cluster: Made, **fields: object) -> dict[str, Any]:
    return usage.expect(200, usage.http.patch(f"/v1/clusters/{cluster.id}", json=fields))


def test_networks_hold_for_kafka_http_and_open_connections(usage: Usage, cluster: Made) -> None:
    key = usage.create_key(cluster.id)
    path = f"/v1/clusters/{cluster.id}/topics/{TOPIC}/partitions/0/records"
    produce_path = f"/kafka/v3/clusters/{cluster.id}/topics/{TOPIC}/records"
    kept, ended = Probe(cluster, INSIDE), Probe(cluster, OUTSIDE)
    assert kept.is_answered()
    assert ended.is_answered()

    assert change(usage, cluster, allowed_networks=NETWORKS)["allowed_networks"] == NETWORKS

    assert ended.is_ended()
    assert kept.is_answered()
    assert is_served(cluster, INSIDE)
    assert not is_served(cluster, OUTSIDE)
    with http_from(usage, INSIDE, key) as inside:
        assert inside.post(produce_path, json=RECORD).status_code == 200
        assert inside.get(path).status_code == 200
    with http_from(usage, OUTSIDE, key) as outside:
        for refused in (outside.post(produce_path, json=RECORD), outside.get(path)):
            assert (refused.status_code, refused.json()["code"]) == (403, "network_not_allowed")
        assert outside.get(f"/v1/clusters/{cluster.id}").status_code == 200

    change(usage, cluster, allowed_networks=[])
    assert is_served(cluster, OUTSIDE)
    kept.close()
    ended.close()


def test_only_who_may_come_in_wakes_a_paused_cluster(usage: Usage, cluster: Made) -> None:
    change(usage, cluster, wake_on_connect=True, allowed_networks=NETWORKS)
    assert usage.change(cluster.id, "pause")["status"] == "paused"
    stranger = Probe(cluster, OUTSIDE)
    assert stranger.is_ended()
    # Networks of a cluster that rests hold for who wakes it too.
    change(usage, cluster, allowed_networks=[OUTSIDE])
    turned_away = Probe(cluster, INSIDE)
    assert turned_away.is_ended()
    assert usage.http.get(f"/v1/clusters/{cluster.id}").json()["status"] == "paused"
    waker = Probe(cluster, OUTSIDE)
    assert waker.is_answered(), "it waited in the backlog and is served"
    for probe in (stranger, turned_away, waker):
        probe.close()


def test_an_operator_closes_a_cluster_and_clients_are_told(usage: Usage, cluster: Made) -> None:
    key = usage.create_key(cluster.id)
    produce(cluster, key, TOPIC, b"one")
    told = usage.service.operator_command(
        "cluster", "access", cluster.id, "read_only", "--reason", "the invoice is not paid"
    )
    assert (told["access"], told["access_reason"]) == ("read_only", "the invoice is not paid")
    with pytest.raises(KafkaException, match="POLICY_VIOLATION"):
        produce(cluster, key, TOPIC, b"two")
    assert consume(cluster, key, TOPIC, 1) == [b"one"]
    produce_path = f"/kafka/v3/clusters/{cluster.id}/topics/{TOPIC}/records"
    topics = f"/v1/clusters/{cluster.id}/topics"
    for refused in (
        usage.http.post(produce_path, json=RECORD),
        usage.http.post(topics, json={"name": "more", "partitions": 1}),
        usage.http.patch(f"{topics}/{TOPIC}", json={"partitions": 2}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "cluster_read_only")

    usage.service.operator_command(
        "cluster", "access", cluster.id, "suspended", "--reason", "standing"
    )
    await_told(cluster, key, "the cluster is suspended")
    eventually(lambda: usage.http.post(produce_path, json=RECORD).status_code == 403)
    for refused in (usage.http.post(produce_path, json=RECORD), usage.http.get(topics)):
        assert (refused.status_code, refused.json()["code"]) == (403, "cluster_suspended")
        assert "standing" in refused.json()["detail"]

    usage.service.operator_command("cluster", "access", cluster.id, "full")
    produce(cluster, key, TOPIC, b"two")
    assert consume(cluster, key, TOPIC, 2) == [b"one", b"two"]
