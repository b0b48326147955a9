"""The judge of the group that churns sees each thing that must not be."""

from __future__ import annotations

from bench.proofs.churn_judge import (
    Observed,
    count_steps_back,
    count_unseen,
    judge,
    pauses_of,
    percentile,
)


def seen(*offsets: tuple[int, int]) -> dict[str, object]:
    return {"event": "seen", "at": 0.0, "offsets": list(offsets)}


def committed(*offsets: tuple[int, int]) -> dict[str, object]:
    return {"event": "committed", "at": 0.0, "offsets": list(offsets)}


def test_a_record_that_nobody_processed_is_counted() -> None:
    events = [seen((0, 0), (0, 1)), seen((0, 1), (1, 1))]
    assert count_unseen({0: 2, 1: 2}, events) == 1
    assert count_unseen({0: 2}, events) == 0


def test_a_committed_offset_that_goes_back_is_counted() -> None:
    assert count_steps_back([{0: 5}, {0: 5, 1: 3}, {0: 7, 1: 3}], {0: 7, 1: 2}) == 0
    assert count_steps_back([{0: 5}, {0: 4}, {0: 5}], {}) == 1


def test_a_commit_that_was_acknowledged_and_dropped_is_counted() -> None:
    assert count_steps_back([{0: 5}], {0: 6}) == 1
    assert count_steps_back([], {0: 1}) == 1


def test_a_rebalance_lasts_from_giving_up_to_being_assigned() -> None:
    events = [
        {"event": "assigned", "at": 1.0},
        {"event": "revoked", "at": 2.0},
        {"event": "assigned", "at": 2.5},
        {"event": "revoked", "at": 9.0},
    ]
    assert pauses_of(events) == [0.5]


def test_percentiles() -> None:
    values = [float(number) for number in range(100)]
    assert (percentile(values, 50), percentile(values, 99), percentile([], 50)) == (50, 99, 0)


def test_all_of_it_together() -> None:
    right = Observed(
        ends={0: 2},
        looks=[{0: 1}, {0: 2}],
        members=[[seen((0, 0)), committed((0, 1))], [seen((0, 1)), committed((0, 2))]],
        joined=2,
        left=0,
        killed=0,
    )
    assert judge(right).sound
