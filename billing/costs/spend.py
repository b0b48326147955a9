"""What was spent on a day and in its month, put together from rated lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from billing.catalog.prices import DAILY_CAP_LINE_TYPE
from billing.costs.lines import CostLine
from billing.money import Money, total
from billing.periods import HOURS_PER_DAY, day_start, days_between, month_start

KeyT = TypeVar("KeyT", str, date)

METERING_LAG_MAX = timedelta(minutes=2)
"""By when the last usage window of a day is metered, while everything works."""


@dataclass(frozen=True, kw_only=True)
class ClusterSpend:
    """What one cluster cost; `is_capped` tells whether the day reached its plan's daily cap.

    `plan` and `daily_cap_micros` are those of the cluster's newest line.
    """

    cluster_id: str
    cluster_name: str
    plan: str
    daily_cap_micros: int
    day_micros: int
    month_micros: int
    is_capped: bool


@dataclass(frozen=True, kw_only=True)
class LineTypeSpend:
    """What one line type cost over all clusters."""

    line_type: str
    day_micros: int
    month_micros: int


@dataclass(frozen=True, kw_only=True)
class DaySpend:
    """What one day of the month cost."""

    day: date
    micros: int


@dataclass(frozen=True, kw_only=True)
class Spend:
    """A UTC day and its month up to and including that day, in micro-units of `currency`.

    `hourly_micros` are the 24 hours of the day and add up to `day_micros`; `days` are all days of
    the month so far and add up to `month_micros`. `metered_through` is the end of the newest usage
    window of the day, None if there is none. `is_over` tells that the day ended long enough ago
    for its last windows to be metered.
    """

    day: date
    currency: str
    price_book_version: int
    is_over: bool
    metered_through: datetime | None
    day_micros: int
    month_micros: int
    hourly_micros: tuple[int, ...]
    clusters: Sequence[ClusterSpend]
    line_types: Sequence[LineTypeSpend]
    days: Sequence[DaySpend]


def spend_of(
    day: date, lines: Sequence[CostLine], *, currency: str, version: int, now: datetime
) -> Spend:
    """Sum the lines of the month of `day` up to and including it; `version` is that day's book."""
    by_day = dict(_grouped(lines, lambda line: line.rated.day))
    of_day = by_day.get(day, [])
    end = day + timedelta(days=1)
    return Spend(
        day=day,
        currency=currency,
        price_book_version=version,
        is_over=now >= day_start(end) + METERING_LAG_MAX,
        metered_through=max((line.metered_through for line in of_day), default=None),
        day_micros=_sum(of_day, currency),
        month_micros=_sum(lines, currency),
        hourly_micros=tuple(
            sum(line.rated.hourly_micros[hour] for line in of_day) for hour in range(HOURS_PER_DAY)
        ),
        clusters=_by_cluster(day, lines, currency),
        line_types=[
            LineTypeSpend(
                line_type=line_type,
                day_micros=_sum(_of_day(found, day), currency),
                month_micros=_sum(found, currency),
            )
            for line_type, found in _grouped(lines, lambda line: line.rated.line_type)
        ],
        days=[
            DaySpend(day=one, micros=_sum(by_day.get(one, []), currency))
            for one in days_between(month_start(day), end)
        ],
    )


def _by_cluster(day: date, lines: Sequence[CostLine], currency: str) -> list[ClusterSpend]:
    found: list[ClusterSpend] = []
    for cluster_id, of_cluster in _grouped(lines, lambda line: line.rated.cluster_id):
        newest = max(of_cluster, key=lambda line: line.metered_through)
        of_day = _of_day(of_cluster, day)
        found.append(
            ClusterSpend(
                cluster_id=cluster_id,
                cluster_name=newest.cluster_name,
                plan=newest.rated.plan,
                daily_cap_micros=newest.daily_cap_micros,
                day_micros=_sum(of_day, currency),
                month_micros=_sum(of_cluster, currency),
                is_capped=any(line.rated.line_type == DAILY_CAP_LINE_TYPE for line in of_day),
            )
        )
    return found


def _grouped(
    lines: Iterable[CostLine], key: Callable[[CostLine], KeyT]
) -> list[tuple[KeyT, list[CostLine]]]:
    groups: dict[KeyT, list[CostLine]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    return sorted(groups.items(), key=lambda group: group[0])


def _of_day(lines: Iterable[CostLine], day: date) -> list[CostLine]:
    return [line for line in lines if line.rated.day == day]


def _sum(lines: Iterable[CostLine], currency: str) -> int:
    return total(
        (Money(line.rated.amount_micros, line.currency) for line in lines), currency
    ).micros
