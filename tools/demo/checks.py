"""What the demo holds to be true; one that is not ends it with what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.demo.records import Record, Stored, fingerprint


class DemoError(Exception):
    """What came out is not what went in."""


def require(condition: bool, complaint: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Raise DemoError with the complaint unless the condition holds."""
    if not condition:
        raise DemoError(complaint)


def ignore(_number: int) -> None:
    """For a writer whose acknowledgements nobody counts."""


@dataclass(kw_only=True)
class Outcomes:
    """What a writer was told of each record, by the record's place in the load."""

    acknowledged: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """Partition and offset."""

    refused: set[int] = field(default_factory=set[int])
    """Certainly not written."""

    unknown: set[int] = field(default_factory=set[int])
    """May have been written, at most once."""


def check_everything_came_out(what: str, sent: Sequence[Record], read: Sequence[Stored]) -> str:
    """All records are there once, whole and in order, at dense offsets; their fingerprint."""
    require(len(read) == len(sent), f"{what}: {len(sent)} went in, {len(read)} came out")
    wanted, found = fingerprint(sent), fingerprint(one.record for one in read)
    require(found == wanted, f"{what}: the contents or their order differ")
    expected: Counter[int] = Counter()
    for one in read:
        partition = one.record.partition
        require(one.offset == expected[partition], f"{what}: a gap before offset {one.offset}")
        expected[partition] += 1
    return found


def check_acknowledged(
    what: str, sent: Sequence[Record], outcomes: Outcomes, read: Sequence[Stored]
) -> None:
    """Acknowledged records are there once, where and as was said; no other more than once."""
    numbers = {record.identity: number for number, record in enumerate(sent)}
    places: dict[int, list[tuple[int, int]]] = {}
    for one in read:
        number = numbers.get(one.record.identity)
        require(number is not None, f"{what}: a record that nobody sent: {one.record.headers}")
        assert number is not None
        require(one.record == sent[number], f"{what}: record {number} was changed")
        places.setdefault(number, []).append((one.record.partition, one.offset))
    for number in range(len(sent)):
        _check_place(what, number, outcomes, places.get(number, []))
    _check_order(what, sent, outcomes.acknowledged)


def _check_place(
    what: str, number: int, outcomes: Outcomes, found: Sequence[tuple[int, int]]
) -> None:
    acknowledged = outcomes.acknowledged.get(number)
    if acknowledged is not None:
        said = f"{what}: record {number} was acknowledged at {acknowledged}, is at {list(found)}"
        require(list(found) == [acknowledged], said)
    elif number in outcomes.refused:
        require(not found, f"{what}: record {number} was refused and is there")
    else:
        require(number in outcomes.unknown, f"{what}: record {number} has no outcome")
        require(len(found) <= 1, f"{what}: record {number} is there {len(found)} times")


def _check_order(
    what: str, sent: Sequence[Record], acknowledged: Mapping[int, tuple[int, int]]
) -> None:
    last: dict[int, int] = {}
    for number, record in enumerate(sent):
        if number in acknowledged:
            _, offset = acknowledged[number]
            before = last.get(record.partition, -1)
            require(offset > before, f"{what}: record {number} is before one sent earlier")
            last[record.partition] = offset
