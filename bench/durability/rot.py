"""Single bits that flip in any file of a data directory while nobody looks.

A broker may refuse by name or not serve what is damaged; it must never serve bytes that nobody
wrote. The control is a reader that checks nothing: it takes the segments' bytes as they are.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import kafka_wire as wire
from bench.durability import brokers, writers
from bench.durability.outcome import Outcome
from bench.kafka_client import RefusedError
from bench.proofs.log_scan import SEGMENT, SEGMENT_HEADER_BYTES

PARTITIONS, WRITERS, BATCHES = 2, 2, 40
SEGMENT_MS = 10
SEED = 20261130
INTACT, REFUSED, UNSERVED, WRONG = "intact", "refused", "not_served", "wrong"
ANSWER_SECONDS_MAX = 10.0


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What each partition holds, by offset."""

    values: dict[int, dict[int, bytes]]

    def verdict(self, partition: int, read: list[wire.Record]) -> str:
        """What to say of what was read of a partition."""
        wanted = self.values[partition]
        wrong = any(not each.sound or wanted.get(each.offset) != each.value for each in read)
        if wrong:
            return WRONG
        return INTACT if len(read) == len(wanted) else UNSERVED


def sweep(*, flips: int, root: Path) -> Outcome:
    """So many flips, one at a time, each on a fresh copy."""
    rng = random.Random(SEED)
    verdicts, files, control = Counter[str](), Counter[str](), Counter[str]()
    examples: list[str] = []
    with tempfile.TemporaryDirectory(dir=root) as name:
        directory = Path(name)
        truth = _write(directory / "sound", directory / "log")
        places = _places(directory / "sound")
        for number in range(flips):
            rotten = directory / "rotten"
            shutil.copytree(directory / "sound", rotten)
            path, bit = _in_a_value(places) if number == 0 else _anywhere(places, rng)
            flip(rotten / path.relative_to(directory / "sound"), bit)
            verdict = judge(rotten, directory / "log", truth)
            verdicts[verdict] += 1
            files[path.suffix or path.name] += 1
            if verdict == WRONG:
                examples.append(f"{path.relative_to(directory / 'sound')}, bit {bit}")
            control[_careless(rotten, truth)] += 1
            shutil.rmtree(rotten)
    figures: dict[str, Any] = {"flips": flips, **{each: verdicts[each] for each in VERDICTS}}
    figures |= {"by_file": dict(files), "wrong_after": examples[:5]}
    return Outcome(
        figures=figures,
        control={"by": "a reader that checks nothing", **control},
        passed=flips > 0 and verdicts[WRONG] == 0,
        control_red=control[WRONG] > 0,
    )


VERDICTS = (INTACT, REFUSED, UNSERVED, WRONG)


def flip(path: Path, bit: int) -> None:
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(content)


def judge(data: Path, log: Path, truth: Truth) -> str:
    """Start a broker on a damaged directory and read everything that it serves."""
    try:
        broker = brokers.start(data, log)
    except brokers.StartError:
        return REFUSED
    found: set[str] = set()
    try:
        for partition in range(PARTITIONS):
            found.add(_read(broker, partition, truth))
    finally:
        broker.kill()
    return next(verdict for verdict in (WRONG, REFUSED, UNSERVED, INTACT) if verdict in found)


def _read(broker: brokers.Broker, partition: int, truth: Truth) -> str:
    read: list[wire.Record] = []
    try:
        with broker.connect(ANSWER_SECONDS_MAX) as connection:
            offset = connection.offset(writers.TOPIC, partition, wire.EARLIEST)
            end = connection.offset(writers.TOPIC, partition, wire.LATEST)
            while offset < end:
                data = connection.fetch(writers.TOPIC, partition, offset)
                found = [each for each in wire.records_in(data) if each.offset >= offset]
                if not found:
                    break
                read += found
                offset = found[-1].offset + 1
    except (OSError, RefusedError, wire.WireError):
        verdict = truth.verdict(partition, read)
        return WRONG if verdict == WRONG else REFUSED
    return truth.verdict(partition, read)


def _write(data: Path, log: Path) -> Truth:
    """Records in many small segments, a checkpoint, indexes, and a tail after a kill."""
    producers = writers.make(WRITERS, PARTITIONS, SEED)
    for ends_in_order in (True, False):
        broker = brokers.start(data, log)
        with broker.connect() as connection:
            settings = {"segment.ms": str(SEGMENT_MS)}
            connection.create_topic(writers.TOPIC, PARTITIONS, settings)
        for writer in producers:
            writers.write(writer, broker.port, BATCHES)
        if ends_in_order:
            broker.stop()
        else:
            broker.kill()
    values = {
        partition: {
            offset: value
            for writer in producers
            if writer.partition == partition
            for offset, value in writer.acknowledged
        }
        for partition in range(PARTITIONS)
    }
    return Truth(values=values)


def _places(data: Path) -> list[Path]:
    return sorted(path for path in data.rglob("*") if path.is_file() and path.stat().st_size > 0)


def _anywhere(places: list[Path], rng: random.Random) -> tuple[Path, int]:
    """Some bit. Every file is as likely as any other, so that small ones are met."""
    path = rng.choice(places)
    return path, rng.randrange(path.stat().st_size * 8)


def _in_a_value(places: list[Path]) -> tuple[Path, int]:
    """A bit of a record's value, which the control can not miss.

    How many segments there are is a matter of time, and few flips might all meet what it does not
    look at. A segment ends with its last record's value and one byte, the count of no headers.
    """
    path = next(
        path
        for path in places
        if SEGMENT.fullmatch(path.name) and path.stat().st_size > SEGMENT_HEADER_BYTES
    )
    return path, (path.stat().st_size - 2) * 8


def _careless(data: Path, truth: Truth) -> str:
    """What a reader that checks nothing makes of the segments."""
    for path in sorted(data.rglob("*.log")):
        if SEGMENT.fullmatch(path.name):
            content = path.read_bytes()
            partition = int(path.parent.name.rpartition("-")[2])
            read = list(wire.records_in(content[SEGMENT_HEADER_BYTES:]))
            wanted = truth.values[partition]
            if any(wanted.get(each.offset) != each.value for each in read):
                return WRONG
    return INTACT
