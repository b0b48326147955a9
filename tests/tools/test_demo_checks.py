"""The demo's checks see what they are there to see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.demo.checks import (
    DemoError,
    Outcomes,
    check_acknowledged,
    check_everything_came_out,
)
from tools.demo.records import PARTITIONS, Record, Stored, by_partition, fingerprint, load_records


def records(count: int = 12) -> list[Record]:
    return [
        Record(
            partition=number % PARTITIONS,
            key=f"key {number}".encode(),
            value=b"{}",
            headers=(("row", str(number).encode()),),
        )
        for number in range(count)
    ]


def stored(sent: list[Record]) -> list[Stored]:
    return [
        Stored(record=record, offset=offset)
        for part in by_partition(sent).values()
        for offset, record in enumerate(part)
    ]


def told(sent: list[Record]) -> Outcomes:
    return Outcomes(
        acknowledged={
            number: (record.partition, number // PARTITIONS) for number, record in enumerate(sent)
        }
    )


def test_the_data_sets_are_tens_of_thousands_of_different_records_in_every_partition() -> None:
    found = load_records()

    assert len({record.identity for record in found}) == len(found) > 20_000
    assert all(len(part) > 5_000 for part in by_partition(found).values())
    assert fingerprint(found) == fingerprint(load_records())


def test_what_came_out_whole_passes() -> None:
    sent = records()

    assert check_everything_came_out("x", sent, stored(sent)) == fingerprint(sent)
    check_acknowledged("x", sent, told(sent), stored(sent))


def test_the_fingerprint_knows_where_one_field_ends_and_the_next_begins() -> None:
    first = replace(records()[0], key=b"ab", value=b"c")

    assert fingerprint([first]) != fingerprint([replace(first, key=b"a", value=b"bc")])


def test_a_lost_a_repeated_and_a_changed_record_are_seen() -> None:
    sent = records()
    read = stored(sent)
    changed = replace(read[0], record=replace(read[0].record, value=b"{ }"))
    for wrong in (read[:-1], [*read, read[-1]], [changed, *read[1:]], [read[0], *read[:-1]]):
        with pytest.raises(DemoError):
            check_everything_came_out("x", sent, wrong)
        with pytest.raises(DemoError):
            check_acknowledged("x", sent, told(sent), wrong)


def test_two_records_of_a_partition_in_the_wrong_order_are_seen() -> None:
    sent = records()
    swapped = [sent[PARTITIONS], *sent[1:PARTITIONS], sent[0], *sent[PARTITIONS + 1 :]]
    outcomes = told(sent)
    outcomes.acknowledged[0], outcomes.acknowledged[PARTITIONS] = (0, 1), (0, 0)

    with pytest.raises(DemoError, match="order"):
        check_everything_came_out("x", sent, stored(swapped))
    with pytest.raises(DemoError, match="before one sent earlier"):
        check_acknowledged("x", sent, outcomes, stored(swapped))


def test_a_gap_in_the_offsets_is_seen() -> None:
    sent = records()
    read = [replace(one, offset=one.offset + 1) for one in stored(sent)]

    with pytest.raises(DemoError, match="gap"):
        check_everything_came_out("x", sent, read)


def test_an_unknown_outcome_may_be_there_once_and_a_refused_record_not_at_all() -> None:
    sent = records()
    last = len(sent) - 1
    unknown, refused = told(sent), told(sent)
    del unknown.acknowledged[last], refused.acknowledged[last]
    unknown.unknown.add(last)
    refused.refused.add(last)

    check_acknowledged("x", sent, unknown, stored(sent))
    check_acknowledged("x", sent, unknown, stored(sent)[:-1])
    check_acknowledged("x", sent, refused, stored(sent)[:-1])
    with pytest.raises(DemoError, match="refused and is there"):
        check_acknowledged("x", sent, refused, stored(sent))
    with pytest.raises(DemoError, match="2 times"):
        check_acknowledged("x", sent, unknown, [*stored(sent), stored(sent)[-1]])


def test_a_record_that_nobody_sent_and_one_without_an_outcome_are_seen() -> None:
    sent = records()
    alien = replace(stored(sent)[0], record=replace(sent[0], headers=(("row", b"x"),)))

    with pytest.raises(DemoError, match="nobody sent"):
        check_acknowledged("x", sent, told(sent), [*stored(sent), alien])
    with pytest.raises(DemoError, match="no outcome"):
        check_acknowledged("x", sent, Outcomes(), stored(sent))
