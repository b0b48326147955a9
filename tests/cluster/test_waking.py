"""A real cluster that sleeps until a client connects."""

from tests.cluster.usage import Usage, consume, produce
from tests.fixtures.waiting import eventually


def test_a_connection_wakes_a_paused_cluster_and_is_served(usage: Usage) -> None:
    cluster = usage.create("waking")
    usage.create_topic(cluster.id, "flights", partitions=1)
    key = usage.create_key(cluster.id)
    path = f"/v1/clusters/{cluster.id}"
    usage.expect(200, usage.http.patch(path, json={"wake_on_connect": True}))
    produce(cluster, key, "flights", b"one")
    assert usage.change(cluster.id, "pause")["status"] == "paused"
    produce(cluster, key, "flights", b"two")
    broker = usage.service.broker(cluster.id).pid
    eventually(lambda: usage.http.get(path).json()["status"] == "running")
    assert consume(cluster, key, "flights", 2) == [b"one", b"two"]
    assert usage.service.broker(cluster.id).pid == broker, "it was not started again"
