"""Decides what of a page of usage windows is counted, and what that adds up to. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum, unique

from msgspec.structs import replace

from control_plane.provisioning.usage import AppendedRange, UsagePage, UsageWindow
from control_plane.usage.errors import UsageRangeConflictError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS_PER_SECOND = 1000

Partition = tuple[str, int]  # topic id, partition


@unique
class Granularity(StrEnum):
    """What usage is summed over; hours and days are those of UTC."""

    HOUR = "hour"
    DAY = "day"

    def floor(self, instant: datetime) -> datetime:
        """Return the beginning of the hour or day that holds `instant`."""
        at = instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return at if self is Granularity.HOUR else at.replace(hour=0)

    @property
    def length(self) -> timedelta:
        return timedelta(hours=1) if self is Granularity.HOUR else timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where a partition was counted, and by which window of which meter."""

    next_offset: int
    meter_id: str
    window_number: int


@dataclass(frozen=True, slots=True)
class CursorMove:
    """A partition's cursor as it must be found (None for none yet), and as it is left."""

    topic_id: str
    partition: int
    before: Cursor | None
    after: Cursor


@dataclass(slots=True)
class Traffic:
    """What one principal did with one topic: bytes, records and requests."""

    topic: str
    bytes_in: int = 0
    records_in: int = 0
    produce_requests: int = 0
    bytes_out: int = 0
    read_requests: int = 0

    def add(self, other: "Traffic") -> None:
        self.bytes_in += other.bytes_in
        self.records_in += other.records_in
        self.produce_requests += other.produce_requests
        self.bytes_out += other.bytes_out
        self.read_requests += other.read_requests


TopicPrincipal = tuple[str, str]  # topic id, principal


@dataclass(frozen=True, slots=True)
class CountedWindow:
    """A window with the ranges of it that are counted, and its traffic."""

    window: UsageWindow
    ranges: Sequence[AppendedRange]
    traffic: Mapping[TopicPrincipal, Traffic]

    @property
    def started_at(self) -> datetime:
        return instant(self.window.started_at_ms)

    @property
    def ended_at(self) -> datetime:
        return instant(self.window.ended_at_ms)

    @property
    def total(self) -> Traffic:
        return total(self.traffic.values())

    @property
    def stored_byte_seconds(self) -> int:
        """Stored bytes over the window's time, floored to whole seconds once per window."""
        lasted_ms = self.window.ended_at_ms - self.window.started_at_ms
        return self.window.stored_bytes * lasted_ms // MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Rest:
    """A time without brokers, [started, ended), in which the control plane counts what is kept."""

    started_at: datetime
    ended_at: datetime | None

    def overlaps(self, started_at: datetime, ended_at: datetime) -> bool:
        return self.started_at < ended_at and (self.ended_at is None or started_at < self.ended_at)

    def holds(self, started_at: datetime, ended_at: datetime) -> bool:
        is_before_end = self.ended_at is None or ended_at <= self.ended_at
        return self.started_at <= started_at and is_before_end


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A range of a meter that took over which does not begin where the cursor stands.

    One that begins later is counted: what lies between was never reported. One that begins
    earlier is not, since a part of it was counted before and none of it may be counted twice.
    """

    window_number: int
    range: AppendedRange
    cursor: Cursor

    @property
    def is_counted(self) -> bool:
        return self.range.first_offset > self.cursor.next_offset


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written for a page, all of it or nothing."""

    windows: Sequence[CountedWindow]
    moves: Sequence[CursorMove]
    discrepancies: Sequence[Discrepancy]


@dataclass(slots=True)
class _Cursors:
    """The cursors while a page is gone through."""

    meter_id: str
    lost_through: int
    found: Mapping[Partition, Cursor]
    moved: dict[Partition, Cursor] = field(default_factory=dict[Partition, Cursor])
    discrepancies: list[Discrepancy] = field(default_factory=list[Discrepancy])

    def counts(self, number: int, one: AppendedRange) -> bool:
        """Move the cursor over a range and tell whether the range is counted."""
        key = one.topic_id, one.partition
        cursor = self.moved.get(key) or self.found.get(key)
        if cursor is not None and one.first_offset != cursor.next_offset:
            self._check_takeover(number, one, cursor)
            found = Discrepancy(number, one, cursor)
            self.discrepancies.append(found)
            if not found.is_counted:
                # Until it has caught up, the partition stays with the meter that counted it.
                if one.next_offset >= cursor.next_offset:
                    self.moved[key] = Cursor(one.next_offset, self.meter_id, number)
                return False
        self.moved[key] = Cursor(one.next_offset, self.meter_id, number)
        return True

    def _check_takeover(self, number: int, one: AppendedRange, cursor: Cursor) -> None:
        """Raise unless this meter may not know what the cursor knows.

        Another meter counted last: the broker's data was restored or replaced. Or windows of this
        meter were acknowledged to a database that this one, an older copy, knows nothing of.
        """
        is_other = cursor.meter_id != self.meter_id
        is_after_loss = cursor.window_number <= self.lost_through
        if is_other or (is_after_loss and one.first_offset > cursor.next_offset):
            return
        raise UsageRangeConflictError(
            f"window {number} counts {one.topic_id} partition {one.partition} from offset "
            f"{one.first_offset} on, but it was counted up to {cursor.next_offset}",
            advice="nothing of the page was counted; compare the broker's log with usage_ranges",
        )


def plan_page(page: UsagePage, cursors: Mapping[Partition, Cursor], lost_through: int) -> Plan:
    """Return what `page` adds, given the cursors of its partitions.

    Windows of this meter through `lost_through` may be missing. Raises UsageRangeConflictError for
    a range that does not follow the one before it.
    """
    state = _Cursors(page.meter_id, lost_through, cursors)
    windows = [_counted(window, state) for window in page.windows]
    moves = [
        CursorMove(topic_id, partition, cursors.get((topic_id, partition)), after)
        for (topic_id, partition), after in sorted(state.moved.items())
    ]
    return Plan(windows, moves, state.discrepancies)


def outside_rests(window: UsageWindow, rests: Sequence[Rest]) -> UsageWindow:
    """Return the part of a broker's window that lies outside of rests, which count themselves.

    A window that lies in a rest is of a broker that was woken and that nobody logged in to: it
    counts neither time nor what was kept. One that a stop cut short reaches into the rest that
    follows, one that a start takes up again begins before the rest's end.
    """
    for rest in rests:
        started_at, ended_at = instant(window.started_at_ms), instant(window.ended_at_ms)
        if rest.holds(started_at, ended_at):
            return replace(window, stored_bytes=0, running_ms=0)
        if not rest.overlaps(started_at, ended_at):
            continue
        if rest.ended_at is not None and rest.ended_at < ended_at:
            started_at = rest.ended_at
        else:
            ended_at = rest.started_at
        lasts_ms = (ended_at - started_at) // timedelta(milliseconds=1)
        window = replace(
            window,
            started_at_ms=ms(started_at),
            ended_at_ms=ms(ended_at),
            running_ms=min(window.running_ms, lasts_ms),
        )
    return window


def hours_between(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Split [start, end) at full hours."""
    spans: list[tuple[datetime, datetime]] = []
    while start < end:
        full = Granularity.HOUR.floor(start) + Granularity.HOUR.length
        spans.append((start, min(full, end)))
        start = full
    return spans


def partitions_of(page: UsagePage) -> frozenset[Partition]:
    """Return the partitions to which something was appended."""
    return frozenset((one.topic_id, one.partition) for w in page.windows for one in w.appended)


def total(parts: Iterable[Traffic]) -> Traffic:
    """Sum the traffic of topics and principals; its topic is empty."""
    result = Traffic(topic="")
    for part in parts:
        result.add(part)
    return result


def instant(ms: int) -> datetime:
    """Return the instant that is `ms` milliseconds after the epoch, UTC."""
    return EPOCH + timedelta(milliseconds=ms)


def ms(at: datetime) -> int:
    """Return the milliseconds from the epoch to `at`."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def last_multiple(at: datetime, seconds: int) -> datetime:
    """Return the last instant not after `at` that is a multiple of `seconds` since the epoch."""
    since = timedelta(seconds=seconds)
    return EPOCH + (at - EPOCH) // since * since


def _counted(window: UsageWindow, cursors: _Cursors) -> CountedWindow:
    ranges = [one for one in window.appended if cursors.counts(window.number, one)]
    traffic: dict[TopicPrincipal, Traffic] = {}
    for one in ranges:
        for share in one.by_principal:
            added = Traffic(one.topic, bytes_in=share.bytes, records_in=share.records)
            traffic.setdefault((one.topic_id, share.principal), Traffic(one.topic)).add(added)
    for seen in window.traffic:
        added = Traffic(
            seen.topic,
            produce_requests=seen.produce_requests,
            bytes_out=seen.read_bytes,
            read_requests=seen.read_requests,
        )
        traffic.setdefault((seen.topic_id, seen.principal), Traffic(seen.topic)).add(added)
    return CountedWindow(window, ranges, traffic)
