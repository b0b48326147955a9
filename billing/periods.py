"""UTC days and hours: half-open, counted from the epoch, without daylight saving."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
HOURS_PER_DAY = 24
HOUR_MS = HOUR_SECONDS * 1000


def hour_of(moment: datetime) -> datetime:
    """The start of the UTC hour that holds an aware moment."""
    assert moment.tzinfo is not None, "a moment without a zone belongs to no hour"
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> date:
    """The UTC day that holds an aware moment."""
    return hour_of(moment).date()


def day_start(day: date) -> datetime:
    """The first moment of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def hours_of(day: date) -> list[datetime]:
    """The starts of the 24 hours of a UTC day."""
    return [day_start(day) + timedelta(hours=hour) for hour in range(HOURS_PER_DAY)]


def month_start(day: date) -> date:
    """The first day of the month that holds a day."""
    return day.replace(day=1)


def days_between(start: date, end: date) -> Iterator[date]:
    """Every day from `start` up to, not including, `end`."""
    for ordinal in range(start.toordinal(), end.toordinal()):
        yield date.fromordinal(ordinal)
