"""Days and hours are UTC, whatever zone a moment comes in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from billing.periods import day_of, day_start, days_between, hour_of, hours_of

INDIA = timezone(timedelta(hours=5, minutes=30))


def test_a_moment_belongs_to_the_utc_hour_and_day_that_hold_it() -> None:
    moment = datetime(2026, 11, 23, 4, 45, tzinfo=INDIA)
    assert hour_of(moment) == datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert day_of(moment) == date(2026, 11, 22)


def test_an_hour_holds_its_start_and_not_its_end() -> None:
    start = datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert hour_of(start) == start
    assert hour_of(start + timedelta(hours=1)) != start


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(AssertionError, match="without a zone"):
        hour_of(datetime(2026, 11, 22, 23))  # noqa: DTZ001 - what must be refused


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2028, 2, 29)])
def test_every_day_has_24_hours_one_after_the_other(day: date) -> None:
    hours = hours_of(day)
    assert len(hours) == 24
    assert hours[0] == day_start(day)
    assert {later - sooner for sooner, later in pairwise(hours)} == {timedelta(hours=1)}
    assert {day_of(hour) for hour in hours} == {day}


def test_days_between_leave_out_the_last() -> None:
    days = list(days_between(date(2027, 12, 31), date(2028, 1, 2)))
    assert days == [date(2027, 12, 31), date(2028, 1, 1)]
    assert list(days_between(date(2028, 1, 1), date(2028, 1, 1))) == []
