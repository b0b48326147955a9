"""Ranges: which steps answer a question, and which values they have."""

from datetime import UTC, datetime, timedelta

import pytest

from control_plane.metrics.errors import MetricsRangeInvalidError
from control_plane.metrics.points import Levels, Point, Step
from control_plane.metrics.ranges import (
    POINTS_MAX,
    MetricName,
    Range,
    choose_range,
    lag_of,
    percentile_ms,
    series_of,
)
from control_plane.metrics.readings import Counters

NOW = datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


class TestChoosing:
    def test_the_last_hour_unless_said(self) -> None:
        found = choose_range(None, None, None, NOW)
        assert (found.step, found.count) == (Step.TEN_SECONDS, 361)
        assert found.start <= NOW - hours(1) < NOW <= found.end

    @pytest.mark.parametrize(
        ("ago", "step"), [(4, 10), (6, 60), (24, 60), (48, 3600), (30 * 24, 3600)]
    )
    def test_the_shortest_step_that_answers(self, ago: float, step: int) -> None:
        found = choose_range(NOW - hours(ago), NOW, None, NOW)
        assert found.step == step
        assert found.count <= POINTS_MAX

    def test_a_short_time_long_ago_has_long_steps(self) -> None:
        found = choose_range(NOW - hours(100), NOW - hours(99), None, NOW)
        assert (found.step, found.count) == (Step.HOUR, 2)

    @pytest.mark.parametrize(
        ("start", "end", "step"),
        [
            (NOW, NOW, None),
            (NOW, NOW - hours(1), None),
            (NOW - hours(6), NOW, Step.TEN_SECONDS),  # too many points
            (NOW - hours(7), NOW - hours(6.5), Step.TEN_SECONDS),  # kept no more
            (NOW - hours(31 * 24), NOW, None),
        ],
    )
    def test_refuses_what_has_no_answer(
        self, start: datetime, end: datetime, step: Step | None
    ) -> None:
        with pytest.raises(MetricsRangeInvalidError):
            choose_range(start, end, step, NOW)


class TestValues:
    def test_rates_are_of_the_time_that_was_counted_in(self) -> None:
        wanted = Range(START, START + timedelta(seconds=30), Step.TEN_SECONDS)
        points = {
            START: Point(5000, Counters(bytes_in=100), Levels(3, stored_bytes=9)),
            START + timedelta(seconds=20): Point(0, Counters(), Levels(1)),
        }
        rate, stored, connections = series_of(
            wanted,
            points,
            [MetricName.BYTES_IN, MetricName.STORED_BYTES, MetricName.CONNECTIONS],
        )
        assert rate.values == [20.0, None, None]
        assert stored.values == [9, None, None]
        assert connections.values == [3, None, 1]

    def test_every_name_has_a_value(self) -> None:
        wanted = Range(START, START + timedelta(seconds=10), Step.TEN_SECONDS)
        counters = Counters(produce_latencies=(1,) * 10, fetch_latencies=(1,) * 10)
        point = Point(1000, counters, Levels(1, 1, 1, 1))
        found = series_of(wanted, {START: point}, list(MetricName))
        assert {one.name for one in found if one.values[0] is not None} == set(MetricName)

    def test_a_group_that_a_point_does_not_tell_of_has_no_lag(self) -> None:
        wanted = Range(START, START + timedelta(minutes=2), Step.MINUTE)
        points = {START: Point(0, Counters(), Levels(1, lags={"billing": 4}))}
        assert lag_of(wanted, points, "billing").values == [4, None]
        assert lag_of(wanted, points, "other").values == [None, None]

    @pytest.mark.parametrize(
        ("counts", "share", "expected"),
        [
            ((0,) * 10, 0.5, None),
            ((10,) + (0,) * 9, 0.5, 0.25),
            ((0, 10) + (0,) * 8, 0.5, 0.75),
            ((50, 50) + (0,) * 8, 0.99, 0.99),
            ((0,) * 9 + (1,), 0.5, 30_000.0),
        ],
    )
    def test_percentiles_lie_within_their_bounds(
        self, counts: tuple[int, ...], share: float, expected: float | None
    ) -> None:
        assert percentile_ms(counts, share) == expected
