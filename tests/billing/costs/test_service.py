from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from billing.catalog.prices import GIB
from billing.catalog.seeds import FIRST
from billing.costs.errors import DateRangeInvalidError
from billing.costs.service import DAYS_AT_ONCE, DAYS_MAX, DayRange
from control_plane.kit.pagination import PageRequest, PageTokenError, encode_token
from control_plane.kit.scope import Scope
from tests.fixtures.billing import Billing, message

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TODAY = NOON.date()


def month(day: int) -> datetime:
    return NOON.replace(day=day)


class TestLines:
    def test_today_is_rated_so_far(self, sqlite_billing: Billing) -> None:
        owner = sqlite_billing.organization()
        sqlite_billing.deliver(message(owner, NOON, bytes_in=GIB))
        (base, written) = sqlite_billing.lines(owner)
        assert (base.rated.line_type, base.rated.quantity) == ("KAFKA_BASE", 60_000)
        assert written.id == "2026-11-22.lkc_orders.dev.KAFKA_NETWORK_WRITE"
        assert (written.rated.amount_micros, written.currency) == (20_000, "USD")
        assert written.rated.hourly_micros[12] == 20_000
        assert written.metered_through == NOON + timedelta(minutes=1)

    def test_a_day_is_rated_by_its_own_prices(self, sqlite_billing: Billing) -> None:
        owner = sqlite_billing.organization()
        dearer = replace(FIRST.plans["dev"], daily_cap_micros=10_000)
        second = replace(FIRST, version=2, plans={**FIRST.plans, "dev": dearer})
        sqlite_billing.load(FIRST, second)
        sqlite_billing.deliver(message(owner, NOON, number=1, bytes_in=GIB))
        sqlite_billing.clock.advance(86_400)
        sqlite_billing.deliver(message(owner, NOON + timedelta(days=1), number=2, bytes_in=GIB))
        by_day: dict[date, int] = {}
        for line in sqlite_billing.lines(owner):
            rated = line.rated
            by_day[rated.day] = by_day.get(rated.day, 0) + rated.amount_micros
            assert rated.price_book_version == (1 if rated.day == TODAY else 2)
        assert by_day == {TODAY: 20_000, TODAY + timedelta(days=1): 10_000}

    def test_a_day_under_two_plans_is_rated_for_each(self, sqlite_billing: Billing) -> None:
        owner = sqlite_billing.organization()
        sqlite_billing.deliver(
            message(owner, NOON, number=1, bytes_in=GIB),
            message(owner, NOON, number=2, bytes_in=GIB, plan="standard"),
        )
        written = [
            (line.rated.plan, line.rated.amount_micros)
            for line in sqlite_billing.lines(owner)
            if line.rated.line_type == "KAFKA_NETWORK_WRITE"
        ]
        assert written == [("dev", 20_000), ("standard", 10_000)]

    def test_nothing_of_others_is_seen(self, billing: Billing) -> None:
        mine, theirs = billing.organization(), billing.organization()
        billing.deliver(message(theirs, NOON, bytes_in=GIB))
        with billing.database.snapshot() as session:
            days = billing.costs.day_range(None, None)
            assert billing.costs.lines(session, Scope(mine), days) == []
            assert billing.costs.lines(session, Scope(mine), days, "lkc_orders") == []
            assert billing.costs.lines(session, Scope(theirs, "lkc_other"), days) == []
            assert len(billing.costs.lines(session, Scope(theirs, "lkc_orders"), days)) == 2


class TestPages:
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
    def test_together_are_the_whole_list(self, sqlite_billing: Billing, size: int) -> None:
        owner = sqlite_billing.organization()
        sqlite_billing.deliver(
            *(
                message(
                    owner,
                    month(day),
                    cluster_id=cluster_id,
                    number=day,
                    bytes_in=GIB,
                )
                for day in (1, 2, 2 + DAYS_AT_ONCE, 22)
                for cluster_id in ("lkc_a", "lkc_b")
            )
        )
        whole = [line.id for line in sqlite_billing.lines(owner)]
        assert len(whole) == 4 * 2 * 2
        found: list[str] = []
        token = None
        while True:
            with sqlite_billing.database.snapshot() as session:
                page = sqlite_billing.costs.page(
                    session,
                    Scope(owner),
                    sqlite_billing.costs.day_range(None, None),
                    None,
                    PageRequest(size, token),
                )
            assert len(page.items) <= size
            found.extend(line.id for line in page.items)
            token = page.next_page_token
            if token is None:
                break
        assert found == whole == sorted(whole)

    def test_a_token_of_something_else_is_refused(self, sqlite_billing: Billing) -> None:
        owner = sqlite_billing.organization()
        with sqlite_billing.database.snapshot() as session, pytest.raises(PageTokenError):
            sqlite_billing.costs.page(
                session,
                Scope(owner),
                DayRange(TODAY, TODAY + timedelta(days=1)),
                None,
                PageRequest(10, encode_token(["orders"])),
            )


class TestDays:
    def test_unless_said_it_is_the_month_so_far(self, sqlite_billing: Billing) -> None:
        costs = sqlite_billing.costs
        assert costs.day_range(None, None) == DayRange(date(2026, 11, 1), date(2026, 11, 23))
        october = DayRange(date(2026, 10, 1), date(2026, 10, 15))
        assert costs.day_range(None, date(2026, 10, 15)) == october

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (TODAY, TODAY),
            (TODAY, TODAY - timedelta(days=1)),
            (TODAY, TODAY + timedelta(days=DAYS_MAX + 1)),
            (date.min, None),
            (None, date.min),
            (date.max, date.max),
        ],
    )
    def test_none_and_too_many_are_refused(
        self, sqlite_billing: Billing, start: date | None, end: date | None
    ) -> None:
        with pytest.raises(DateRangeInvalidError):
            sqlite_billing.costs.day_range(start, end)


class TestSpend:
    def test_adds_up_in_every_direction(self, sqlite_billing: Billing) -> None:
        owner = sqlite_billing.organization()
        sqlite_billing.deliver(
            message(owner, month(3), number=1, bytes_in=GIB, stored_bytes=GIB),
            message(owner, NOON, number=2, bytes_in=100 * GIB, bytes_out=12_345),
            message(owner, NOON, number=1, cluster_id="lkc_z", cluster_name="z", bytes_out=GIB),
        )
        with sqlite_billing.database.snapshot() as session:
            spend = sqlite_billing.costs.spend(session, Scope(owner), TODAY)
            of_z = sqlite_billing.costs.spend(session, Scope(owner), TODAY, "lkc_z")
        # 1 USD is the daily cap of dev; 1 GB in and a minute of 1 GB kept on the 3rd.
        assert (spend.day_micros, spend.month_micros) == (1_015_000, 1_035_001)
        assert sum(spend.hourly_micros) == spend.hourly_micros[12] == spend.day_micros
        assert [(one.cluster_name, one.is_capped) for one in spend.clusters] == [
            ("orders", True),
            ("z", False),
        ]
        for parts in (spend.clusters, spend.line_types):
            assert sum(part.day_micros for part in parts) == spend.day_micros
            assert sum(part.month_micros for part in parts) == spend.month_micros
        assert sum(day.micros for day in spend.days) == spend.month_micros
        assert [day.day.day for day in spend.days] == list(range(1, 23))
        assert spend.metered_through == NOON + timedelta(minutes=1)
        assert (of_z.day_micros, of_z.month_micros) == (15_000, 15_000)

    def test_a_day_is_over_once_its_last_window_can_be_metered(
        self, sqlite_billing: Billing
    ) -> None:
        owner = sqlite_billing.organization()

        def is_over() -> bool:
            with sqlite_billing.database.snapshot() as session:
                return sqlite_billing.costs.spend(session, Scope(owner), TODAY).is_over

        assert not is_over()
        sqlite_billing.clock.advance(12 * 3600 + 119)
        assert not is_over()
        sqlite_billing.clock.advance(1)
        assert is_over()

    def test_of_nothing_is_zero(self, sqlite_billing: Billing) -> None:
        with sqlite_billing.database.snapshot() as session:
            spend = sqlite_billing.costs.spend(session, Scope("org_x"), TODAY)
        assert (spend.day_micros, spend.month_micros, spend.metered_through) == (0, 0, None)
        assert spend.clusters == []
