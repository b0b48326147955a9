"""What callers are told of the usage of a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique

from sqlalchemy.orm import Session

from control_plane.kit.clock import Clock
from control_plane.kit.scope import Scope
from control_plane.usage import repository
from control_plane.usage.errors import UsagePeriodInvalidError, UsageTooLargeError
from control_plane.usage.models import UsageRollup, UsageRollupTraffic
from control_plane.usage.plan import Granularity, Traffic, total

ROWS_MAX = 10_000
YEAR_MIN, YEAR_MAX = 2000, 9000

_PERIOD_MAX = {Granularity.HOUR: timedelta(days=31), Granularity.DAY: timedelta(days=400)}


@unique
class Group(StrEnum):
    """What the usage of an hour or day is split by."""

    TOPIC = "topic"
    PRINCIPAL = "principal"


_COLUMNS = {
    Group.TOPIC: (UsageRollupTraffic.topic_id, UsageRollupTraffic.topic),
    Group.PRINCIPAL: (UsageRollupTraffic.principal,),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Whole hours or days, [start, end) in UTC."""

    start: datetime
    end: datetime
    granularity: Granularity


@dataclass(frozen=True, slots=True)
class Levels:
    """What a cluster had over a time, and at the end of it."""

    running_ms: int
    stored_byte_seconds: int
    stored_bytes: int
    partitions: int
    connections: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What a cluster holds, whether it runs or not."""

    partitions: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class UsageItem:
    """One hour or day, or the part of it that one topic or principal has.

    `levels` is None for a part: brokers do not tell what of them belongs to whom.
    """

    started_at: datetime
    ended_at: datetime
    traffic: Traffic
    levels: Levels | None
    topic_id: str | None = None
    topic: str | None = None
    principal: str | None = None


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The usage of a cluster in a period; `collected_until` is None before the first window."""

    period: Period
    items: Sequence[UsageItem]
    total: Traffic
    levels: Levels
    collected_until: datetime | None


class UsageService:
    """Reads what was collected."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def kept(self, session: Session, scope: Scope, cluster_id: str) -> Kept:
        """Return what the cluster had when its broker closed a window last."""
        last = repository.find_last_window(session, scope, cluster_id)
        return Kept(0, 0) if last is None else Kept(last.partitions, last.stored_bytes)

    def period(
        self, start: datetime | None, end: datetime | None, granularity: Granularity
    ) -> Period:
        """Return the whole hours or days that hold [start, end); today where neither is given.

        Without an end it is the end of the day that holds now, or of the one that holds a later
        start. Raises UsagePeriodInvalidError for a period that is empty or too long.
        """
        _check_years(start, end)
        now = self._clock.now()
        begins = Granularity.DAY.floor(now) if start is None else start
        ends = _end_of_day(max(now, begins)) if end is None else end
        if begins >= ends:
            raise UsagePeriodInvalidError(
                "the period ends before it begins", advice="choose an end after the start"
            )
        found = Period(granularity.floor(begins), _ceiling(ends, granularity), granularity)
        longest = _PERIOD_MAX[granularity]
        if found.end - found.start > longest:
            raise UsagePeriodInvalidError(
                f"the period is longer than {longest.days} days, the most by {granularity.value}",
                advice="choose a shorter period"
                + (" or granularity=day" if granularity is Granularity.HOUR else ""),
            )
        return found

    def report(
        self,
        session: Session,
        scope: Scope,
        cluster_id: str,
        period: Period,
        group: Group | None,
    ) -> UsageReport:
        """Return what a cluster used in a period, split by `group` if there is one.

        The totals are those of the cluster, whatever it is split by. Raises UsageTooLargeError
        when there are more than ROWS_MAX items.
        """
        place = (period.start, period.end)
        rows = repository.list_rollups(session, scope, cluster_id, period.granularity, place)
        items = [_item(row, period) for row in rows]
        report = UsageReport(
            period=period,
            items=items,
            total=total(item.traffic for item in items),
            levels=_levels(rows),
            collected_until=repository.find_collected_until(session, scope, cluster_id),
        )
        if group is None:
            return report
        parts = repository.list_grouped(
            session, scope, cluster_id, period.granularity, place, _COLUMNS[group], ROWS_MAX + 1
        )
        if len(parts) > ROWS_MAX:
            raise UsageTooLargeError(
                f"the answer would hold more than {ROWS_MAX} items",
                advice="choose a shorter period or granularity=day",
            )
        grouped = [_part(row, period) for row in parts]
        return UsageReport(period, grouped, report.total, report.levels, report.collected_until)


def _item(row: UsageRollup, period: Period) -> UsageItem:
    return UsageItem(
        started_at=row.started_at,
        ended_at=row.started_at + period.granularity.length,
        traffic=_traffic(row, ""),
        levels=_levels([row]),
    )


def _part(row: repository.GroupedTraffic, period: Period) -> UsageItem:
    return UsageItem(
        started_at=row.started_at,
        ended_at=row.started_at + period.granularity.length,
        traffic=_traffic(row, row.topic or ""),
        levels=None,
        topic_id=row.topic_id,
        topic=row.topic,
        principal=row.principal,
    )


def _traffic(row: UsageRollup | repository.GroupedTraffic, topic: str) -> Traffic:
    return Traffic(
        topic,
        bytes_in=row.bytes_in,
        records_in=row.records_in,
        produce_requests=row.produce_requests,
        bytes_out=row.bytes_out,
        read_requests=row.read_requests,
    )


def _levels(rows: Sequence[UsageRollup]) -> Levels:
    """Sum what sums; what does not is as at the end of the last."""
    last = rows[-1] if rows else None
    return Levels(
        running_ms=sum(row.running_ms for row in rows),
        stored_byte_seconds=sum(row.stored_byte_seconds for row in rows),
        stored_bytes=0 if last is None else last.stored_bytes,
        partitions=0 if last is None else last.partitions,
        connections=0 if last is None else last.connections,
    )


def _check_years(*instants: datetime | None) -> None:
    for instant in instants:
        if instant is not None and not YEAR_MIN <= instant.year <= YEAR_MAX:
            raise UsagePeriodInvalidError(
                f"{instant.isoformat()} is not within the years {YEAR_MIN} to {YEAR_MAX}",
                advice="choose a period in which the cluster existed",
            )


def _end_of_day(instant: datetime) -> datetime:
    return Granularity.DAY.floor(instant) + Granularity.DAY.length


def _ceiling(instant: datetime, granularity: Granularity) -> datetime:
    floor = granularity.floor(instant)
    return floor if floor == instant else floor + granularity.length
