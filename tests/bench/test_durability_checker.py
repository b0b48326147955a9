"""The checker of the durability sweeps finds every way in which records can be wrong."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import pytest

from bench import kafka_wire as wire
from bench.durability import writers
from bench.durability.checker import check

Records = list[wire.Record]


def world() -> tuple[list[writers.Writer], Records]:
    """Two producers on one partition, with ten acknowledged records and one that is pending."""
    made = writers.make(2, 1, seed=1)
    read: Records = []
    for offset in range(10):
        writer, value = made[offset % 2], f"{offset % 2}/{offset // 2}/".encode()
        writer.acknowledged.append((offset, value))
        read.append(wire.Record(offset=offset, value=value, sound=True))
    made[0].pending = [b"0/5/"]
    return made, read


def renumbered(read: Records) -> Records:
    return [dataclasses.replace(each, offset=offset) for offset, each in enumerate(read)]


MUTANTS: dict[str, tuple[str, Callable[[Records], Records]]] = {
    "the last one is missing": ("lost", lambda read: read[:-1]),
    "one in the middle is missing": ("gaps", lambda read: read[:4] + read[5:]),
    "one was moved": ("lost", lambda read: renumbered(read[1:])),
    "one is there twice": ("duplicated", lambda read: renumbered([*read, read[3]])),
    "two changed places": (
        "disordered",
        lambda read: renumbered([read[2], read[1], read[0], *read[3:]]),
    ),
    "a stranger": (
        "phantoms",
        lambda read: renumbered([*read, wire.Record(offset=0, value=b"?", sound=True)]),
    ),
    "a wrong checksum": (
        "unsound",
        lambda read: [dataclasses.replace(read[0], sound=False), *read[1:]],
    ),
}


@pytest.mark.parametrize(("count", "mutate"), MUTANTS.values(), ids=MUTANTS.keys())
def test_a_fault_is_counted(count: str, mutate: Callable[[Records], Records]) -> None:
    made, read = world()
    found = check(made, 0, mutate(read))
    assert getattr(found, count) > 0
    assert found.faults > 0


def test_a_pending_record_may_be_there_or_not() -> None:
    made, read = world()
    assert check(made, 0, read).faults == 0
    there = [*read, wire.Record(offset=10, value=b"0/5/", sound=True)]
    assert check(made, 0, there).faults == 0


def test_batches_come_back_and_a_flipped_bit_is_seen() -> None:
    values = [b"one", b"", b"three" * 50]
    batch = wire.batch(values, wire.Producer(id=7, epoch=1), 5, int(time.time() * 1_000))
    read = list(wire.records_in(batch))
    assert [(each.offset, each.value, each.sound) for each in read] == [
        (number, value, True) for number, value in enumerate(values)
    ]
    for at in range(21, len(batch)):
        rotten = bytearray(batch)
        rotten[at] ^= 4
        assert not any(each.sound for each in wire.records_in(bytes(rotten)))
    assert list(wire.records_in(batch[:-1])) == []
