"""Token buckets by key, in bounded memory. Pure: the time comes with every call.

A bucket is kept as the moment at which it is full again (the generic cell rate algorithm of
ITU-T I.371), in whole nanoseconds, so that limits are met exactly.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Self

NANOSECONDS = 1_000_000_000
PER_SECOND_MAX = 1_000_000
BURST_MAX = 10_000_000
BUCKETS_MAX = 20_000

_RATE = re.compile(r"([0-9]{1,8}):([0-9]{1,8})")


@dataclass(frozen=True)
class Rate:
    """What a bucket gives: `burst` at once, and `per_second` in the long run."""

    per_second: int
    burst: int

    def __post_init__(self) -> None:
        if not 1 <= self.per_second <= PER_SECOND_MAX or not 1 <= self.burst <= BURST_MAX:
            raise ValueError(
                f"a rate has 1 to {PER_SECOND_MAX} a second and a burst of 1 to {BURST_MAX}"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `PER_SECOND:BURST`, such as 50:200. Raises ValueError."""
        matched = _RATE.fullmatch(text)
        if matched is None:
            raise ValueError("a rate reads PER_SECOND:BURST, such as 50:200")
        return cls(int(matched[1]), int(matched[2]))

    @property
    def window_seconds(self) -> int:
        """The time in which an empty bucket fills, rounded up."""
        return -(-self.burst // self.per_second)


class TokenBuckets:
    """A bucket of `rate` for every key. Of more than `buckets_max` the longest unused is dropped.

    A bucket that is dropped counts as full: too many keys make the limit wider, never memory
    larger.
    """

    def __init__(self, rate: Rate, buckets_max: int = BUCKETS_MAX) -> None:
        self.rate = rate
        self._buckets_max = buckets_max
        self._interval = NANOSECONDS // rate.per_second
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: str, now: float) -> float:
        """Take one token at `now` (monotonic seconds) and return 0, or what to wait for it."""
        moment = int(now * NANOSECONDS)
        full_at = max(self._full_at.get(key, moment), moment) + self._interval
        wait = full_at - moment - self._interval * self.rate.burst
        if wait > 0:
            return wait / NANOSECONDS
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._buckets_max:
            self._full_at.popitem(last=False)
        return 0.0
