"""What an expected use of a cluster would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.catalog.prices import DAILY_CAP_LINE_TYPE, PriceBook
from billing.periods import DAY_SECONDS, HOUR_MS, HOURS_PER_DAY
from billing.rating.apportion import apportion
from billing.rating.rate import RatedLine, rate_day
from billing.rating.usage import DayUsage, HourQuantities

DAYS_PER_MONTH = 30
NOBODY = "preview"


@dataclass(frozen=True, kw_only=True)
class ExpectedUse:
    """A steady day of a cluster that runs all of it, or with `is_running` false none of it."""

    partitions: int
    bytes_in_per_day: int
    bytes_out_per_day: int
    bytes_stored: int
    is_running: bool = True


AT_REST = ExpectedUse(partitions=0, bytes_in_per_day=0, bytes_out_per_day=0, bytes_stored=0)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A day's lines as they would be billed, in micro-units of `currency`.

    The month is 30 such days. `uncapped_micros` is the day without the plan's cap.
    """

    plan: str
    currency: str
    price_book_version: int
    lines: Sequence[RatedLine]
    day_micros: int
    month_micros: int
    uncapped_micros: int
    daily_cap_micros: int

    @property
    def is_capped(self) -> bool:
        return self.uncapped_micros > self.daily_cap_micros


def preview(plan: str, book: PriceBook, use: ExpectedUse, day: date) -> Preview:
    """Rate a day of `use` by the rules that bills follow."""
    lines = rate_day(_steady_day(plan, use, day), book)
    amount = sum(line.amount_micros for line in lines)
    return Preview(
        plan=plan,
        currency=book.currency,
        price_book_version=book.version,
        lines=lines,
        day_micros=amount,
        month_micros=amount * DAYS_PER_MONTH,
        uncapped_micros=sum(
            line.amount_micros for line in lines if line.line_type != DAILY_CAP_LINE_TYPE
        ),
        daily_cap_micros=book.plans[plan].daily_cap_micros,
    )


def _steady_day(plan: str, use: ExpectedUse, day: date) -> DayUsage:
    evenly = [1] * HOURS_PER_DAY
    running_ms = HOUR_MS if use.is_running else 0
    written = apportion(use.bytes_in_per_day, evenly)
    read = apportion(use.bytes_out_per_day, evenly)
    hours = [
        HourQuantities(
            bytes_in=written[hour],
            bytes_out=read[hour],
            stored_byte_seconds=use.bytes_stored * (DAY_SECONDS // HOURS_PER_DAY),
            running_ms=running_ms,
            partition_ms=use.partitions * running_ms,
        )
        for hour in range(HOURS_PER_DAY)
    ]
    return DayUsage(cluster_id=NOBODY, day=day, plan=plan, hours=hours)
