"""Points of a cluster's metrics: what was counted in a step of time, and what there was. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum, unique

from control_plane.metrics.readings import Counters

# Groups whose lag is kept in one point; those furthest behind.
GROUPS_PER_POINT_MAX = 50

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@unique
class Step(IntEnum):
    """How long one point is, in seconds."""

    TEN_SECONDS = 10
    MINUTE = 60
    HOUR = 3600

    @property
    def length(self) -> timedelta:
        return timedelta(seconds=self.value)

    @property
    def kept(self) -> timedelta:
        """How long points of this length are kept."""
        return _KEPT[self]

    def floor(self, instant: datetime) -> datetime:
        """Return the beginning of the step that holds `instant`."""
        return instant - (instant - _EPOCH) % self.length

    def ceiling(self, instant: datetime) -> datetime:
        """Return the end of the step that holds what lies before `instant`."""
        return instant + (_EPOCH - instant) % self.length


# At most 2,160, 4,320 and 720 points of a cluster.
_KEPT = {
    Step.TEN_SECONDS: timedelta(hours=6),
    Step.MINUTE: timedelta(days=3),
    Step.HOUR: timedelta(days=30),
}


@dataclass(frozen=True, slots=True)
class Levels:
    """What there is at one moment, or the most that there was within a step.

    What could not be asked for is None. `lags` are records that groups have not read, by group.
    """

    connections: int
    partitions: int | None = None
    stored_bytes: int | None = None
    lag: int | None = None
    lags: Mapping[str, int] = field(default_factory=dict[str, int])

    def highest(self, other: "Levels") -> "Levels":
        """Return the higher of each."""
        lags = dict(self.lags)
        for group, lag in other.lags.items():
            lags[group] = max(lag, lags.get(group, 0))
        return Levels(
            max(self.connections, other.connections),
            _higher(self.partitions, other.partitions),
            _higher(self.stored_bytes, other.stored_bytes),
            _higher(self.lag, other.lag),
            furthest_behind(lags),
        )


@dataclass(frozen=True, slots=True)
class Point:
    """What is known of one step. `covered_ms` is the time in which its counters were counted."""

    covered_ms: int
    counters: Counters
    levels: Levels

    def merged(self, later: "Point") -> "Point":
        """Return this point with what was seen later."""
        return Point(
            self.covered_ms + later.covered_ms,
            self.counters.plus(later.counters),
            self.levels.highest(later.levels),
        )


def furthest_behind(lags: Mapping[str, int]) -> dict[str, int]:
    """Return the groups of which a point tells: those with the greatest lag."""
    chosen = sorted(lags.items(), key=lambda item: (-item[1], item[0]))
    return dict(chosen[:GROUPS_PER_POINT_MAX])


def _higher(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)
