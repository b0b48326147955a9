"""What a report says adds up, whatever was used."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.catalog.prices import DAILY_CAP_LINE_TYPE, GIB
from billing.catalog.seeds import FIRST
from billing.periods import HOURS_PER_DAY
from billing.reports.report import by_line_type, hourly_by_line_type, hourly_totals
from tests.billing.reports.samples import (
    DAY,
    LATER,
    ORDERS,
    cluster_day,
    full,
    report,
    so_far,
    steady,
    wave,
)

CAP = FIRST.plans["dev"].daily_cap_micros

hours = st.lists(st.integers(0, 60 * GIB), min_size=HOURS_PER_DAY, max_size=HOURS_PER_DAY)


def test_a_cluster_over_its_cap_costs_the_cap_and_says_what_was_spared() -> None:
    orders, telemetry = full().clusters
    assert (telemetry.total_micros, telemetry.spared_micros) == (CAP, 546_000)
    assert [line.line_type for line in telemetry.lines][-1] == DAILY_CAP_LINE_TYPE
    assert telemetry.is_capped
    assert (orders.total_micros, orders.is_capped) == (121_000, False)
    assert (full().total_micros, full().spared_micros, full().capped_clusters) == (
        1_121_000,
        546_000,
        1,
    )


@given(st.lists(st.tuples(hours, hours), max_size=3))
def test_every_sum_of_a_report_is_its_total(used: list[tuple[list[int], list[int]]]) -> None:
    made = report(
        *(
            cluster_day(f"c{number}", number, written=written, read=read)
            for number, (written, read) in enumerate(used)
        )
    )
    by_hour = hourly_totals(made)
    series = hourly_by_line_type(made)
    assert sum(by_line_type(made).values()) == made.total_micros
    assert sum(by_hour) == made.total_micros
    assert [sum(hour[at] for hour in series.values()) for at in range(HOURS_PER_DAY)] == by_hour
    assert all(micros >= 0 for hour in series.values() for micros in hour)
    assert DAILY_CAP_LINE_TYPE not in series


def test_a_day_that_goes_on_says_up_to_where_it_is_true() -> None:
    made = so_far()
    assert not made.is_final
    assert made.metered_through == datetime(2026, 11, 22, 14, 20, tzinfo=UTC)
    assert made.hours_begun == 15


@pytest.mark.parametrize(
    ("now", "begun"),
    [
        (datetime(2026, 11, 21, 23, 59, tzinfo=UTC), 0),
        (datetime(2026, 11, 22, tzinfo=UTC), 0),
        (datetime(2026, 11, 22, 0, 0, 1, tzinfo=UTC), 1),
        (datetime(2026, 11, 22, 9, tzinfo=UTC), 9),
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), 24),
        (LATER, 24),
    ],
)
def test_hours_are_still_to_come_by_the_clock_whatever_was_used(now: datetime, begun: int) -> None:
    gone = cluster_day("gone", 1, written=wave(GIB), read=steady(0), hours=2)
    assert report(gone, now=now).hours_begun == report(now=now).hours_begun == begun


def test_a_day_without_usage_is_a_report_too() -> None:
    made = report(now=datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC))
    assert (made.total_micros, made.clusters, made.metered_through) == (0, (), None)
    assert (by_line_type(made), hourly_by_line_type(made)) == ({}, {})


def test_lines_stand_in_the_order_in_which_they_are_explained() -> None:
    assert [line.line_type for line in report(ORDERS).clusters[0].lines] == [
        "KAFKA_BASE",
        "KAFKA_NETWORK_WRITE",
        "KAFKA_NETWORK_READ",
        "KAFKA_STORAGE",
        "KAFKA_PARTITION",
    ]
