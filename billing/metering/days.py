"""Metered hours put together to days, the unit that is rated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.periods import HOURS_PER_DAY
from billing.rating.usage import NOTHING, DayUsage, HourQuantities


@dataclass(frozen=True, kw_only=True)
class HourOfCluster:
    """What a cluster used in the UTC hour that starts at `hour_at`, under one plan."""

    cluster_id: str
    plan: str
    hour_at: datetime
    quantities: HourQuantities
    metered_through: datetime


@dataclass(frozen=True, kw_only=True)
class MeteredDay:
    """A cluster's day, with the name that the cluster had last.

    `metered_through` is the end of the newest usage window that is in it.
    """

    cluster_name: str
    usage: DayUsage
    metered_through: datetime


def group_days(hours: Sequence[HourOfCluster], names: Mapping[str, str]) -> list[MeteredDay]:
    """Put hours together, ordered by day, cluster id and plan."""
    groups: dict[tuple[date, str, str], list[HourOfCluster]] = {}
    for hour in hours:
        key = (hour.hour_at.date(), hour.cluster_id, hour.plan)
        groups.setdefault(key, []).append(hour)
    return [
        MeteredDay(
            cluster_name=names[cluster_id],
            usage=DayUsage(cluster_id=cluster_id, day=day, plan=plan, hours=_spread(group)),
            metered_through=max(hour.metered_through for hour in group),
        )
        for (day, cluster_id, plan), group in sorted(groups.items(), key=lambda item: item[0])
    ]


def _spread(group: Sequence[HourOfCluster]) -> tuple[HourQuantities, ...]:
    by_hour = {hour.hour_at.hour: hour.quantities for hour in group}
    return tuple(by_hour.get(hour, NOTHING) for hour in range(HOURS_PER_DAY))
