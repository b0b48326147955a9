from __future__ import annotations

from datetime import UTC, datetime, timedelta

from billing.metering.days import HourOfCluster, group_days
from billing.rating.usage import NOTHING, HourQuantities

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def hour(number: int, cluster_id: str = "lkc_a", plan: str = "dev") -> HourOfCluster:
    hour_at = MIDNIGHT + timedelta(hours=number)
    return HourOfCluster(
        cluster_id=cluster_id,
        plan=plan,
        hour_at=hour_at,
        quantities=HourQuantities(bytes_in=number + 100),
        metered_through=hour_at + timedelta(minutes=number % 60),
    )


def test_hours_are_put_where_they_belong_and_days_in_order() -> None:
    hours = [hour(25), hour(3, "lkc_b"), hour(23), hour(3, plan="pro"), hour(0)]
    days = group_days(hours, {"lkc_a": "orders", "lkc_b": "bills"})
    assert [(day.usage.day.day, day.usage.cluster_id, day.usage.plan) for day in days] == [
        (22, "lkc_a", "dev"),
        (22, "lkc_a", "pro"),
        (22, "lkc_b", "dev"),
        (23, "lkc_a", "dev"),
    ]
    used = {
        number: quantities.bytes_in
        for number, quantities in enumerate(days[0].usage.hours)
        if quantities != NOTHING
    }
    assert used == {0: 100, 23: 123}
    assert days[0].metered_through == MIDNIGHT + timedelta(hours=23, minutes=23)
    assert [day.cluster_name for day in days] == ["orders", "orders", "bills", "orders"]


def test_of_nothing_is_no_day() -> None:
    assert group_days([], {}) == []
