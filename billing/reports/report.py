"""What a daily report says: one UTC day of an organization or of one of its clusters. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from billing.catalog.prices import DAILY_CAP_LINE_TYPE, LINE_TYPES
from billing.costs.lines import CostLine
from billing.costs.spend import Spend
from billing.money import Money
from billing.periods import HOURS_PER_DAY, day_start
from billing.rating.apportion import apportion
from billing.rating.rate import RatedLine

HOUR = timedelta(hours=1)

CHARGED_LINE_TYPES = tuple(LINE_TYPES.values())
"""The line types that charge something, in the order in which they are shown."""

LINE_TYPE_ORDER = (*CHARGED_LINE_TYPES, DAILY_CAP_LINE_TYPE)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whom a report is about: an organization, or one cluster of it."""

    organization_id: str
    organization_name: str
    cluster_id: str | None


@dataclass(frozen=True, kw_only=True)
class ReportedCluster:
    """One cluster's part of a day under one plan, which lets it cost `daily_cap_micros` at most."""

    cluster_id: str
    name: str
    plan: str
    daily_cap_micros: int
    lines: tuple[RatedLine, ...]

    @property
    def total_micros(self) -> int:
        """What the cluster costs, after its cap."""
        return sum(line.amount_micros for line in self.lines)

    @property
    def spared_micros(self) -> int:
        """What the cap took off."""
        return -sum(line.amount_micros for line in self.lines if is_cap(line))

    @property
    def is_capped(self) -> bool:
        """Whether the day would have cost more without the cap."""
        return self.spared_micros > 0


@dataclass(frozen=True, kw_only=True)
class DailyReport:
    """One UTC day. Amounts are micro-units of `currency`.

    `metered_through` is the end of the newest usage window that is in it, None if there is none;
    `is_final` tells that the day ended long enough ago for its last windows to be metered. Of the
    24 hours `hours_begun` are not still to come.
    `month_to_date_micros` runs from the first day of the day's month to the end of the day.
    """

    subject: Subject
    day: date
    currency: str
    metered_through: datetime | None
    is_final: bool
    hours_begun: int
    price_book_version: int
    month_to_date_micros: int
    clusters: tuple[ReportedCluster, ...]

    @property
    def total_micros(self) -> int:
        return sum(cluster.total_micros for cluster in self.clusters)

    @property
    def spared_micros(self) -> int:
        """What caps took off, over all clusters."""
        return sum(cluster.spared_micros for cluster in self.clusters)

    @property
    def capped_clusters(self) -> int:
        """How many clusters would have cost more without their cap."""
        return len({cluster.cluster_id for cluster in self.clusters if cluster.is_capped})

    @property
    def line_count(self) -> int:
        """How many lines all clusters have."""
        return sum(len(cluster.lines) for cluster in self.clusters)

    def money(self, micros: int) -> Money:
        """An amount of this report with its currency."""
        return Money(micros, self.currency)


def daily_report(
    subject: Subject, spend: Spend, lines: Iterable[CostLine], now: datetime
) -> DailyReport:
    """Put a report together from what a day and its month cost and the lines of that day."""
    of_clusters: dict[tuple[str, str], list[CostLine]] = {}
    for line in lines:
        assert line.rated.day == spend.day, "a report is of one day"
        of_clusters.setdefault((line.rated.cluster_id, line.rated.plan), []).append(line)
    report = DailyReport(
        subject=subject,
        day=spend.day,
        currency=spend.currency,
        metered_through=spend.metered_through,
        is_final=spend.is_over,
        hours_begun=_hours_begun(spend.day, now),
        price_book_version=spend.price_book_version,
        month_to_date_micros=spend.month_micros,
        clusters=tuple(_cluster(found) for found in of_clusters.values()),
    )
    assert report.total_micros == spend.day_micros, "lines and sum are of the same snapshot"
    return report


def _hours_begun(day: date, now: datetime) -> int:
    hours = -((day_start(day) - now) // HOUR)
    return max(0, min(HOURS_PER_DAY, hours))


def _cluster(lines: Sequence[CostLine]) -> ReportedCluster:
    newest = lines[-1]
    return ReportedCluster(
        cluster_id=newest.rated.cluster_id,
        name=newest.cluster_name,
        plan=newest.rated.plan,
        daily_cap_micros=newest.daily_cap_micros,
        lines=tuple(sorted((line.rated for line in lines), key=_place)),
    )


def _place(line: RatedLine) -> int:
    """Where a line stands among those of its cluster: caps come last."""
    return LINE_TYPE_ORDER.index(line.line_type)


def is_cap(line: RatedLine) -> bool:
    """Whether a line takes off what a day would cost beyond its cap."""
    return line.line_type == DAILY_CAP_LINE_TYPE


def by_line_type(report: DailyReport) -> Mapping[str, int]:
    """What each line type charged over all clusters, and last what caps took off; no zero rows."""
    sums = dict.fromkeys(LINE_TYPE_ORDER, 0)
    for cluster in report.clusters:
        for line in cluster.lines:
            sums[line.line_type] += line.amount_micros
    return {line_type: micros for line_type, micros in sums.items() if micros}


def hourly_totals(report: DailyReport) -> list[int]:
    """What each of the 24 hours costs, after caps."""
    lines = [line for cluster in report.clusters for line in cluster.lines]
    return [sum(line.hourly_micros[hour] for line in lines) for hour in range(HOURS_PER_DAY)]


def hourly_by_line_type(report: DailyReport) -> Mapping[str, Sequence[int]]:
    """What each hour costs by line type, after caps: the 24 sums are `hourly_totals`.

    In an hour of which a cap took something off, its line types share what is left in proportion
    to what they would have charged.
    """
    series = {line_type: [0] * HOURS_PER_DAY for line_type in CHARGED_LINE_TYPES}
    for cluster in report.clusters:
        for hour in range(HOURS_PER_DAY):
            for line_type, micros in _hour_of(cluster, hour).items():
                series[line_type][hour] += micros
    return {line_type: hours for line_type, hours in series.items() if any(hours)}


def _hour_of(cluster: ReportedCluster, hour: int) -> Mapping[str, int]:
    charged = dict.fromkeys(CHARGED_LINE_TYPES, 0)
    for line in cluster.lines:
        if not is_cap(line):
            charged[line.line_type] += line.hourly_micros[hour]
    left = sum(line.hourly_micros[hour] for line in cluster.lines)
    return dict(zip(charged, apportion(left, list(charged.values())), strict=True))
