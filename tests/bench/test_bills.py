"""The arithmetic that proofs hold bills against, by amounts worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bench.proofs.bills import Prices, Window, differences, micros, recompute

STARTED_MS = int(datetime(2026, 11, 22, 23, 58, tzinfo=UTC).timestamp()) * 1000
PRICES = {
    "dev": Prices(
        micros={
            "KAFKA_BASE": 60_000,
            "KAFKA_NETWORK_WRITE": 20_000,
            "KAFKA_NETWORK_READ": 15_000,
            "KAFKA_STORAGE": 1_000,
            "KAFKA_PARTITION": 600,
        },
        included_partitions=100,
        cap_micros=1_000_000,
    )
}
MINUTE = Window(
    cluster_id="lkc_a",
    started_ms=STARTED_MS,
    ended_ms=STARTED_MS + 60_000,
    running_ms=60_000,
    bytes_in=0,
    bytes_out=0,
    stored_bytes=0,
    partitions=0,
)
DAY = "2026-11-22"


def bill(*windows: Window) -> dict[str, tuple[int, int]]:
    found = recompute(windows, {"lkc_a": "dev"}, PRICES)
    assert {day for day, _, _ in found} == {DAY}
    return {line_type: line for (_, _, line_type), line in found.items()}


def test_amounts_are_rounded_once_a_day_halves_up() -> None:
    # Each costs 0.3 millionths, both together 0.6.
    small = replace(MINUTE, running_ms=0, bytes_in=16_106)
    assert bill(small)["KAFKA_NETWORK_WRITE"] == (16_106, 0)
    assert bill(small, small)["KAFKA_NETWORK_WRITE"] == (32_212, 1)


def test_byte_seconds_are_rounded_down_in_every_window() -> None:
    window = replace(MINUTE, ended_ms=STARTED_MS + 1_999, running_ms=0, stored_bytes=3)
    assert bill(window, window)["KAFKA_STORAGE"] == (10, 0)


def test_only_partitions_beyond_the_included_count_on_the_average_of_the_hour() -> None:
    full, empty = replace(MINUTE, partitions=250), replace(MINUTE, partitions=50)
    assert bill(full)["KAFKA_PARTITION"] == (150 * 60_000, 1_500)
    assert bill(full, empty)["KAFKA_PARTITION"] == (100 * 60_000, 1_000)
    assert "KAFKA_PARTITION" not in bill(empty)


def test_the_cap_takes_off_what_is_beyond_it() -> None:
    found = bill(replace(MINUTE, running_ms=60_000, bytes_in=100 * 2**30))
    assert found["KAFKA_BASE"] == (60_000, 1_000)
    assert found["KAFKA_DAILY_CAP"] == (1, 1_000_000 - 2_001_000)


def test_a_window_belongs_to_the_day_in_which_it_started() -> None:
    tomorrow = replace(MINUTE, started_ms=STARTED_MS + 120_000, ended_ms=STARTED_MS + 180_000)
    found = recompute([MINUTE, tomorrow], {"lkc_a": "dev"}, PRICES)
    assert {day for day, _, _ in found} == {DAY, "2026-11-23"}


def test_lines_that_lack_and_lines_that_are_too_many_differ_too() -> None:
    one, two = {("d", "c", "A"): (1, 1)}, {("d", "c", "B"): (1, 1)}
    assert differences(one, two) == [("d", "c", "A"), ("d", "c", "B")]
    assert differences(one, {("d", "c", "A"): (1, 2)}) == [("d", "c", "A")]
    assert differences(one, dict(one)) == []


def test_money_is_read_exactly() -> None:
    assert [micros(text) for text in ("0.000001", "-1.500000", "2")] == [1, -1_500_000, 2_000_000]
