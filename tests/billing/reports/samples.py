"""Reports that the tests of every form use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from billing.catalog.prices import GIB, PriceBooks
from billing.catalog.seeds import FIRST
from billing.costs.lines import CostLine, cost_lines
from billing.costs.spend import spend_of
from billing.metering.days import MeteredDay
from billing.periods import HOUR_MS, HOURS_PER_DAY
from billing.rating.usage import NOTHING, DayUsage, HourQuantities
from billing.reports.report import DailyReport, Subject, daily_report

DAY = date(2026, 11, 22)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
LATER = datetime(2026, 11, 24, tzinfo=UTC)
HOSTILE = '=1+1 <b>&"mill"</b> #let x = [*]'
"""What a page, a document and a spreadsheet must all show as the text that it is."""


def wave(quantity: int) -> list[int]:
    """More at noon than at night."""
    return [quantity * (12 - abs(12 - hour)) // 12 for hour in range(HOURS_PER_DAY)]


def steady(quantity: int) -> list[int]:
    return [quantity] * HOURS_PER_DAY


def cluster_day(
    name: str,
    number: int,
    *,
    written: Sequence[int],
    read: Sequence[int],
    hours: int = HOURS_PER_DAY,
    metered_through: datetime = MIDNIGHT,
    partitions: int = 130,
) -> MeteredDay:
    """A cluster that ran for the first `hours` of the day, keeping 10 GB."""
    ran = [
        HourQuantities(
            bytes_in=written[hour],
            bytes_out=read[hour],
            stored_byte_seconds=10 * GIB * 3600,
            running_ms=HOUR_MS,
            partition_ms=partitions * HOUR_MS,
        )
        for hour in range(hours)
    ]
    usage = DayUsage(
        cluster_id=f"lkc_{number:016}",
        day=DAY,
        plan="dev",
        hours=[*ran, *([NOTHING] * (HOURS_PER_DAY - hours))],
    )
    return MeteredDay(usage=usage, cluster_name=name, metered_through=metered_through)


def rated(*days: MeteredDay) -> list[CostLine]:
    return cost_lines(days, PriceBooks([FIRST]))


def report(
    *days: MeteredDay,
    organization: str = "Mill Street Logistics",
    now: datetime = LATER,
    cluster_id: str | None = None,
) -> DailyReport:
    """A report of 22 November 2026."""
    lines = rated(*days)
    subject = Subject(
        organization_id="org_4q8x0n1w2e3r5t6y",
        organization_name=organization,
        cluster_id=cluster_id,
    )
    spend = spend_of(DAY, lines, currency=FIRST.currency, version=FIRST.version, now=now)
    return daily_report(subject, spend, lines, now)


ORDERS = cluster_day("orders", 1, written=wave(GIB // 8), read=wave(GIB // 4))
BUSY = cluster_day("telemetry", 2, written=steady(GIB * 2), read=wave(GIB * 3))


def full() -> DailyReport:
    """Two clusters, one of them over its cap; the day is over."""
    return report(ORDERS, BUSY)


def so_far() -> DailyReport:
    """One cluster, at twenty past two in the afternoon."""
    through = datetime(2026, 11, 22, 14, 20, tzinfo=UTC)
    part = cluster_day(
        "orders",
        1,
        written=wave(GIB // 8),
        read=wave(GIB // 4),
        hours=15,
        metered_through=through,
    )
    return report(part, now=through, cluster_id=part.usage.cluster_id)


def many(count: int) -> DailyReport:
    """A report of many clusters."""
    return report(
        *(
            cluster_day(f"cluster-{number}", number, written=steady(10), read=steady(10))
            for number in range(count)
        )
    )
