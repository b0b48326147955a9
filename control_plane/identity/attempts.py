"""Who failed to prove themselves too often, and for how long they wait. Pure: time is given.

Failures are counted three ways, each with some that are free and then a wait that doubles:

* of one name from one address, which is what a wrong or ended secret in a program looks like;
* of different names from one address, which is guessing names: ten failures of one name are one;
* of one name from anywhere, which is guessing a secret from many addresses.

So that nobody keeps another out, the last two hold only for those who have not proved themselves
from that address before, and the last one only for addresses that failed with that name too.
What is refused while it waits is not tried, so it does not count and makes no wait longer.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

PAIR_FREE = 20
NAMES_FREE = 100
NAME_FREE = 50
FIRST_WAIT_SECONDS = 1.0
WAIT_SECONDS_MAX = 60.0
FORGOTTEN_SECONDS = 900.0
PROVEN_SECONDS = 24 * 3600.0
KEPT_MAX = 10_000

Key = TypeVar("Key", bound=Hashable)
Pair = tuple[str, str]


@dataclass(frozen=True)
class _Streak:
    failures: int
    last_at: float


class _Streaks(Generic[Key]):
    """Failures by key; the longest untouched of more than `KEPT_MAX` is forgotten."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._streaks: OrderedDict[Key, _Streak] = OrderedDict()

    def __len__(self) -> int:
        return len(self._streaks)

    def has(self, key: Key, now: float) -> bool:
        return self._failures(key, now) > 0

    def add(self, key: Key, now: float) -> None:
        self._streaks[key] = _Streak(self._failures(key, now) + 1, now)
        _bound(self._streaks, key)

    def clear(self, key: Key) -> None:
        self._streaks.pop(key, None)

    def wait(self, key: Key, now: float) -> float:
        over = self._failures(key, now) - self._free
        if over < 0:
            return 0.0
        # The exponent is bounded as well: a float can not hold every power of two.
        wait = min(FIRST_WAIT_SECONDS * 2 ** min(over, KEPT_MAX.bit_length()), WAIT_SECONDS_MAX)
        return max(self._streaks[key].last_at + wait - now, 0.0)

    def _failures(self, key: Key, now: float) -> int:
        streak = self._streaks.get(key)
        if streak is None or now - streak.last_at > FORGOTTEN_SECONDS:
            return 0
        return streak.failures


class FailedAttempts:
    """Failures and proofs of names from addresses, in bounded memory."""

    def __init__(self) -> None:
        self._pairs: _Streaks[Pair] = _Streaks(PAIR_FREE)
        self._names_of_address: _Streaks[str] = _Streaks(NAMES_FREE)
        self._names: _Streaks[str] = _Streaks(NAME_FREE)
        self._proven: OrderedDict[Pair, float] = OrderedDict()

    def __len__(self) -> int:
        tables = (self._pairs, self._names_of_address, self._names, self._proven)
        return sum(len(table) for table in tables)

    def wait_seconds(self, address: str, name: str, now: float) -> float:
        """Return how long `name` from `address` is not tried; 0 if it is."""
        pair = (address, name)
        wait = self._pairs.wait(pair, now)
        if self._is_proven(pair, now):
            return wait
        if self._pairs.has(pair, now):
            wait = max(wait, self._names.wait(name, now))
        return max(wait, self._names_of_address.wait(address, now))

    def fail(self, address: str, name: str, now: float) -> None:
        """Count an attempt that was tried and failed."""
        pair = (address, name)
        if not self._pairs.has(pair, now):
            self._names_of_address.add(address, now)
        self._pairs.add(pair, now)
        self._names.add(name, now)

    def succeed(self, address: str, name: str, now: float) -> None:
        """Note that `name` proved itself from `address`."""
        pair = (address, name)
        self._pairs.clear(pair)
        self._proven[pair] = now
        _bound(self._proven, pair)

    def _is_proven(self, pair: Pair, now: float) -> bool:
        proven_at = self._proven.get(pair)
        return proven_at is not None and now - proven_at <= PROVEN_SECONDS


Kept = TypeVar("Kept")


def _bound(table: OrderedDict[Key, Kept], touched: Key) -> None:
    table.move_to_end(touched)
    if len(table) > KEPT_MAX:
        table.popitem(last=False)
