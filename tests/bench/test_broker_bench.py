"""What judges and shows the measurements of both brokers."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.broker import bulk, java_tools, latency, partitions, stored
from bench.broker.brokers import HEADRACE
from bench.broker.groups import GROUPS, judge
from bench.broker.page import DATA, PAGE, PLOT, Run, write
from bench.broker.processes import switched
from bench.broker.rounds import medians, ratio
from tests.fixtures.broker_figures import all_groups, measured

MACHINE = {"system": "Linux", "cores": 2, "memory_gib": 23.4}


def missed(found: dict[str, Any]) -> list[str]:
    return [bar.what for bar in judge(found) if not bar.kept]


def test_every_group_has_bars_but_kafkas_own_tools() -> None:
    found = all_groups()
    assert found.keys() == GROUPS.keys()
    assert missed(found) == []
    assert [name for name in found if not judge({name: found[name]})] == ["java"]


def slow(group: str, scenario: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        found[group][scenario] = {**found[group][scenario], HEADRACE: measured(0.5, 0.5, cpu=9.0)}

    return change


def set_(*path: str, to: float) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        place = found
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


SPOILED = {
    "slow with 50 in flight": slow("latency", latency.FIFTY),
    "a sync that costs little": set_("latency", latency.ALONE, "fdatasync_us", to=10.0),
    "slow bulk": slow("bulk", "1000 x 100 B"),
    "dear fetches": slow("bulk", bulk.FETCH),
    "slow at the tail": slow("bulk", bulk.TAIL),
    "many partitions": slow("partitions", "1000 partitions"),
    "wakeups": set_("partitions", partitions.IDLE, HEADRACE, "wakeups_per_second", to=3.0),
    "idle memory": set_("resources", HEADRACE, "resident_bytes", to=11_000_000),
    "growth": set_("stored", HEADRACE, stored.GROWTH, "times_fresh", to=0.5),
    "start": set_("stored", HEADRACE, stored.START, "answer_seconds", to=0.021),
    "recovery": set_("stored", HEADRACE, stored.CRASH, "produce_seconds", to=2.5),
    "cold reader": set_("stored", HEADRACE, stored.COLD, "p99_ratio", to=2.1),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_a_figure_that_is_too_bad_misses_its_bar(spoil: Callable[[dict[str, Any]], None]) -> None:
    found = all_groups()
    spoil(found)
    assert missed(found) != []


def test_the_page_tells_commit_machine_and_day_and_every_bar(tmp_path: Path) -> None:
    found = all_groups()
    run = Run.of(found, commit="0123456789ab", machine=MACHINE, size="full")
    write(run, judge(found), tmp_path)
    page = (tmp_path / PAGE).read_text("utf-8")
    assert "`0123456789ab`" in page
    assert run.at[:10] in page
    assert "2 cores" in page
    assert all(f"| {bar.what} |" in page for bar in judge(found))
    assert "missed" not in page
    assert json.loads((tmp_path / DATA).read_text("utf-8"))["groups"] == found
    plot = ET.fromstring((tmp_path / PLOT).read_text("utf-8"))  # noqa: S314  we drew it just now
    words = [element.text for element in plot.iter("{http://www.w3.org/2000/svg}text")]
    assert "1000 partitions" in words
    assert "2.00" in words


def test_medians_go_into_what_is_nested() -> None:
    rounds = [{"a": {"b": value}, "name": "x"} for value in (1.0, 9.0, 2.0)]
    assert medians(rounds) == {"a": {"b": 2.0}, "name": "x"}
    assert ratio(3, 2) == 1.5
    assert ratio(1, 0) == float("inf")


def test_what_kafkas_tools_print_is_read() -> None:
    produced = java_tools.producer_figures(
        "5 records sent, 1.0 records/sec (0.1 MB/sec), 2.0 ms avg latency, 3.0 ms max latency.\n"
        "100 records sent, 76687.1 records/sec (7.31 MB/sec), 224.35 ms avg latency,"
        " 330.00 ms max latency, 258 ms 50th, 326 ms 95th, 328 ms 99th, 330 ms 99.9th.\n"
    )
    assert produced["records_per_second"] == 76687.1
    assert (produced["p50_ms"], produced["p99_ms"], produced["p999_ms"]) == (258, 328, 330)
    head = "start.time, data.consumed.in.nMsg, fetch.MB.sec, fetch.nMsg.sec"
    consumed = java_tools.consumer_figures(f"{head}\n2026-11-30, 100, 27.1, 284090.9\n")
    assert consumed["records_per_second"] == 284090.9
    trip = java_tools.trip_figures(
        "0\t12.5\nAvg latency: 2.7126 ms\nPercentiles: 50th = 1, 99th = 16, 99.9th = 136\n"
    )
    assert trip == {"mean_ms": 2.7126, "p50_ms": 1, "p99_ms": 16, "p999_ms": 136}
    readers = (java_tools.producer_figures, java_tools.consumer_figures, java_tools.trip_figures)
    for read in readers:
        with pytest.raises(java_tools.ToolError):
            read("something else")


def test_wakeups_are_those_of_threads_that_are_still_there_and_new_ones() -> None:
    before = {"1": 100, "2": 5_000}
    after = {"1": 103, "3": 4}
    assert switched(before, after) == 7
