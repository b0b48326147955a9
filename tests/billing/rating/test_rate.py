from __future__ import annotations

from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.catalog.prices import GIB, UNITS, Meter
from billing.catalog.seeds import FIRST, SEEDS
from billing.periods import DAY_SECONDS, HOUR_MS, HOURS_PER_DAY
from billing.rating.rate import RatedLine, rate_day
from billing.rating.usage import NOTHING, DayUsage, HourQuantities

DAY = date(2026, 11, 22)
DEV = FIRST.plans["dev"]


def rate(*hours: HourQuantities, plan: str = "dev") -> list[RatedLine]:
    """Rate a day that begins with `hours`; nothing happens in those left over."""
    rest = [NOTHING] * (HOURS_PER_DAY - len(hours))
    return rate_day(DayUsage(cluster_id="lkc_1", day=DAY, plan=plan, hours=[*hours, *rest]), FIRST)


def amounts(lines: list[RatedLine]) -> dict[str, int]:
    return {line.line_type: line.amount_micros for line in lines}


def test_the_small_workload_of_the_comparison_costs_six_cents() -> None:
    running = HourQuantities(running_ms=HOUR_MS, partition_ms=30 * HOUR_MS)
    first = HourQuantities(
        bytes_in=GIB,
        bytes_out=2 * GIB,
        stored_byte_seconds=10 * GIB * DAY_SECONDS,
        running_ms=HOUR_MS,
        partition_ms=30 * HOUR_MS,
    )
    lines = rate(first, *[running] * (HOURS_PER_DAY - 1))
    assert amounts(lines) == {
        "KAFKA_BASE": 0,
        "KAFKA_NETWORK_WRITE": 20_000,
        "KAFKA_NETWORK_READ": 30_000,
        "KAFKA_STORAGE": 10_000,
    }


def test_a_day_never_costs_more_than_the_cap() -> None:
    lines = rate(HourQuantities(bytes_in=1000 * GIB))
    assert [line.line_type for line in lines] == ["KAFKA_NETWORK_WRITE", "KAFKA_DAILY_CAP"]
    assert sum(line.amount_micros for line in lines) == DEV.daily_cap_micros
    assert sum(sum(line.hourly_micros) for line in lines) == DEV.daily_cap_micros


def test_partitions_beyond_the_included_are_charged_by_the_hour() -> None:
    hour = HourQuantities(running_ms=HOUR_MS, partition_ms=140 * HOUR_MS)
    line = rate(hour)[-1]
    assert (line.line_type, line.quantity) == ("KAFKA_PARTITION", 40 * HOUR_MS)
    assert line.amount_micros == 40 * 50


def test_included_partitions_do_not_carry_over_to_another_hour() -> None:
    empty = HourQuantities(running_ms=HOUR_MS)
    full = HourQuantities(running_ms=HOUR_MS, partition_ms=200 * HOUR_MS)
    assert amounts(rate(empty, full))["KAFKA_PARTITION"] == 100 * 50


def test_included_partitions_are_an_average_within_the_hour() -> None:
    half_each = HourQuantities(running_ms=HOUR_MS, partition_ms=(50 + 150) * HOUR_MS // 2)
    assert "KAFKA_PARTITION" not in amounts(rate(half_each))


def test_included_partitions_count_only_while_the_cluster_runs() -> None:
    minute = HourQuantities(running_ms=60_000, partition_ms=160 * 60_000)
    assert rate(minute)[-1].quantity == 60 * 60_000


sizes = st.integers(0, 50 * GIB)
hours = st.builds(
    HourQuantities,
    bytes_in=sizes,
    bytes_out=sizes,
    stored_byte_seconds=st.integers(0, 2**62),
    running_ms=st.integers(0, HOUR_MS),
    partition_ms=st.integers(0, 4_000 * HOUR_MS),
)
days = st.lists(hours, min_size=HOURS_PER_DAY, max_size=HOURS_PER_DAY)


@given(days, st.sampled_from(sorted(FIRST.plans)))
def test_every_line_is_quantity_times_price_rounded_once(
    of_day: list[HourQuantities], plan: str
) -> None:
    lines = rate(*of_day, plan=plan)
    for line in lines:
        exact = Fraction(line.quantity * line.price_micros, line.unit.size)
        assert abs(line.amount_micros - exact) <= Fraction(1, 2)
        assert sum(line.hourly_micros) == line.amount_micros
    assert 0 <= sum(line.amount_micros for line in lines) <= FIRST.plans[plan].daily_cap_micros


def test_nothing_used_is_no_line() -> None:
    assert rate() == []


def test_every_meter_has_a_unit_and_every_plan_a_price() -> None:
    for book in SEEDS:
        for plan in book.plans.values():
            assert set(plan.micros_per_unit) == set(Meter) == set(UNITS)
