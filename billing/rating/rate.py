"""Rates a cluster's UTC day.

The only rounding is one per (UTC day, cluster, line type): quantity x price / unit, half away
from zero. Hourly amounts are apportioned from the day's amount, so that they add up to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billing.catalog.prices import (
    DAILY_CAP_LINE_TYPE,
    LINE_TYPES,
    UNITS,
    Meter,
    PlanPrices,
)
from billing.money import round_half_up
from billing.periods import HOURS_PER_DAY
from billing.rating.apportion import apportion


@dataclass(frozen=True, kw_only=True)
class DayUsage:
    """A cluster's quantities of one UTC day: per meter, 24 hourly quantities in base units."""

    cluster_id: str
    day: date
    plan: str
    hourly: Mapping[Meter, Sequence[int]]

    def __post_init__(self) -> None:
        for meter, hours in self.hourly.items():
            assert len(hours) == HOURS_PER_DAY, f"{meter} has not one quantity for each hour"
            assert all(quantity >= 0 for quantity in hours), f"{meter} has a negative quantity"


@dataclass(frozen=True, kw_only=True)
class RatedLine:
    """One line of a day: quantity x price = amount, reproducible from what it names.

    `quantity` counts base units of the meter (`unit_size` of them make one `unit`), `price_micros`
    is the price of one unit, `amount_micros` the rounded product.
    """

    cluster_id: str
    day: date
    line_type: str
    quantity: int
    unit: str
    unit_size: int
    price_micros: int
    amount_micros: int
    hourly_micros: tuple[int, ...]
    price_book_version: int


def rate_day(usage: DayUsage, prices: PlanPrices, version: int) -> list[RatedLine]:
    """The lines of a day, and a negative one if they exceed the plan's daily cap."""
    assert usage.plan == prices.plan, "a day is rated with the prices of its own plan"
    lines = [
        _line(usage, meter, usage.hourly[meter], prices.micros_per_unit[meter], version)
        for meter in Meter
        if meter in usage.hourly and any(usage.hourly[meter])
    ]
    over = sum(line.amount_micros for line in lines) - prices.daily_cap_micros
    return [*lines, _cap_line(usage, lines, over, version)] if over > 0 else lines


def _line(
    usage: DayUsage, meter: Meter, hours: Sequence[int], price_micros: int, version: int
) -> RatedLine:
    unit = UNITS[meter]
    quantity = sum(hours)
    amount = round_half_up(quantity * price_micros, unit.size)
    return RatedLine(
        cluster_id=usage.cluster_id,
        day=usage.day,
        line_type=LINE_TYPES[meter],
        quantity=quantity,
        unit=unit.name,
        unit_size=unit.size,
        price_micros=price_micros,
        amount_micros=amount,
        hourly_micros=tuple(apportion(amount, hours)),
        price_book_version=version,
    )


def _cap_line(usage: DayUsage, lines: Sequence[RatedLine], over: int, version: int) -> RatedLine:
    """What the cap takes off: 1 micro-unit for each of `over`, against the hours that cost most."""
    hourly = [sum(line.hourly_micros[hour] for line in lines) for hour in range(HOURS_PER_DAY)]
    return RatedLine(
        cluster_id=usage.cluster_id,
        day=usage.day,
        line_type=DAILY_CAP_LINE_TYPE,
        quantity=1,
        unit="day",
        unit_size=1,
        price_micros=-over,
        amount_micros=-over,
        hourly_micros=tuple(apportion(-over, hourly)),
        price_book_version=version,
    )
