"""What windows add to their hours and days. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from control_plane.usage.plan import CountedWindow, Granularity, TopicPrincipal, Traffic

Bucket = tuple[Granularity, datetime]  # an hour or a day, by its beginning


@dataclass(slots=True)
class Addition:
    """What is added to one hour or day; the levels are those of its last window."""

    total: Traffic
    traffic: dict[TopicPrincipal, Traffic]
    running_ms: int
    stored_byte_seconds: int
    last: CountedWindow

    def add(self, counted: CountedWindow) -> None:
        self.total.add(counted.total)
        self.running_ms += counted.window.running_ms
        self.stored_byte_seconds += counted.stored_byte_seconds
        self.last = counted
        for key, part in counted.traffic.items():
            self.traffic.setdefault(key, Traffic(part.topic)).add(part)


def additions(windows: Iterable[CountedWindow]) -> Mapping[Bucket, Addition]:
    """Return what `windows`, in the order of their times, add to every hour and day.

    A window belongs to where it began; none crosses a full hour.
    """
    found: dict[Bucket, Addition] = {}
    for counted in windows:
        for granularity in Granularity:
            bucket = granularity, granularity.floor(counted.started_at)
            if bucket not in found:
                found[bucket] = Addition(Traffic(topic=""), {}, 0, 0, counted)
            found[bucket].add(counted)
    return found
