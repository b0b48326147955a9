"""Power cuts under four idempotent producers, on ext4 and on XFS."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import kafka_wire as wire
from bench.durability import brokers, writers
from bench.durability.checker import Counts, check
from bench.durability.outcome import Outcome
from bench.durability.volumes import MAKERS, Volume, volume
from bench.kafka_client import RefusedError
from tools.paths import BROKER_BINARY

WRITERS, PARTITIONS = 4, 2
LOAD_SECONDS = (0.05, 0.25)
CONTROL_CYCLES = 5
SEGMENT_MS = 40
SEED = 20261130


class Cycles:
    """A broker on a volume whose power is cut again and again; what it acknowledged adds up."""

    def __init__(self, place: Volume, directory: Path, seed: int, binary: Path) -> None:
        self._volume = place
        self._data = place.place / "data"
        self._log = directory / f"{place.kind}.log"
        self._binary = binary
        self._rng = random.Random(seed)
        self.writers = writers.make(WRITERS, PARTITIONS, seed)
        self.start_seconds: list[float] = []

    def run(self, cycles: int, strace: Sequence[str] = ()) -> None:
        """So many power cuts, half of them while the broker runs and half after it was killed."""
        for number in range(cycles):
            broker = self._start(strace)
            load = writers.Load(self.writers, broker.port)
            time.sleep(self._rng.uniform(*LOAD_SECONDS))
            if number % 2 == 0:
                self._volume.cut_power()
                broker.kill()
            else:
                broker.kill()
                self._volume.cut_power()
            load.end()
            self._volume.restart()

    def judge(self) -> Counts:
        """Start once more, let every producer get its pending batch acknowledged, and compare."""
        broker = self._start(())
        counts = Counts()
        try:
            for writer in self.writers:
                writers.write(writer, broker.port, 1)
            with broker.connect() as connection:
                for partition in range(PARTITIONS):
                    read = connection.read_all(writers.TOPIC, partition)
                    counts.add(check(self.writers, partition, read))
        finally:
            broker.kill()
        return counts

    def _start(self, strace: Sequence[str]) -> brokers.Broker:
        started = time.monotonic()
        broker = brokers.start(self._data, self._log, binary=self._binary, strace=strace)
        self.start_seconds.append(time.monotonic() - started)
        with broker.connect() as connection:
            settings = {"segment.ms": str(SEGMENT_MS)}
            connection.create_topic(writers.TOPIC, PARTITIONS, settings)
        return broker


def sweep(*, cycles: int, root: Path, control_binary: Path | None = None) -> Outcome:
    """So many cuts on each file system.

    The control is a build that acknowledges before it syncs, or else syncs that do nothing.
    """
    totals, by_kind, slowest = Counts(), dict[str, Any](), 0.0
    for kind in MAKERS:
        with volume(kind, root) as place:
            run = Cycles(place, root, SEED, BROKER_BINARY)
            run.run(cycles)
            found = run.judge()
            by_kind[kind] = {"power_cuts": cycles, **found.as_json()}
            totals.add(found)
            slowest = max(slowest, *run.start_seconds)
    control = _control(root, control_binary)
    figures = {**totals.as_json(), "by_file_system": by_kind}
    figures |= {"power_cuts": cycles * len(MAKERS), "start_seconds_max": round(slowest, 3)}
    return Outcome(
        figures=figures,
        control=control,
        passed=totals.acknowledged > 0 and totals.faults == 0,
        control_red=control["lost"] > 0,
    )


def _control(root: Path, binary: Path | None) -> dict[str, Any]:
    """Loses what it acknowledged, refuses what follows it, or can not even start any more."""
    lying = () if binary else brokers.LYING_SYNCS
    lost, cycles = 0, 0
    while lost == 0 and cycles < CONTROL_CYCLES:
        cycles += 1
        with volume("ext4", root) as place:
            run = Cycles(place, root, SEED + cycles, binary or BROKER_BINARY)
            run.run(1, lying)
            try:
                lost = run.judge().lost
            except (brokers.StartError, wire.WireError, RefusedError):
                lost = sum(len(writer.acknowledged) for writer in run.writers)
    return {"power_cuts": cycles, "lost": lost, "by": "build" if binary else "syncs that lie"}
