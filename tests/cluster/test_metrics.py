"""A scrape of a running cluster tells what its clients did, in a format that Prometheus reads."""

from prometheus_client.parser import text_string_to_metric_families

from tests.cluster.usage import Made, Usage, code_of, produce


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
