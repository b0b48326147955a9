"""Power cuts under a topic with `flush=relaxed`: its end may go, and nothing else.

What was acknowledged since the last sync may be lost. What is left is a beginning of what was
written: no hole, nothing twice, nothing damaged, and what was there after one start is there for
ever. A broker that stops in order loses nothing at all.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import kafka_wire as wire
from bench.durability import brokers, writers
from bench.durability.outcome import Outcome
from bench.durability.volumes import MAKERS, Volume, volume
from bench.kafka_client import RefusedError

WRITERS, PARTITIONS = 4, 2
LOAD_SECONDS = (0.05, 1.4)
"""Some lives are over before the first sync, which comes after a second."""
SETTINGS = {"flush": "relaxed", "segment.ms": "40"}
SEED = 20261201
RUNNING, KILLED, STOPPED = "running", "killed", "stopped in order"
WAYS = (RUNNING, KILLED, STOPPED)
"""What the broker was when the power went."""


@dataclass(kw_only=True)
class Counts:
    """Records. Everything but `acknowledged`, `read` and `gone` must be 0."""

    acknowledged: int = 0
    read: int = 0
    gone: int = 0
    """Acknowledged, and behind the end of what the power cut has left: this topic allows it."""
    gone_after_stop: int = 0
    """The same after a stop in order."""
    unsettled: int = 0
    """There after an earlier start, and no more."""
    changed: int = 0
    """Acknowledged, and another value at its offset."""
    duplicated: int = 0
    phantoms: int = 0
    """Never sent by anybody."""
    gaps: int = 0
    """Offsets that do not follow the one before."""
    unsound: int = 0
    """Records of batches with a wrong CRC."""

    @property
    def faults(self) -> int:
        shape = self.duplicated + self.phantoms + self.gaps + self.unsound
        return self.gone_after_stop + self.unsettled + self.changed + shape


@dataclass(kw_only=True)
class Partition:
    """What is known of one partition: what was there at the last start, and all that was sent."""

    kept: list[bytes] = field(default_factory=list[bytes])
    sent: set[bytes] = field(default_factory=set[bytes])

    def judge(
        self,
        counts: Counts,
        load: Sequence[writers.Writer],
        read: Sequence[wire.Record],
        *,
        stopped: bool,
    ) -> None:
        """Compare what is read after a start with what the writers of the life before know."""
        values = [record.value for record in read]
        counts.read += len(values)
        counts.unsound += sum(not record.sound for record in read)
        offsets = [-1, *(record.offset for record in read)]
        counts.gaps += sum(later != earlier + 1 for earlier, later in pairwise(offsets))
        counts.duplicated += len(values) - len(set(values))
        still = sum(old == new for old, new in zip(self.kept, values, strict=False))
        counts.unsettled += len(self.kept) - still
        for writer in load:
            self.sent.update(value for _, value in writer.acknowledged)
            self.sent.update(writer.pending)
            self._find(counts, writer, values, stopped=stopped)
        counts.phantoms += sum(value not in self.sent for value in values)
        self.kept = values

    def _find(
        self, counts: Counts, writer: writers.Writer, values: Sequence[bytes], *, stopped: bool
    ) -> None:
        counts.acknowledged += len(writer.acknowledged)
        for offset, value in writer.acknowledged:
            if offset < len(values):
                counts.changed += values[offset] != value
            elif stopped:
                counts.gone_after_stop += 1
            else:
                counts.gone += 1


class Cycles:
    """A broker on a volume whose power is cut again and again; each life has writers of its own."""

    def __init__(self, place: Volume, directory: Path, seed: int) -> None:
        self._volume = place
        self._data = place.place / "data"
        self._log = directory / f"{place.kind}.log"
        self._rng = random.Random(seed)
        self._seed = seed
        self._lives = 0
        self.load: Sequence[writers.Writer] = ()
        """The writers of the last life."""
        self._partitions = [Partition() for _ in range(PARTITIONS)]
        self.counts = Counts()

    def run(self, way: str, strace: Sequence[str] = ()) -> None:
        """One life that ends in a power cut, and a look at what it has left."""
        first = self._lives * WRITERS
        self._lives += 1
        self.load = writers.make(WRITERS, PARTITIONS, self._seed, first)
        broker = self._start(strace)
        running = writers.Load(self.load, broker.port)
        time.sleep(self._rng.uniform(*LOAD_SECONDS))
        if way == RUNNING:
            self._volume.cut_power()
        if way == STOPPED:
            broker.stop()
        else:
            broker.kill()
        if way != RUNNING:
            self._volume.cut_power()
        running.end()
        self._volume.restart()
        self._judge(stopped=way == STOPPED)

    def _judge(self, *, stopped: bool) -> None:
        broker = self._start(())
        try:
            with broker.connect() as connection:
                for number, partition in enumerate(self._partitions):
                    read = connection.read_all(writers.TOPIC, number)
                    own = [writer for writer in self.load if writer.partition == number]
                    partition.judge(self.counts, own, read, stopped=stopped)
        finally:
            broker.kill()

    def _start(self, strace: Sequence[str]) -> brokers.Broker:
        broker = brokers.start(self._data, self._log, strace=strace)
        with broker.connect() as connection:
            connection.create_topic(writers.TOPIC, PARTITIONS, SETTINGS)
        return broker


def sweep(*, cycles: int, root: Path) -> Outcome:
    """So many cuts on each file system, a third of them after a stop in order.

    The control is a stop in order with syncs that do nothing: what was acknowledged is gone.
    """
    totals, by_kind = Counts(), dict[str, Any]()
    for kind in MAKERS:
        with volume(kind, root) as place:
            run = Cycles(place, root, SEED)
            for number in range(cycles):
                run.run(WAYS[number % len(WAYS)])
            by_kind[kind] = {"power_cuts": cycles, **asdict(run.counts)}
            for name, count in asdict(run.counts).items():
                setattr(totals, name, getattr(totals, name) + count)
    control = _control(root)
    figures = {**asdict(totals), "by_file_system": by_kind, "power_cuts": cycles * len(MAKERS)}
    return Outcome(
        figures=figures,
        control=control,
        passed=totals.acknowledged > 0 and totals.faults == 0,
        control_red=control["gone_after_stop"] > 0,
    )


def _control(root: Path) -> dict[str, Any]:
    """Loses what it acknowledged, or can not even start any more."""
    with volume("ext4", root) as place:
        run = Cycles(place, root, SEED + 1)
        try:
            run.run(STOPPED, brokers.LYING_SYNCS)
            gone = run.counts.gone_after_stop
        except (brokers.StartError, wire.WireError, RefusedError):
            gone = sum(len(writer.acknowledged) for writer in run.load)
    return {"gone_after_stop": gone, "by": "syncs that lie"}
