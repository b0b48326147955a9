"""A load in whose middle the broker is killed, and what its writers were told."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from tools.demo.checks import DemoError, Outcomes, require
from tools.demo.cluster import Cluster
from tools.demo.https_client import HttpsWriter, https, in_streams
from tools.demo.kafka_client import KafkaWriter
from tools.demo.records import Record
from tools.running_service import RunningService

KILL_AT: Final = 0.25
"""The part of the load that every writer has had acknowledged when the broker is killed."""

HOLD_AT: Final = 0.9
"""The part of the load that no writer goes beyond before the broker is killed."""

HTTPS_STREAM_RECORDS: Final = 500
PATIENCE_SECONDS: Final = 30
KAFKA, HTTPS = 0, 1


@dataclass(frozen=True, kw_only=True)
class AtKill:
    """Where a writer was when the broker was killed."""

    acknowledged: int
    in_flight: int


class Progress:
    """Counts acknowledgements and tells when it is time to kill."""

    def __init__(self, total: int, writers: int) -> None:
        self.total = total
        self.killed_at: float | None = None
        self.resumed_at: float | None = None
        self._acknowledged = [0] * writers
        self._sent = [0] * writers
        self._sent_before_kill: list[int] = []
        self._midway = [threading.Event() for _ in range(writers)]
        self._killed = threading.Event()
        self._lock = threading.Lock()

    def sending(self, writer: int, count: int) -> None:
        """Called before a writer sends records."""
        with self._lock:
            self._sent[writer] += count

    def acknowledged(self, writer: int, number: int) -> None:
        """Called for each acknowledged record, which is the `number`th of its writer from 0."""
        with self._lock:
            self._acknowledged[writer] += 1
            if self._acknowledged[writer] >= self.total * KILL_AT:
                self._midway[writer].set()
            if self._sent_before_kill and number >= self._sent_before_kill[writer]:
                self.resumed_at = self.resumed_at or time.monotonic()

    def await_midway(self, writer: int) -> None:
        """Wait until a writer is in the middle of its load."""
        require(self._midway[writer].wait(PATIENCE_SECONDS), "the second load does not go on")

    def mark_killed(self) -> list[AtKill]:
        """Let the writers go on to the end; where they were at the kill."""
        with self._lock:
            self.killed_at = time.monotonic()
            self._sent_before_kill = list(self._sent)
            counts = zip(self._acknowledged, self._sent, strict=True)
            found = [AtKill(acknowledged=a, in_flight=sent - a) for a, sent in counts]
        self._killed.set()
        return found

    def must_hold(self, number: int) -> bool:
        """Whether a writer that is at this record waits for the kill."""
        return number >= self.total * HOLD_AT and not self._killed.is_set()

    def await_kill(self) -> None:
        require(self._killed.wait(PATIENCE_SECONDS), "nobody killed the broker")


@dataclass(frozen=True, kw_only=True)
class CrashReport:
    """What happened in the second load."""

    kafka: Outcomes
    https: Outcomes
    old_pid: int
    new_pid: int
    at_kill: Sequence[AtKill]
    seconds_to_resume: float
    """From the kill to the first acknowledgement of a record that was sent after it."""


def load_with_a_kill(
    service: RunningService,
    cluster: Cluster,
    topics: tuple[str, str],
    records: Sequence[Record],
) -> CrashReport:
    """Write by both ways at once, SIGKILL the broker in between, and write on."""
    progress = Progress(len(records), writers=2)
    kafka_topic, https_topic = topics
    with ThreadPoolExecutor(2) as pool:
        by_kafka = pool.submit(_write_by_kafka, cluster, kafka_topic, records, progress)
        by_https = pool.submit(_write_by_https, cluster, https_topic, records, progress)
        progress.await_midway(HTTPS)
        victim = service.broker(cluster.id)
        progress.await_midway(KAFKA)
        os.kill(victim.pid, signal.SIGKILL)
        at_kill = progress.mark_killed()
        outcomes = by_kafka.result(), by_https.result()
    require(sum(one.in_flight for one in at_kill) > 0, "nothing was in flight at the kill")
    successor = service.broker(cluster.id)
    require(successor.pid != victim.pid, "the broker that was killed still runs")
    if progress.killed_at is None or progress.resumed_at is None:
        raise DemoError("nothing was acknowledged after the kill")
    return CrashReport(
        kafka=outcomes[0],
        https=outcomes[1],
        old_pid=victim.pid,
        new_pid=successor.pid,
        at_kill=at_kill,
        seconds_to_resume=progress.resumed_at - progress.killed_at,
    )


def _write_by_kafka(
    cluster: Cluster, topic: str, records: Sequence[Record], progress: Progress
) -> Outcomes:
    """Much quicker than HTTPS, so it begins when that one is in the middle of its load."""
    writer = KafkaWriter(cluster, topic, _counter(progress, KAFKA))
    progress.await_midway(HTTPS)
    for number, record in enumerate(records):
        while progress.must_hold(number):
            writer.wait()
        progress.sending(KAFKA, 1)
        writer.send(number, record)
    writer.finish()
    return writer.outcomes


def _write_by_https(
    cluster: Cluster, topic: str, records: Sequence[Record], progress: Progress
) -> Outcomes:
    with https(cluster) as client:
        writer = HttpsWriter(client, cluster, topic, _counter(progress, HTTPS))
        for stream in in_streams(list(enumerate(records)), HTTPS_STREAM_RECORDS):
            if progress.must_hold(stream[0][0]):
                progress.await_kill()
            progress.sending(HTTPS, len(stream))
            writer.send(stream)
    return writer.outcomes


def _counter(progress: Progress, writer: int) -> Callable[[int], None]:
    def count(number: int) -> None:
        progress.acknowledged(writer, number)

    return count
