from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.metering.tasks import MESSAGES_AT_ONCE
from control_plane.kit.ids import new_id
from tests.fixtures.billing import Billing, Message, message

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def totals(billing: Billing, cluster_id: str) -> list[tuple[Any, ...]]:
    """Everything that is known of a cluster's hours."""
    return [
        (
            hour.organization_id,
            hour.hour_at,
            hour.plan,
            hour.bytes_in,
            hour.bytes_out,
            hour.stored_byte_seconds,
            hour.running_ms,
            hour.partition_ms,
            hour.metered_through,
        )
        for hour in billing.hours()
        if hour.cluster_id == cluster_id
    ]


class TestCounting:
    def test_windows_add_up_in_the_hour_in_which_they_started(self, billing: Billing) -> None:
        owner = billing.organization()
        billing.deliver(
            message(owner, NOON - timedelta(minutes=1), number=1, bytes_in=1, partitions=2),
            message(owner, NOON, number=2, bytes_in=10, bytes_out=5, stored_bytes=100),
            message(owner, NOON + timedelta(minutes=1), number=3, bytes_in=100, stored_bytes=50),
        )
        assert totals(billing, "lkc_orders") == [
            (owner, NOON - timedelta(hours=1), "dev", 1, 0, 0, 60_000, 120_000, NOON),
            (owner, NOON, "dev", 110, 5, 9_000, 120_000, 0, NOON + timedelta(minutes=2)),
        ]
        assert (billing.waiting(), billing.refused()) == (0, [])

    def test_more_messages_than_one_transaction_takes_are_all_counted(
        self, sqlite_billing: Billing
    ) -> None:
        owner = sqlite_billing.organization()
        many = MESSAGES_AT_ONCE + 1
        sqlite_billing.deliver(
            *(
                message(owner, NOON + timedelta(seconds=n), number=n, seconds=1, bytes_in=1)
                for n in range(many)
            )
        )
        assert sum(hour.bytes_in for hour in sqlite_billing.hours()) == many
        assert sqlite_billing.waiting() == 0

    def test_the_newest_window_names_the_cluster(self, billing: Billing) -> None:
        owner = billing.organization()
        new = message(owner, NOON, number=2, cluster_name="renamed", bytes_in=1)
        old = message(owner, NOON - timedelta(minutes=1), number=1, cluster_name="first")
        billing.deliver(new, old, new)
        assert {line.cluster_name for line in billing.lines(owner)} == {"renamed"}


moments = st.integers(0, 47 * 60).map(lambda minute: NOON - timedelta(minutes=minute))
amounts = st.integers(0, 2**50)
windows = st.lists(
    st.tuples(moments, amounts, amounts, amounts, st.integers(0, 1_000)), min_size=1, max_size=6
)


class TestRepeating:
    @settings(
        max_examples=40,
        deadline=None,  # a database writes to a disk
        # Every example has a cluster of its own, so they may share the database.
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(windows, st.data())
    def test_any_subset_any_number_of_times_in_any_order_changes_nothing(
        self,
        sqlite_billing: Billing,
        drawn: list[tuple[datetime, int, int, int, int]],
        data: st.DataObject,
    ) -> None:
        owner, cluster_id = sqlite_billing.organization(), new_id("lkc")
        messages = [
            message(
                owner,
                started,
                cluster_id=cluster_id,
                number=number,
                bytes_in=bytes_in,
                bytes_out=bytes_out,
                stored_bytes=stored,
                partitions=partitions,
            )
            for number, (started, bytes_in, bytes_out, stored, partitions) in enumerate(drawn)
        ]
        sqlite_billing.deliver(*messages)
        once = totals(sqlite_billing, cluster_id)
        assert sum(hour[3] for hour in once) == sum(one["bytes_in"] for one in messages)
        again = data.draw(st.lists(st.sampled_from(messages), max_size=12))
        sqlite_billing.deliver(*again)
        assert totals(sqlite_billing, cluster_id) == once

        other = new_id("lkc")
        shuffled = data.draw(st.permutations(messages + again))
        sqlite_billing.deliver(*(_of_cluster(one, other) for one in shuffled))
        assert totals(sqlite_billing, other) == once
        assert sqlite_billing.refused() == []


def _of_cluster(one: Message, cluster_id: str) -> Message:
    number = str(one["source"]).rpartition("/")[2]
    return one | {"cluster_id": cluster_id, "source": f"{cluster_id}/1/meter/{number}"}


class TestRefusing:
    def test_a_message_that_makes_no_sense_is_kept_and_blocks_nothing(
        self, billing: Billing
    ) -> None:
        owner = billing.organization()
        poison = message(owner, NOON, number=1, bytes_in=-1)
        billing.deliver(poison, message(owner, NOON, number=2, bytes_in=7))
        (refused,) = billing.refused()
        assert (refused.code, refused.body) == ("usage_message_invalid", poison)
        assert refused.detail.startswith("bytes_in: ")
        assert [hour.bytes_in for hour in billing.hours()] == [7]
        assert billing.waiting() == 0

    def test_a_window_of_another_cluster_than_the_message_is_about_is_not_counted(
        self, sqlite_billing: Billing
    ) -> None:
        owner = sqlite_billing.organization()
        sqlite_billing.deliver(message(owner, NOON), key="lkc_other")
        (refused,) = sqlite_billing.refused()
        assert (refused.code, refused.cluster_id) == ("usage_message_invalid", "lkc_other")
        assert sqlite_billing.hours() == []

    def test_the_same_source_with_other_contents_is_not_counted(self, billing: Billing) -> None:
        owner = billing.organization()
        billing.deliver(message(owner, NOON, bytes_in=1), message(owner, NOON, bytes_in=2))
        assert [one.code for one in billing.refused()] == ["usage_window_conflict"]
        assert [hour.bytes_in for hour in billing.hours()] == [1]

    def test_nobody_pays_for_anothers_cluster(self, billing: Billing) -> None:
        mine, theirs = billing.organization(), billing.organization()
        billing.deliver(
            message(mine, NOON, number=1, bytes_in=1), message(theirs, NOON, number=2, bytes_in=2)
        )
        assert [one.code for one in billing.refused()] == ["usage_organization_conflict"]
        assert billing.lines(theirs) == []

    def test_an_organization_that_is_not_there_pays_nothing(self, billing: Billing) -> None:
        owner = billing.organization()
        billing.deliver(
            message("org_absent", NOON, number=1), message(owner, NOON, number=2, bytes_in=3)
        )
        assert [one.code for one in billing.refused()] == ["usage_organization_unknown"]
        assert [hour.bytes_in for hour in billing.hours()] == [3]
        assert billing.counted() == 1

    def test_a_clock_far_ahead_bills_nothing(self, sqlite_billing: Billing) -> None:
        owner = sqlite_billing.organization()
        ends_in_a_day = NOON + timedelta(days=1, minutes=-1)
        sqlite_billing.deliver(
            message(owner, ends_in_a_day, number=1, bytes_in=1),
            message(owner, ends_in_a_day + timedelta(minutes=1), number=2, bytes_in=2),
        )
        assert [one.code for one in sqlite_billing.refused()] == ["usage_window_early"]
        assert [hour.bytes_in for hour in sqlite_billing.hours()] == [1]

    def test_a_plan_without_a_price_is_kept_for_when_it_has_one(self, billing: Billing) -> None:
        owner = billing.organization()
        billing.deliver(message(owner, NOON, plan="platinum"))
        (refused,) = billing.refused()
        assert (refused.code, refused.cluster_id) == ("usage_plan_unpriced", "lkc_orders")
        assert billing.hours() == []
