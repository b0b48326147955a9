"""Which editions are kept."""

from collections.abc import Iterable
from dataclasses import dataclass

from data_plane.tiering.limits import EDITIONS_KEPT_HOURS, EDITIONS_KEPT_NEWEST

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Taken:
    """An edition, and when it was put into the bucket."""

    number: int
    at_ms: int


def kept(editions: Iterable[Taken], *, now_ms: int, days: int) -> frozenset[int]:
    """Return the numbers of those to be kept.

    They are the newest three, of the last 24 hours the newest of each, and of the last `days` days
    the newest of each.
    """
    ordered = sorted(editions, key=lambda one: one.number, reverse=True)
    numbers = {one.number for one in ordered[:EDITIONS_KEPT_NEWEST]}
    numbers |= _newest_of_each(ordered, HOUR_MS, now_ms - EDITIONS_KEPT_HOURS * HOUR_MS)
    numbers |= _newest_of_each(ordered, DAY_MS, now_ms - days * DAY_MS)
    return frozenset(numbers)


def _newest_of_each(ordered: Iterable[Taken], span_ms: int, from_ms: int) -> set[int]:
    """Return the first number of each span; newer ones come first."""
    found: dict[int, int] = {}
    for one in ordered:
        if one.at_ms >= from_ms:
            found.setdefault(one.at_ms // span_ms, one.number)
    return set(found.values())
