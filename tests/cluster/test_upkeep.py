"""What a cluster may keep, and another certificate, with the real broker."""

import socket
import ssl
from collections.abc import Generator

import pytest
from confluent_kafka import KafkaError, KafkaException

from tests.cluster.usage import ANSWER_SECONDS_MAX, Key, Made, Usage, consume, produce

TOPIC = "orders"
LIMIT_BYTES = 100_000
VALUE = bytes(60_000)


@pytest.fixture
def cluster(usage: Usage) -> Generator[Made]:
    made = usage.create("kept-small")
    yield made
    usage.delete(made.id)


@pytest.fixture
def key(usage: Usage, cluster: Made) -> Key:
    return usage.create_key(cluster.id)


def change(usage: Usage, cluster: Made, **changes: object) -> None:
    usage.expect(200, usage.http.patch(f"/v1/clusters/{cluster.id}", json=changes))


def shown_certificate(cluster: Made) -> bytes:
    """Return the certificate that a client sees, which it finds signed by the cluster's own CA."""
    host, _, port = cluster.sasl_ssl.rpartition(":")
    context = ssl.create_default_context(cadata=cluster.ca_certificate)
    with (
        socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS_MAX) as plain,
        context.wrap_socket(plain, server_hostname=host) as wrapped,
    ):
        found = wrapped.getpeercert(binary_form=True)
    assert found is not None, "a server shows a certificate"
    return found


def test_clients_meet_the_limits_that_the_owner_set(usage: Usage, cluster: Made, key: Key) -> None:
    usage.create_topic(cluster.id, TOPIC, configs={"retention.ms": "3600000"})
    change(usage, cluster, storage_limit_bytes=LIMIT_BYTES, retention_ms_max=60_000)
    produce(cluster, key, TOPIC, VALUE)
    with pytest.raises(KafkaException) as refused:
        produce(cluster, key, TOPIC, VALUE)
    assert refused.value.args[0].code() == KafkaError.POLICY_VIOLATION
    assert consume(cluster, key, TOPIC, 1) == [VALUE], "reading goes on"
    path = f"/v1/clusters/{cluster.id}/topics"
    longer = {"name": "longer", "configs": {"retention.ms": "60001"}}
    answer = usage.http.post(path, json=longer)
    assert answer.status_code in {409, 422}, answer.text
    assert "60000" in answer.json()["detail"]
    change(usage, cluster, storage_limit_bytes=0, retention_ms_max=0)
    produce(cluster, key, TOPIC, VALUE)
    usage.expect(201, usage.http.post(path, json=longer))


def test_another_certificate_is_shown_after_a_rotation_alone(usage: Usage, cluster: Made) -> None:
    first = shown_certificate(cluster)
    usage.change(cluster.id, "restart")
    assert shown_certificate(cluster) == first
    usage.change(cluster.id, "rotate")
    second = shown_certificate(cluster)
    assert second != first
    usage.change(cluster.id, "restart")
    assert shown_certificate(cluster) == second


def test_a_cluster_runs_the_version_that_is_installed(usage: Usage, cluster: Made) -> None:
    plans = usage.expect(200, usage.http.get("/v1/plans"))["items"]
    shown = usage.expect(200, usage.http.get(f"/v1/clusters/{cluster.id}"))
    assert shown["version"] == next(plan["version"] for plan in plans if plan["id"] == "dev")
    assert usage.change(cluster.id, "upgrade")["generation"] == shown["generation"]
