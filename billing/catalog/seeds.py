"""The price books that this version of Headrace brings; `docs/pricing.md` has the reasons.

A version that was released is never edited: a new one is added below it.
"""

from __future__ import annotations

from datetime import date

from billing.catalog.prices import Meter, PlanPrices, PriceBook


def _plan(
    plan: str,
    *,
    hour: int,
    gb_in: int,
    gb_out: int,
    gb_day: int,
    partition_hour: int,
    included_partitions: int,
    daily_cap: int,
) -> PlanPrices:
    micros = {
        Meter.BASE: hour,
        Meter.NETWORK_WRITE: gb_in,
        Meter.NETWORK_READ: gb_out,
        Meter.STORAGE: gb_day,
        Meter.PARTITION: partition_hour,
    }
    return PlanPrices(
        plan=plan,
        micros_per_unit=micros,
        included_partitions=included_partitions,
        daily_cap_micros=daily_cap,
    )


FIRST = PriceBook(
    version=1,
    currency="USD",
    effective_from=date(2026, 1, 1),
    plans={
        prices.plan: prices
        for prices in (
            _plan(
                "dev",
                hour=0,
                gb_in=20_000,
                gb_out=15_000,
                gb_day=1_000,
                partition_hour=50,
                included_partitions=100,
                daily_cap=1_000_000,
            ),
            _plan(
                "standard",
                hour=20_000,
                gb_in=10_000,
                gb_out=8_000,
                gb_day=900,
                partition_hour=40,
                included_partitions=1_000,
                daily_cap=2_000_000,
            ),
            _plan(
                "pro",
                hour=60_000,
                gb_in=5_000,
                gb_out=3_000,
                gb_day=800,
                partition_hour=30,
                included_partitions=2_000,
                daily_cap=4_000_000,
            ),
        )
    },
)

SECOND = PriceBook(
    version=2,
    currency="USD",
    effective_from=date(2026, 11, 1),
    plans={
        **FIRST.plans,
        "ha": _plan(
            "ha",
            hour=80_000,
            gb_in=10_000,
            gb_out=8_000,
            gb_day=2_700,
            partition_hour=120,
            included_partitions=500,
            daily_cap=3_000_000,
        ),
    },
)

SEEDS = (FIRST, SECOND)
