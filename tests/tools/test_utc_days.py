"""Work of one UTC day is done again when midnight comes in between, and only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from tools.utc_days import two_days, utc_today, within_one_utc_day

DAY = date(2026, 11, 30)
NEXT_DAY = date(2026, 12, 1)


def days(*seen: date) -> Callable[[], date]:
    """A calendar that is looked at so many times."""
    left: Iterator[date] = iter(seen)
    return lambda: next(left)


def outcomes(*made: str | Exception) -> Callable[[], str]:
    left = iter(made)

    def work() -> str:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return work


def test_within_one_day_it_is_done_once() -> None:
    assert within_one_utc_day(outcomes("first"), days(DAY, DAY)) == "first"


def test_a_failure_within_one_day_is_raised() -> None:
    with pytest.raises(AssertionError, match="first"):
        within_one_utc_day(outcomes(AssertionError("first"), "second"), days(DAY, DAY))


@pytest.mark.parametrize("first", ["first", AssertionError("first")])
def test_over_midnight_it_is_done_again(first: str | Exception) -> None:
    assert within_one_utc_day(outcomes(first, "second"), days(DAY, NEXT_DAY)) == "second"


def test_a_failure_after_midnight_is_raised() -> None:
    with pytest.raises(AssertionError, match="second"):
        within_one_utc_day(outcomes("first", AssertionError("second")), days(DAY, NEXT_DAY))


def test_two_days_hold_today_and_the_day_before() -> None:
    def range_of_today() -> tuple[date, date, date]:
        start, end = two_days()
        return start, utc_today(), end

    start, today, end = within_one_utc_day(range_of_today)
    assert (start, end) == (today - timedelta(days=1), today + timedelta(days=1))
