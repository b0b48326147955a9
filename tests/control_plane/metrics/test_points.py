"""Points: which step holds a moment, and what two looks at the same step make together."""

from datetime import UTC, datetime, timedelta

import pytest

from control_plane.metrics.points import GROUPS_PER_POINT_MAX, Levels, Point, Step, furthest_behind
from control_plane.metrics.readings import Counters

AT = datetime(2026, 11, 22, 12, 34, 56, 789, tzinfo=UTC)


@pytest.mark.parametrize(
    ("step", "start"), [(10, "12:34:50"), (60, "12:34:00"), (3600, "12:00:00")]
)
def test_a_moment_lies_in_one_step(step: int, start: str) -> None:
    found = Step(step)
    assert found.floor(AT).strftime("%H:%M:%S.%f") == f"{start}.000000"
    assert found.ceiling(AT) == found.floor(AT) + timedelta(seconds=step)
    assert found.floor(found.floor(AT)) == found.ceiling(found.floor(AT)) == found.floor(AT)


def test_a_cluster_has_a_bounded_number_of_points() -> None:
    assert [step.kept // step.length for step in Step] == [2160, 4320, 720]


def test_counts_are_summed_and_levels_are_the_highest() -> None:
    one = Point(5000, Counters(bytes_in=3), Levels(2, 6, 100, 7, {"a": 7}))
    later = Point(5000, Counters(bytes_in=4), Levels(1, None, 90, 9, {"a": 5, "b": 4}))
    both = one.merged(later)
    assert (both.covered_ms, both.counters.bytes_in) == (10_000, 7)
    assert both.levels == Levels(2, 6, 100, 9, {"a": 7, "b": 4})


def test_a_point_tells_of_the_groups_that_are_furthest_behind() -> None:
    lags = {f"g{number:03}": number for number in range(GROUPS_PER_POINT_MAX + 2)}
    kept = furthest_behind(lags)
    assert len(kept) == GROUPS_PER_POINT_MAX
    assert set(lags) - set(kept) == {"g000", "g001"}
