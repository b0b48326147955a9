"""Rates a cluster's UTC day.

The only rounding is one per (UTC day, cluster, plan, line type): quantity x price / unit, half
away from zero. Hourly amounts are apportioned from the day's amount, so that they add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.catalog.prices import (
    CAP_UNIT,
    DAILY_CAP_LINE_TYPE,
    LINE_TYPES,
    UNITS,
    Meter,
    PriceBook,
    Unit,
)
from billing.money import round_half_up
from billing.periods import HOURS_PER_DAY
from billing.rating.apportion import apportion
from billing.rating.usage import DayUsage, charged


@dataclass(frozen=True, kw_only=True)
class RatedLine:
    """One line of a day: quantity x price = amount, reproducible from what it names.

    `quantity` counts base units (`unit.size` of them make one unit), `price_micros` is the price
    of one unit, `amount_micros` the rounded product.
    """

    cluster_id: str
    day: date
    plan: str
    line_type: str
    quantity: int
    unit: Unit
    price_micros: int
    amount_micros: int
    hourly_micros: tuple[int, ...]
    price_book_version: int


def rate_day(usage: DayUsage, book: PriceBook) -> list[RatedLine]:
    """The lines of a day, and a negative one if they exceed the plan's daily cap."""
    prices = book.plans[usage.plan]
    quantities = charged(usage.hours, prices.included_partitions)
    lines = [
        _line(usage, meter, hours, prices.micros_per_unit[meter], book.version)
        for meter, hours in quantities.items()
        if any(hours)
    ]
    over = sum(line.amount_micros for line in lines) - prices.daily_cap_micros
    return [*lines, _cap_line(usage, lines, over, book.version)] if over > 0 else lines


def _line(
    usage: DayUsage, meter: Meter, hours: Sequence[int], price_micros: int, version: int
) -> RatedLine:
    unit = UNITS[meter]
    quantity = sum(hours)
    amount = round_half_up(quantity * price_micros, unit.size)
    return RatedLine(
        cluster_id=usage.cluster_id,
        day=usage.day,
        plan=usage.plan,
        line_type=LINE_TYPES[meter],
        quantity=quantity,
        unit=unit,
        price_micros=price_micros,
        amount_micros=amount,
        hourly_micros=tuple(apportion(amount, hours)),
        price_book_version=version,
    )


def _cap_line(usage: DayUsage, lines: Sequence[RatedLine], over: int, version: int) -> RatedLine:
    """What the cap takes off: the hours carry it in proportion to what they cost."""
    hourly = [sum(line.hourly_micros[hour] for line in lines) for hour in range(HOURS_PER_DAY)]
    return RatedLine(
        cluster_id=usage.cluster_id,
        day=usage.day,
        plan=usage.plan,
        line_type=DAILY_CAP_LINE_TYPE,
        quantity=1,
        unit=CAP_UNIT,
        price_micros=-over,
        amount_micros=-over,
        hourly_micros=tuple(apportion(-over, hourly)),
        price_book_version=version,
    )
