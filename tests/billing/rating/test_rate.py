from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.catalog.prices import GIB, UNITS, Meter
from billing.catalog.seeds import FIRST
from billing.periods import DAY_SECONDS, HOURS_PER_DAY
from billing.rating.rate import DayUsage, rate_day

DAY = date(2026, 11, 22)
DEV = FIRST.plans["dev"]


def usage(**meters: list[int]) -> DayUsage:
    hourly = {Meter(name): hours for name, hours in meters.items()}
    return DayUsage(cluster_id="lkc_1", day=DAY, plan="dev", hourly=hourly)


def first_hour(quantity: int) -> list[int]:
    return [quantity, *([0] * (HOURS_PER_DAY - 1))]


def test_the_small_workload_of_the_comparison_costs_no_more_than_ten_cents() -> None:
    lines = rate_day(
        usage(
            base=[3600] * HOURS_PER_DAY,
            network_write=first_hour(GIB),
            network_read=first_hour(2 * GIB),
            storage=first_hour(10 * GIB * DAY_SECONDS),
        ),
        DEV,
        1,
    )
    assert sum(line.amount_micros for line in lines) == 60_000
    assert {line.line_type: line.amount_micros for line in lines} == {
        "KAFKA_BASE": 0,
        "KAFKA_NETWORK_WRITE": 20_000,
        "KAFKA_NETWORK_READ": 30_000,
        "KAFKA_STORAGE": 10_000,
    }


def test_a_day_never_costs_more_than_the_cap() -> None:
    lines = rate_day(usage(network_write=first_hour(1000 * GIB)), DEV, 1)
    assert [line.line_type for line in lines] == ["KAFKA_NETWORK_WRITE", "KAFKA_DAILY_CAP"]
    assert sum(line.amount_micros for line in lines) == DEV.daily_cap_micros
    assert sum(sum(line.hourly_micros) for line in lines) == DEV.daily_cap_micros


hours = st.lists(st.integers(0, 50 * GIB), min_size=HOURS_PER_DAY, max_size=HOURS_PER_DAY)


@given(hours, hours)
def test_every_line_is_quantity_times_price_rounded_once(
    written: list[int], read: list[int]
) -> None:
    for line in rate_day(usage(network_write=written, network_read=read), DEV, 1):
        exact = Fraction(line.quantity * line.price_micros, line.unit_size)
        assert abs(line.amount_micros - exact) <= Fraction(1, 2)
        assert sum(line.hourly_micros) == line.amount_micros


def test_nothing_used_is_no_line() -> None:
    assert rate_day(usage(network_write=[0] * HOURS_PER_DAY), DEV, 1) == []


def test_every_meter_has_a_unit_and_every_plan_a_price() -> None:
    for plan in FIRST.plans.values():
        assert set(plan.micros_per_unit) == set(Meter) == set(UNITS)
