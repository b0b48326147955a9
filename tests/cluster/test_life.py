"""A cluster from creation to deletion: usable when create returns, back when killed, gone after."""

import psutil
import pytest
from confluent_kafka import KafkaException, Producer

from tests.cluster.usage import (
    ANSWER_SECONDS_MAX,
    Usage,
    consume,
    named,
    options,
    produce,
    refuses_connections,
)

KILLS = 3


class TestCreate:
    def test_is_usable_when_it_returns(self, usage: Usage) -> None:
        cluster = usage.create("at-once")
        usage.create_topic(cluster.id, "flights", partitions=1)
        key = usage.create_key(cluster.id)
        produce(cluster, key, "flights", b"one", b"two")
        assert consume(cluster, key, "flights", 2) == [b"one", b"two"]

    def test_takes_the_keys_that_the_organization_has(self, usage: Usage) -> None:
        key = usage.create_key()
        cluster = usage.create("known-keys")
        usage.create_topic(cluster.id, "flights", partitions=1)
        produce(cluster, key, "flights", b"one")

    def test_a_name_is_taken_while_its_cluster_lives(self, usage: Usage) -> None:
        cluster = usage.create("again")
        refused = usage.http.post("/v1/clusters", json=named("again"))
        assert (refused.status_code, refused.json()["code"]) == (409, "cluster_name_taken")
        usage.delete(cluster.id)
        assert usage.create("again").id != cluster.id


class TestKeys:
    def test_a_revoked_key_is_refused_when_revoke_returns(self, usage: Usage) -> None:
        cluster = usage.create("revoked")
        usage.create_topic(cluster.id, "flights", partitions=1)
        key, other = usage.create_key(cluster.id), usage.create_key(cluster.id)
        produce(cluster, key, "flights", b"one")
        usage.expect(200, usage.http.delete(f"/v1/api-keys/{key.id}"))
        producer = Producer({**options(cluster, key), "log_level": 0})
        with pytest.raises(KafkaException):
            producer.list_topics(timeout=2)
        produce(cluster, other, "flights", b"two")

    def test_a_clusters_key_is_refused_by_another_cluster(self, usage: Usage) -> None:
        mine, other = usage.create("mine"), usage.create("other")
        key = usage.create_key(mine.id)
        assert Producer(options(mine, key)).list_topics(timeout=ANSWER_SECONDS_MAX).topics == {}
        with pytest.raises(KafkaException):
            Producer({**options(other, key), "log_level": 0}).list_topics(timeout=2)


class TestDeath:
    def test_a_killed_broker_is_back_with_what_it_acknowledged(self, usage: Usage) -> None:
        cluster = usage.create("killed")
        usage.create_topic(cluster.id, "flights", partitions=1)
        key = usage.create_key(cluster.id)
        written: list[bytes] = []
        for number in range(KILLS):
            written.append(str(number).encode())
            produce(cluster, key, "flights", written[-1])
            broker = usage.service.broker(cluster.id)
            broker.kill()
            broker.wait(ANSWER_SECONDS_MAX)
            assert consume(cluster, key, "flights", len(written)) == written
        assert usage.service.broker(cluster.id).is_running()
        seen = usage.expect(200, usage.http.get(f"/v1/clusters/{cluster.id}"))
        assert (seen["status"], seen["endpoints"]["kafka"]["sasl_ssl"]) == (
            "running",
            cluster.sasl_ssl,
        )

    def test_topics_are_answered_by_the_broker_that_is_back(self, usage: Usage) -> None:
        cluster = usage.create("asked")
        usage.create_topic(cluster.id, "flights", partitions=1)
        usage.service.broker(cluster.id).kill()
        answer = usage.http.get(f"/v1/clusters/{cluster.id}/topics/flights")
        assert usage.expect(200, answer)["partitions"] == 1


class TestDelete:
    def test_leaves_no_process_port_or_file(self, usage: Usage) -> None:
        cluster = usage.create("gone")
        usage.create_topic(cluster.id, "flights", partitions=1)
        broker: psutil.Process = usage.service.broker(cluster.id)
        usage.delete(cluster.id)
        assert not broker.is_running()
        assert all(refuses_connections(address) for address in cluster.addresses)
        left = [path for path in usage.service.data_dir.rglob("*") if cluster.id in str(path)]
        assert left == []
        assert usage.http.get(f"/v1/clusters/{cluster.id}").status_code == 404
        assert usage.http.get(f"/v1/clusters/{cluster.id}/topics").status_code == 404

    def test_of_a_cluster_whose_broker_was_just_killed(self, usage: Usage) -> None:
        cluster = usage.create("killed-and-gone")
        usage.service.broker(cluster.id).kill()
        usage.delete(cluster.id)
        assert all(refuses_connections(address) for address in cluster.addresses)

    def test_leaves_other_clusters_alone(self, usage: Usage) -> None:
        gone, kept = usage.create("one-of-two"), usage.create("two-of-two")
        usage.create_topic(kept.id, "flights", partitions=1)
        key = usage.create_key()
        usage.delete(gone.id)
        produce(kept, key, "flights", b"one")
