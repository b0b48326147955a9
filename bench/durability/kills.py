"""SIGKILL at every call of a scripted run by which a broker changes files.

strace counts calls for each thread and each kind, and kills the broker at the N-th of a kind that
any of its threads makes. N grows until a run ends without a kill: then every call of that kind was
met. What is judged is the protocol: after a start, everything acknowledged is there, once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import kafka_wire as wire
from bench.durability import brokers, writers
from bench.durability.checker import Counts, check
from bench.durability.outcome import Outcome
from bench.kafka_client import Connection, RefusedError

CALLS = (
    *("pwrite64", "pwritev", "pwritev2", "fdatasync", "fsync", "rename", "renameat", "renameat2"),
    *("ftruncate", "fallocate", "unlink", "unlinkat", "mkdir", "mkdirat"),
)
"""System calls that change files or make changes durable. Sockets are written by others."""

PARTITIONS, WRITERS = 2, 2
ROUNDS, BATCHES = 6, 2
SEGMENT_MS = 10
POINTS_MAX = 2_000
SEED = 20261130
GONE = (OSError, brokers.StartError)
"""How a killed broker looks from outside."""


@dataclass(kw_only=True)
class Run:
    """A scripted run that goes on where it was killed, until it is done."""

    directory: Path
    producers: list[writers.Writer] = field(
        default_factory=lambda: writers.make(WRITERS, PARTITIONS, SEED)
    )
    rounds_done: int = 0

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def go(self, strace: Sequence[str] = ()) -> bool:
        """Start a broker, do what is left of the script and stop in order; whether it lived."""
        log = self.directory / "log"
        broker = brokers.launch(self.data, log, strace=strace)
        try:
            brokers.await_listening(broker)
            self._script(broker.port)
            broker.stop()
        except GONE:
            broker.kill()
            return False
        return broker.process.returncode == 0

    def _script(self, port: int) -> None:
        """Topics come, are written, are cut into small segments, and go."""
        with Connection(port) as connection:
            settings = {"segment.ms": str(SEGMENT_MS)}
            connection.create_topic(writers.TOPIC, PARTITIONS, settings)
        while self.rounds_done < ROUNDS:
            for writer in self.producers:
                writers.write(writer, port, BATCHES)
            with Connection(port) as connection:
                passing = f"passing-{self.rounds_done}"
                connection.create_topic(passing, 1)
                try:
                    connection.delete_topic(passing)
                except RefusedError:
                    # The kill came between the deletion and its answer.
                    connection.create_topic(passing, 1)
            self.rounds_done += 1

    def judge(self) -> Counts:
        """Start once more and compare."""
        broker = brokers.start(self.data, self.directory / "log")
        counts = Counts()
        try:
            with broker.connect() as connection:
                for partition in range(PARTITIONS):
                    read = connection.read_all(writers.TOPIC, partition)
                    counts.add(check(self.producers, partition, read))
        finally:
            broker.stop()
        return counts


def sweep(*, every: int, root: Path) -> Outcome:
    """Kill at every call, or at every so many-th of a kind; then judge a broker that forgets."""
    totals, points, by_call = Counts(), 0, dict[str, int]()
    failed: list[str] = []
    for call in CALLS:
        for number in range(1, POINTS_MAX, every):
            with tempfile.TemporaryDirectory(dir=root) as directory:
                run = Run(directory=Path(directory))
                if run.go(kill_at(call, number)):
                    break
                points += 1
                by_call[call] = by_call.get(call, 0) + 1
                try:
                    if not run.go():
                        failed.append(f"{call} {number}: the next start did not end in order")
                        continue
                    totals.add(run.judge())
                except (brokers.StartError, RefusedError, wire.WireError) as error:
                    failed.append(f"{call} {number}: {error}")
    with tempfile.TemporaryDirectory(dir=root) as directory:
        control = forgetful(Path(directory))
    figures: dict[str, Any] = {"points": points, "points_by_call": by_call, **totals.as_json()}
    figures |= {"failed_recoveries": len(failed), "failures": failed[:5]}
    return Outcome(
        figures=figures,
        control=control.as_json(),
        passed=points > 0 and totals.acknowledged > 0 and totals.faults == 0 and not failed,
        control_red=control.lost > 0,
    )


def kill_at(call: str, number: int) -> list[str]:
    """Strace's options for a kill at the N-th call of a kind."""
    return ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"]


def forgetful(directory: Path) -> Counts:
    """The control: a broker that comes back as it was before the last acknowledgements."""
    run = Run(directory=directory)
    assert run.go(), "the script does not even end without a kill"
    kept = directory / "kept"
    shutil.copytree(run.data, kept)
    run.rounds_done -= 1
    assert run.go(), "the script does not go on"
    shutil.rmtree(run.data)
    kept.rename(run.data)
    return run.judge()
