"""Records that the client tests send, and how what came back is compared with them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pytest

from tests.fixtures.kafka_access import Mechanism, SecurityProtocol

PATIENCE_SECONDS: Final = 60
"""How long a condition that must come true is waited for."""

CODECS: Final = ("gzip", "snappy", "lz4", "zstd")

ACCESSES: Final[tuple[tuple[SecurityProtocol, Mechanism], ...]] = (
    ("SASL_SSL", "SCRAM-SHA-512"),
    ("SASL_PLAINTEXT", "SCRAM-SHA-512"),
    ("SASL_SSL", "SCRAM-SHA-256"),
    ("SASL_PLAINTEXT", "PLAIN"),
)

each_access = pytest.mark.parametrize(
    ("protocol", "mechanism"), ACCESSES, ids=[f"{p}-{m}" for p, m in ACCESSES]
)
each_codec = pytest.mark.parametrize("codec", CODECS)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a client sends; `partition` is chosen by the test."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Received:
    """A record with the offset that it was read at."""

    record: Record
    offset: int


def sample(count: int, partitions: int = 4, *, tag: str = "r") -> list[Record]:
    """Records of different sizes over all partitions, with keys and headers, some of them empty."""
    return [_sample(number, partitions, tag) for number in range(count)]


def _sample(number: int, partitions: int, tag: str) -> Record:
    return Record(
        partition=number % partitions,
        key=None if number % 7 == 3 else f"{tag}-key-{number}".encode(),
        value=f"{tag}-{number}-".encode() + b"value" * (number % 50),
        headers=() if number % 5 == 0 else (("number", str(number).encode()), ("tag", b"\x00\xff")),
    )


def compressible(count: int, size: int) -> list[Record]:
    """Records that any codec shrinks to a small part."""
    return [
        Record(partition=0, key=None, value=f"{number:08d}".encode() + b"a" * size)
        for number in range(count)
    ]


def in_partition_order(records: Iterable[Record]) -> dict[int, list[Record]]:
    """The records of each partition, in the order given."""
    ordered: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        ordered[record.partition].append(record)
    return dict(ordered)


def assert_same(received: Sequence[Received], sent: Sequence[Record]) -> None:
    """Everything came back once, in the order of each partition, at dense offsets."""
    arrived = in_partition_order(one.record for one in received)
    assert arrived == in_partition_order(sent)
    for partition in arrived:
        offsets = [one.offset for one in received if one.record.partition == partition]
        assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))


def assert_same_set(received: Sequence[Received], sent: Sequence[Record]) -> None:
    """Everything came back once and in order, when several consumers each read a part."""
    by_place = sorted(received, key=lambda one: (one.record.partition, one.offset))
    assert_same(by_place, sent)


def poll_until(done: Callable[[], bool], step: Callable[[], None], what: str) -> None:
    """Call `step`, which itself waits a little, until `done`; fails saying `what` was awaited."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS} s in vain: {what}"
        step()
