"""Work that is about a UTC day: what is counted by the day begins anew at midnight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")


def utc_today() -> date:
    """The present UTC day."""
    return datetime.now(UTC).date()


def two_days() -> tuple[date, date]:
    """Yesterday and today as a half-open range: it holds what was just done, also at midnight."""
    today = utc_today()
    return today - timedelta(days=1), today + timedelta(days=1)


def within_one_utc_day(work: Callable[[], T], today: Callable[[], date] = utc_today) -> T:
    """Do `work`, and again if midnight came meanwhile, whether it failed or not.

    Raises what `work` raises within one day.
    """
    began = today()
    try:
        done = work()
    except Exception:
        if today() == began:
            raise
    else:
        if today() == began:
            return done
    return work()
