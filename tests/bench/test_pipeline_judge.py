"""The judge of the pipeline tells what is missing, repeated, strange or out of order."""

from __future__ import annotations

import pytest

from bench.proofs.pipeline_judge import Judgement, judge


def shout(value: bytes) -> bytes:
    return value.upper()


def found(**counts: int) -> Judgement:
    nothing = {"missing": 0, "repeated": 0, "strange": 0, "disordered": 0}
    return Judgement(records=2, **{**nothing, **counts})


@pytest.mark.parametrize(
    ("came_out", "judgement"),
    [
        ([b"A", b"B"], found()),
        ([b"A"], found(missing=1)),
        ([b"A", b"B", b"A", b"A"], found(repeated=2)),
        ([b"A", b"B", b"b"], found(strange=1)),
        ([b"B", b"A"], found(disordered=1)),
    ],
)
def test_a_partition(came_out: list[bytes], judgement: Judgement) -> None:
    told = judge({0: [b"a", b"b"]}, {0: came_out}, shout)
    assert told == judgement
    assert told.exact == (judgement == found())


def test_what_came_out_of_another_partition_is_both_missing_and_strange() -> None:
    assert judge({0: [b"a", b"b"]}, {1: [b"A", b"B"]}, shout) == found(missing=2, strange=2)
