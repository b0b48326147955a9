"""A scrape of a running cluster tells what its clients did, in a format that Prometheus reads."""

from confluent_kafka import Consumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from tests.cluster.usage import Key, Made, Usage, code_of, options, produce
from tests.fixtures.waiting import eventually


def scraped(usage: Usage, cluster: Made) -> dict[tuple[str, str], float]:
    answer = usage.http.get(f"/v1/clusters/{cluster.id}/prometheus")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.name.startswith("headrace_cluster_")
        for sample in family.samples:
            assert sample.labels["cluster_id"] == cluster.id
            found[(sample.name, sample.labels.get("api", ""))] = sample.value
    return found


def newest(usage: Usage, path: str) -> dict[str, float]:
    """The last value of each metric that has one, of the last minutes."""
    answer = usage.http.get(f"/v1/clusters/{path}/metrics", params={"step": 60})
    series = usage.expect(200, answer)["series"]
    known = {one["name"]: [v for v in one["values"] if v is not None] for one in series}
    return {name: values[-1] for name, values in known.items() if values}


def commit(cluster: Made, key: Key, group: str, place: TopicPartition) -> None:
    consumer = Consumer({**options(cluster, key), "group.id": group})
    try:
        consumer.commit(offsets=[place], asynchronous=False)
    finally:
        consumer.close()


def test_what_clients_do_is_told_over_time(usage: Usage) -> None:
    cluster = usage.create("measured")
    key = usage.create_key(cluster.id)
    usage.create_topic(cluster.id, "t", partitions=3)
    produce(cluster, key, "t", *[b"x" * 1000] * 5)
    commit(cluster, key, "billing", TopicPartition("t", 0, 2))

    eventually(lambda: newest(usage, cluster.id).get("lag_records") == 3)
    told = newest(usage, cluster.id)
    assert told["bytes_in_per_second"] > 0
    assert told["records_in_per_second"] > 0
    assert told["produce_latency_p99_ms"] > 0
    assert told["stored_bytes"] > 5000
    assert told["partitions"] == 3
    assert newest(usage, f"{cluster.id}/groups/billing") == {"lag_records": 3}
    assert newest(usage, f"{cluster.id}/groups/nobody") == {}
    usage.delete(cluster.id)


def test_a_scrape_counts_what_clients_do_and_wakes_nobody(usage: Usage) -> None:
    cluster = usage.create("scraped")
    key = usage.create_key(cluster.id)
    usage.create_topic(cluster.id, "t")
    before = scraped(usage, cluster)
    produce(cluster, key, "t", b"x" * 1000)
    after = scraped(usage, cluster)
    written = ("headrace_cluster_appended_bytes_total", "")
    assert after[written] - before.get(written, 0) > 1000
    assert after[("headrace_cluster_requests_total", "Produce")] >= 1
    assert after[("headrace_cluster_request_seconds_count", "Produce")] >= 1
    usage.change(cluster.id, "pause")
    refused = usage.http.get(f"/v1/clusters/{cluster.id}/prometheus")
    assert code_of(refused) == (409, "cluster_not_ready")
    status = usage.expect(200, usage.http.get(f"/v1/clusters/{cluster.id}"))["status"]
    assert status == "paused"
    usage.delete(cluster.id)
