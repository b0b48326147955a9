"""The first price book."""

from __future__ import annotations

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
    plans={
        "dev": _plan(
            "dev",
            hour=0,
            gb_in=20_000,
            gb_out=15_000,
            gb_day=1_000,
            partition_hour=50,
            included_partitions=100,
            daily_cap=1_000_000,
        ),
    },
)
