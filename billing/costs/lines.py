"""Rated lines with what a reader needs to place them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from billing.catalog.prices import PriceBooks
from billing.metering.days import MeteredDay
from billing.rating.rate import RatedLine, rate_day


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """A rated line, the cluster's last name, and how far the cluster's day is metered."""

    rated: RatedLine
    cluster_name: str
    currency: str
    daily_cap_micros: int
    metered_through: datetime

    @property
    def id(self) -> str:
        """Names the line for ever; ids sort by day, cluster, plan and line type."""
        rated = self.rated
        return f"{rated.day}.{rated.cluster_id}.{rated.plan}.{rated.line_type}"


def cost_lines(days: Iterable[MeteredDay], books: PriceBooks) -> list[CostLine]:
    """Rate days, each by its own day's prices; the lines are ordered by id."""
    found: list[CostLine] = []
    for day in days:
        usage = day.usage
        book = books.of_plan(usage.day, usage.plan)
        assert book is not None, "only usage that has a price is metered"
        found.extend(
            CostLine(
                rated=rated,
                cluster_name=day.cluster_name,
                currency=book.currency,
                daily_cap_micros=book.plans[usage.plan].daily_cap_micros,
                metered_through=day.metered_through,
            )
            for rated in rate_day(usage, book)
        )
    return sorted(found, key=lambda line: line.id)


def day_of_id(line_id: str) -> date | None:
    """The day in a line's id; None for what is no such id."""
    try:
        return date.fromisoformat(line_id.partition(".")[0])
    except ValueError:
        return None
