"""Metrics of a broker become counts: which of them, summed how, and what a restart means."""

import pytest

from control_plane.metrics.readings import (
    NO_LATENCIES,
    Counters,
    ReadingError,
    counters_from_json,
    read_metrics,
)
from tests.control_plane.metrics.broker_texts import broker_text


def test_reads_counters_gauges_and_times() -> None:
    text = broker_text(
        {"appended_bytes": 42, "fetched_bytes": 7},
        requests={"Produce": 3, "Fetch": 2, "OffsetCommit": 1},
        produced_ms={1: 2, 25: 3},
        connections=4,
        groups=1,
    )
    reading = read_metrics(text)
    counters = reading.counters
    assert (reading.connections, reading.groups) == (4, 1)
    assert (counters.bytes_in, counters.bytes_out) == (42, 7)
    assert (counters.requests, counters.changes) == (6, 4)
    assert counters.produce_latencies == (0, 2, 0, 0, 1, 0, 0, 0, 0, 0)
    assert counters.fetch_latencies == NO_LATENCIES


def test_sums_over_labels() -> None:
    lines = [
        'headrace_broker_throttled_total{quota="produce",by="plan"} 2',
        'headrace_broker_throttled_total{quota="fetch",by="client"} 3',
        'headrace_broker_throttled_milliseconds_total{quota="fetch",by="client"} 1200',
        "# EOF",
    ]
    counters = read_metrics("\n".join(lines)).counters
    assert (counters.throttled, counters.throttled_ms) == (5, 1200)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "headrace_broker_connections 1\n",  # cut off
        "headrace_broker_connections one\n# EOF\n",
        'headrace_broker_request_seconds_bucket{le="0.7",api="Produce"} 1\n# EOF\n',
        "headrace_broker_appended_bytes_total NaN\n# EOF\n",
    ],
)
def test_refuses_what_it_can_not_read(text: str) -> None:
    with pytest.raises(ReadingError):
        read_metrics(text)


def test_tells_what_happened_between_two_readings() -> None:
    before = Counters(bytes_in=10, requests=5, produce_latencies=(1, *NO_LATENCIES[1:]))
    after = Counters(bytes_in=14, requests=9, produce_latencies=(3, *NO_LATENCIES[1:]))
    since = after.since(before)
    assert (since.bytes_in, since.requests, since.produce_latencies[0]) == (4, 4, 2)


def test_a_broker_that_started_again_counts_from_nothing() -> None:
    before, after = Counters(bytes_in=10, requests=5), Counters(bytes_in=12, requests=1)
    assert after.is_restarted(before)
    assert after.since(before) == after
    assert not after.is_restarted(after)


def test_a_row_holds_all_of_them() -> None:
    counters = Counters(bytes_in=1, changes=2, fetch_latencies=(9, *NO_LATENCIES[1:]))
    assert counters_from_json({**counters.to_json(), "of_another_version": 1}) == counters
