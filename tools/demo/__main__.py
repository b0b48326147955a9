"""Runs the demo and prints what it saw; status 1 when anything is not as promised."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.demo import https_client, kafka_client, kcat_client
from tools.demo.checks import (
    DemoError,
    Outcomes,
    check_acknowledged,
    check_everything_came_out,
    require,
)
from tools.demo.cluster import Cluster, create_cluster, create_topic
from tools.demo.crash import CrashReport, load_with_a_kill
from tools.demo.records import DATA_SETS, PARTITIONS, Record, Stored, load_records
from tools.running_service import RunningService, start_service
from tools.service_access import ServiceError

Writer = Callable[[Cluster, str, Sequence[Record]], None]
Reader = Callable[[Cluster, str], list[Stored]]

WRITERS: dict[str, Writer] = {
    "HTTPS": https_client.write_all,
    "confluent-kafka": kafka_client.write_all,
}
READERS: dict[str, Reader] = {
    "HTTPS": https_client.read_all,
    "confluent-kafka": kafka_client.read_all,
    "kcat": kcat_client.read_all,
}
FINGERPRINT_SHOWN = 16


class Demo:
    """The steps of the demo, each of which prints what it proved."""

    def __init__(self, console: Console, service: RunningService, directory: Path) -> None:
        self._console = console
        self._service = service
        self._records = load_records()
        started = time.monotonic()
        self._cluster = create_cluster(service, directory)
        seconds = time.monotonic() - started
        console.print(f"cluster {self._cluster.id} and its key are usable after {seconds:.2f} s")

    def run(self) -> None:
        """Everything, in order."""
        size = sum(record.size_bytes for record in self._records)
        sources = ", ".join(DATA_SETS)
        self._console.print(
            f"{len(self._records):,} records, {size / 1e6:.1f} MB, {PARTITIONS} partitions: "
            f"{sources} of vega-datasets"
        )
        topics = self._load()
        report, crash_topics = self._crash()
        self._prove_the_crash_lost_nothing(report, crash_topics)
        for topic in topics:
            self._prove("first load, after the crash", topic, "confluent-kafka")
        self._console.print("[green]what came out is what went in[/green]")

    def _load(self) -> list[str]:
        table = Table("written by", "seconds", "records/s", title="Load", title_justify="left")
        topics: list[str] = []
        for number, (name, write) in enumerate(WRITERS.items()):
            topic = create_topic(self._service, self._cluster, f"vega-{number}")
            started = time.monotonic()
            write(self._cluster, topic, self._records)
            _add_pace(table, [name], time.monotonic() - started, len(self._records))
            topics.append(topic)
        self._console.print(table)
        self._read_back(dict(zip(WRITERS, topics, strict=True)))
        return topics

    def _read_back(self, topics: dict[str, str]) -> None:
        table = Table("written by", "read by", "seconds", "records/s", "fingerprint")
        table.title, table.title_justify = "Read back: all of it, in order", "left"
        for writer, topic in topics.items():
            for reader in READERS:
                started = time.monotonic()
                mark = self._prove(f"written by {writer}", topic, reader)
                seconds = time.monotonic() - started
                _add_pace(table, [writer, reader], seconds, len(self._records), mark)
        self._console.print(table)

    def _prove(self, what: str, topic: str, reader: str) -> str:
        read = READERS[reader](self._cluster, topic)
        found = check_everything_came_out(f"{what}, read by {reader}", self._records, read)
        return found[:FINGERPRINT_SHOWN]

    def _crash(self) -> tuple[CrashReport, tuple[str, str]]:
        topics = (
            create_topic(self._service, self._cluster, "crash-kafka"),
            create_topic(self._service, self._cluster, "crash-https"),
        )
        report = load_with_a_kill(self._service, self._cluster, topics, self._records)
        where = " and ".join(
            f"{one.acknowledged:,} acknowledged and {one.in_flight:,} in flight by {name}"
            for name, one in zip(("confluent-kafka", "HTTPS"), report.at_kill, strict=True)
        )
        self._console.print(
            f"SIGKILL of broker {report.old_pid} with {where}; broker {report.new_pid} "
            f"took over and acknowledged again after {report.seconds_to_resume:.2f} s"
        )
        return report, topics

    def _prove_the_crash_lost_nothing(self, report: CrashReport, topics: tuple[str, str]) -> None:
        table = Table("written by", "acknowledged", "unknown", "refused", "found")
        table.title, table.title_justify = "Second load: every acknowledged record once", "left"
        outcomes: dict[str, Outcomes] = {"confluent-kafka": report.kafka, "HTTPS": report.https}
        for (name, told), topic in zip(outcomes.items(), topics, strict=True):
            read = kafka_client.read_all(self._cluster, topic)
            check_acknowledged(f"second load by {name}", self._records, told, read)
            counts = (told.acknowledged, told.unknown, told.refused, read)
            table.add_row(name, *(f"{len(part):,}" for part in counts))
        self._console.print(table)
        require(not report.kafka.unknown, "the idempotent producer gave records up")


def _add_pace(table: Table, names: Sequence[str], seconds: float, count: int, *rest: str) -> None:
    table.add_row(*names, f"{seconds:.2f}", f"{count / seconds:,.0f}", *rest)


def main() -> int:
    """Run the demo in a temporary directory that is removed afterwards."""
    console = Console(highlight=False)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="headrace-demo-") as directory:
            where = Path(directory)
            with start_service(where) as service:
                console.print(f"service ready after {time.monotonic() - began:.2f} s")
                Demo(console, service, where).run()
    except (DemoError, ServiceError) as error:
        console.print(f"[red]demo failed:[/red] {error}", markup=True)
        return 1
    console.print(f"done in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
