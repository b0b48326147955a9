"""A real cluster that is paused, restarted, changed, deleted and brought back."""

from pathlib import Path

import psutil
import pytest
from confluent_kafka import KafkaException

from tests.cluster.usage import Key, Made, Usage, code_of, consume, produce, refuses_connections
from tests.fixtures.waiting import eventually

PARTITIONS = 2


@pytest.fixture
def cluster(usage: Usage, tmp_path: Path) -> Made:
    """A cluster of its own, with a topic."""
    made = usage.create(tmp_path.name.replace("_", "-"))
    usage.create_topic(made.id, "flights", partitions=PARTITIONS)
    return made


@pytest.fixture
def key(usage: Usage, cluster: Made) -> Key:
    return usage.create_key(cluster.id)


def test_a_pause_refuses_at_once_and_loses_nothing(usage: Usage, cluster: Made, key: Key) -> None:
    produce(cluster, key, "flights", b"one")
    broker = usage.service.broker(cluster.id)
    assert usage.change(cluster.id, "pause")["status"] == "paused"
    assert not broker.is_running()
    assert all(refuses_connections(address) for address in cluster.addresses)
    resumed = usage.change(cluster.id, "resume")
    assert resumed["endpoints"]["kafka"]["sasl_ssl"] == cluster.sasl_ssl
    produce(cluster, key, "flights", b"two")
    assert consume(cluster, key, "flights", 2) == [b"one", b"two"]


def test_what_rests_costs_its_storage_alone(usage: Usage, cluster: Made, key: Key) -> None:
    produce(cluster, key, "flights", b"x" * 100_000)
    usage.change(cluster.id, "pause")
    usage.change(cluster.id, "resume")
    usage.change(cluster.id, "pause")
    seen = usage.expect(200, usage.http.get(f"/v1/clusters/{cluster.id}/usage"))
    assert seen["totals"]["bytes_in"] > 100_000
    assert seen["totals"]["stored_bytes"] > 100_000
    assert seen["totals"]["stored_byte_seconds"] > 0


def test_keys_that_ended_meanwhile_are_refused_after_a_resume(
    usage: Usage, cluster: Made, key: Key
) -> None:
    other = usage.create_key(cluster.id)
    usage.change(cluster.id, "pause")
    usage.expect(200, usage.http.delete(f"/v1/api-keys/{key.id}"))
    usage.change(cluster.id, "resume")
    with pytest.raises(KafkaException, match="SASL authentication error"):
        consume(cluster, key, "flights", 1)
    produce(cluster, other, "flights", b"one")


def test_a_restart_is_another_process_at_the_same_address(
    usage: Usage, cluster: Made, key: Key
) -> None:
    before = usage.service.broker(cluster.id).pid
    usage.change(cluster.id, "restart")
    assert usage.service.broker(cluster.id).pid != before
    produce(cluster, key, "flights", b"one")


def test_another_plan_brings_its_limits(usage: Usage, cluster: Made) -> None:
    path = f"/v1/clusters/{cluster.id}"
    many = {"name": "many", "partitions": 1_000}
    assert usage.http.post(f"{path}/topics", json=many).status_code == 409
    usage.expect(200, usage.http.patch(path, json={"plan": "standard"}))
    usage.expect(201, usage.http.post(f"{path}/topics", json=many))
    assert code_of(usage.http.patch(path, json={"plan": "dev"})) == (409, "plan_too_small")
    usage.http.delete(f"{path}/topics/many").raise_for_status()
    assert usage.expect(200, usage.http.patch(path, json={"plan": "dev"}))["plan"] == "dev"


def test_a_deleted_cluster_comes_back_whole(usage: Usage, cluster: Made, key: Key) -> None:
    produce(cluster, key, "flights", b"one")
    path = f"/v1/clusters/{cluster.id}"
    assert usage.http.delete(path).status_code == 204
    assert all(refuses_connections(address) for address in cluster.addresses)
    assert usage.http.get(path).status_code == 404
    usage.change(cluster.id, "undelete")
    assert consume(cluster, key, "flights", 1) == [b"one"]


def test_a_paused_cluster_stays_paused_when_the_supervisor_dies(
    usage: Usage, cluster: Made, key: Key
) -> None:
    usage.change(cluster.id, "pause")
    lock = usage.service.data_dir / "supervisor" / "lock"
    psutil.Process(int(lock.read_text())).kill()
    eventually(lambda: all(refuses_connections(address) for address in cluster.addresses))
    usage.change(cluster.id, "resume")
    produce(cluster, key, "flights", b"one")
