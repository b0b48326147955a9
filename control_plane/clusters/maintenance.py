"""When a cluster may be moved to another version of its broker by itself; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

ANY_TIME: Final = "any_time"
WINDOW_HOURS = 4
"""So long a window is open, from its hour on."""

SETTLED_SECONDS_MIN = 3600
"""So long a cluster has been left alone before it is moved: a move is never tried in a circle."""

MAINTAINED_PER_SWEEP_MAX = 2
"""Moves that begin at once, so that a new version does not start all brokers in one moment."""

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """Four hours of each week, from an hour of UTC on."""

    weekday: Weekday
    hour: int

    def is_open(self, at: datetime) -> bool:
        """Tell whether a moment (aware) lies in it."""
        begun = at - timedelta(hours=WINDOW_HOURS)
        opens = begun.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        if opens <= begun:
            opens += timedelta(days=1)
        return opens <= at and _WEEKDAYS[opens.weekday()] == self.weekday


def window_to_json(window: MaintenanceWindow) -> dict[str, Any]:
    return {"weekday": window.weekday, "hour": window.hour}


def window_from_json(kept: Mapping[str, Any] | None) -> MaintenanceWindow | None:
    """Read what a row keeps; None is any time."""
    if kept is None:
        return None
    weekday: Weekday = next(day for day in _WEEKDAYS if day == kept["weekday"])
    return MaintenanceWindow(weekday, int(kept["hour"]))


def may_be_moved(window: MaintenanceWindow | None, *, settled_at: datetime, now: datetime) -> bool:
    """Tell whether a cluster that has been as it is since `settled_at` may be moved now."""
    if now - settled_at < timedelta(seconds=SETTLED_SECONDS_MIN):
        return False
    return window is None or window.is_open(now)
