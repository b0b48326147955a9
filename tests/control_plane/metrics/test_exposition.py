"""A broker's metrics become those of a cluster: what is told, under which names, how much."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from control_plane.metrics.exposition import SERIES_MAX, ExpositionError, cluster_metrics

BROKER = """\
# HELP headrace_broker_appended_bytes Bytes.
# TYPE headrace_broker_appended_bytes counter
headrace_broker_appended_bytes_total 42
# HELP headrace_broker_wal_blocks Blocks.
# TYPE headrace_broker_wal_blocks counter
headrace_broker_wal_blocks_total 7
# HELP headrace_broker_request_seconds Time.
# TYPE headrace_broker_request_seconds histogram
headrace_broker_request_seconds_sum{api="Produce"} 0.5
headrace_broker_request_seconds_count{api="Produce"} 2
headrace_broker_request_seconds_bucket{le="0.1",api="Produce"} 1
headrace_broker_request_seconds_bucket{le="+Inf",api="Produce"} 2
headrace_broker_request_seconds_sum{api="Metadata"} 0.5
headrace_broker_request_seconds_count{api="Metadata"} 1
headrace_broker_request_seconds_bucket{le="+Inf",api="Metadata"} 1
# EOF
"""


def test_tells_what_is_listed_under_the_clusters_name() -> None:
    text = cluster_metrics(BROKER, "lkc_1").decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert set(families) == {"headrace_cluster_appended_bytes", "headrace_cluster_request_seconds"}
    (sample,) = families["headrace_cluster_appended_bytes"].samples
    assert sample.name == "headrace_cluster_appended_bytes_total"
    assert (sample.labels, sample.value) == ({"cluster_id": "lkc_1"}, 42)
    times = families["headrace_cluster_request_seconds"]
    assert times.type == "histogram"
    assert {one.labels["api"] for one in times.samples} == {"Produce"}


@pytest.mark.parametrize("text", ["nonsense", "a{ 1\n# EOF\n", ""])
def test_refuses_what_is_no_openmetrics(text: str) -> None:
    with pytest.raises(ExpositionError):
        cluster_metrics(text, "lkc_1")


def test_refuses_more_series_than_a_cluster_has() -> None:
    lines = [f'headrace_broker_requests_total{{api="{n}"}} 1' for n in range(SERIES_MAX + 1)]
    text = "\n".join(["# TYPE headrace_broker_requests counter", *lines, "# EOF", ""])
    with pytest.raises(ExpositionError, match="series"):
        cluster_metrics(text, "lkc_1")
