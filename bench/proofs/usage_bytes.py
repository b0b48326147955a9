"""Bytes metered are the bytes appended, whatever is killed meanwhile.

Three idempotent producers write while the broker and the process that collects usage are killed in
turn, and a topic is deleted in between; then every figure is held against a scan of the log.
The negative control collects from a real broker by the service's own collector without its cursors
and without acknowledgements: it must count too much. With the cursors it must not.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.proofs.log_scan import Log, TopicPartition, scan
from bench.proofs.report import Finding
from bench.proofs.usage_books import read_books, read_ranges
from bench.proofs.usage_control import count_again_and_again
from bench.proofs.usage_load import (
    DATABASE,
    PRODUCERS,
    Load,
    Target,
    Writer,
    await_that,
    create_target,
    create_topic,
    delete_topic,
)
from tools.running_service import RunningService, start_service
from tools.utc_days import two_days

KILLS: Final = 10
TOPICS: Final = ("orders", "flights")
DOOMED: Final = "doomed"
VARIABLES: Final = {"HEADRACE_USAGE_WINDOW_SECONDS": "1", "HEADRACE_USAGE_COLLECT_SECONDS": "1"}


def prove() -> Finding:
    """The full run and its control."""
    figures, passed = measure(KILLS)
    control = count_again_and_again()
    careful, careless = control["with_cursors"], control["without_cursors"]
    return Finding(
        figures={**figures, "negative_control": control},
        bar={
            "broker_kills": KILLS,
            "collector_kills": KILLS,
            "collector_kills_between_commit_and_acknowledgement_min": 1,
            "difference_bytes": 0,
            "difference_records": 0,
            "partitions_that_differ": 0,
            "acknowledged_records_max": "records metered",
            "records_metered_max": "records acknowledged and of unknown outcome",
        },
        passed=passed
        and figures["collector_kills_between_commit_and_acknowledgement"] > 0
        and careful == control["appended_bytes"],
        control_red=careless > control["appended_bytes"],
        notes=["windows of 1 s, collected every second; the service's defaults are 60 s and 10 s"],
    )


def measure(kills: int) -> tuple[dict[str, Any], bool]:
    """Run the load with so many kills of each; return the figures, and whether all agree."""
    with (
        tempfile.TemporaryDirectory() as directory,
        start_service(Path(directory), variables=VARIABLES) as service,
    ):
        target = create_target(service, "metered")
        topic_ids = {name: create_topic(service, target, name) for name in (*TOPICS, DOOMED)}
        writers = [Writer(number, target, [*TOPICS, DOOMED]) for number in range(PRODUCERS)]
        load = Load(service, target, writers)
        for writer in writers:
            writer.start()
        try:
            doomed = _kill_and_delete(load, kills, topic_ids[DOOMED])
        finally:
            for writer in writers:
                writer.stop()
        _await_collected(service, target)
        kept = scan(_cluster_dir(service, target), {topic_ids[name] for name in TOPICS})
        figures, passed = _judge(load, kept, doomed)
    # One more broker is killed right after the topic was deleted.
    return {"broker_kills": kills + 1, "collector_kills": kills, **figures}, passed


def _kill_and_delete(load: Load, kills: int, doomed_id: str) -> Mapping[TopicPartition, Log]:
    """Kill both so many times, in turn, and delete a topic half way; return what it held."""
    doomed: Mapping[TopicPartition, Log] = {}
    for number in range(kills):
        load.kill_broker()
        if number == kills // 2:
            doomed = _delete_doomed(load, doomed_id)
        load.kill_collector(after_commit=number % 2 == 0)
    return doomed


def _delete_doomed(load: Load, doomed_id: str) -> Mapping[TopicPartition, Log]:
    """Delete a topic that was just written to, and kill the broker right after."""
    for writer in load.writers:
        writer.leave(DOOMED)
    held = scan(_cluster_dir(load.service, load.target), {doomed_id})
    delete_topic(load.service, load.target, DOOMED)
    load.service.broker(load.target.cluster_id).send_signal(signal.SIGKILL)
    load.await_progress()
    return held


def _await_collected(service: RunningService, target: Target) -> None:
    """Wait until everything of before now is counted, and billing has taken it."""
    stopped_at = datetime.now(UTC)
    database = service.data_dir / DATABASE

    def is_collected() -> bool:
        with service.http() as http:
            usage = http.get(f"/v1/clusters/{target.cluster_id}/usage").raise_for_status().json()
        until = usage["collected_until"]
        return (
            until is not None
            and datetime.fromisoformat(until) > stopped_at
            and read_books(database, target.cluster_id).waiting_messages == 0
        )

    await_that(is_collected, "usage is not collected to the end")


def _judge(
    load: Load,
    kept: Mapping[TopicPartition, Log],
    deleted: Mapping[TopicPartition, Log],
) -> tuple[dict[str, Any], bool]:
    """Hold what every table says against what the log holds."""
    cluster_id = load.target.cluster_id
    database = load.service.data_dir / DATABASE
    books = read_books(database, cluster_id)
    ranges = read_ranges(database, cluster_id)
    start, end = two_days()
    period = {"start": start.isoformat(), "end": end.isoformat(), "granularity": "day"}
    with load.service.http() as http:
        answer = http.get(f"/v1/clusters/{cluster_id}/usage", params=period)
        totals = answer.raise_for_status().json()["totals"]
    logs = {**kept, **deleted}
    appended_bytes, appended_records = _sum(logs.values())
    acknowledged, unknown = load.acknowledged(), load.unknown()
    figures: dict[str, Any] = {
        "producers": len(load.writers),
        "topics_deleted": 1,
        "collector_kills_between_commit_and_acknowledgement": load.kills_before_acknowledgement,
        "appended_bytes": appended_bytes,
        "appended_records": appended_records,
        "appended_bytes_of_the_deleted_topic": _sum(deleted.values())[0],
        "acknowledged_records": acknowledged,
        "unknown_outcomes": unknown,
        "metered": books.figures(),
        "answered_bytes": totals["bytes_in"],
        "difference_bytes": _difference({*books.bytes, totals["bytes_in"]}, appended_bytes),
        "difference_records": _difference({*books.records, totals["records_in"]}, appended_records),
        "partitions": len(logs),
        "partitions_that_differ": sum(
            logs.get(key) != ranges.get(key) for key in logs.keys() | ranges.keys()
        ),
    }
    agrees = not any(
        figures[name]
        for name in ("difference_bytes", "difference_records", "partitions_that_differ")
    )
    return figures, agrees and 0 < acknowledged <= appended_records <= acknowledged + unknown


def _sum(logs: Iterable[Log]) -> tuple[int, int]:
    """Bytes and records of some partitions."""
    held = list(logs)
    return sum(log.size_bytes for log in held), sum(log.records for log in held)


def _difference(found: Iterable[int], expected: int) -> int:
    """How far the figure that is furthest off is off."""
    return max(abs(figure - expected) for figure in found)


def _cluster_dir(service: RunningService, target: Target) -> Path:
    return service.data_dir / "clusters" / target.cluster_id
