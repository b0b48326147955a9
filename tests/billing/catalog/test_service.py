from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from billing.catalog.documents import from_document, to_document
from billing.catalog.errors import PlanUnpricedError, PriceBookError, PriceBookMissingError
from billing.catalog.prices import Meter, PriceBook, PriceBooks
from billing.catalog.seeds import FIRST, SEEDS
from control_plane.clusters.plans import CATALOGUE
from control_plane.kit.db import Database
from tests.fixtures.billing import Billing
from tests.fixtures.clocks import ManualClock

TODAY = date(2026, 11, 22)
TOMORROW = TODAY + timedelta(days=1)


def changed(book: PriceBook, *, version: int, gb_in: int) -> PriceBook:
    """The next version, in which writing costs `gb_in` on dev."""
    dev = book.plans["dev"]
    micros = {**dev.micros_per_unit, Meter.NETWORK_WRITE: gb_in}
    plans = {**book.plans, "dev": replace(dev, micros_per_unit=micros)}
    return replace(book, version=version, plans=plans)


def price_on(billing: Billing, day: date) -> int:
    with billing.database.snapshot() as session:
        book = billing.catalog.in_force(session, day)
    return book.plans["dev"].micros_per_unit[Meter.NETWORK_WRITE]


class TestLoad:
    def test_every_plan_that_clusters_can_have_is_priced(self, billing: Billing) -> None:
        with billing.database.transaction() as session:
            billing.catalog.load(session, SEEDS, CATALOGUE)
            newest = billing.catalog.in_force(session, TOMORROW)
        assert newest.plans.keys() == CATALOGUE.keys()

    def test_repeating_changes_nothing(self, billing: Billing) -> None:
        billing.load()
        with billing.database.snapshot() as session:
            assert billing.catalog.books(session) == PriceBooks([FIRST])

    def test_a_changed_seed_of_the_same_version_is_refused(self, billing: Billing) -> None:
        with pytest.raises(PriceBookError, match="a version never changes"):
            billing.load(changed(FIRST, version=1, gb_in=20_001))
        assert price_on(billing, TODAY) == 20_000

    def test_a_new_version_never_changes_a_day_that_has_begun(self, billing: Billing) -> None:
        second = changed(FIRST, version=2, gb_in=19_000)
        assert second.effective_from < TODAY
        billing.load(FIRST, second)
        assert price_on(billing, TODAY) == 20_000
        assert price_on(billing, TOMORROW) == 19_000
        billing.clock.advance(7 * 86_400)
        billing.load(FIRST, second)
        assert price_on(billing, TODAY) == 20_000

    def test_a_version_may_wait_for_its_day(self, billing: Billing) -> None:
        day = TODAY + timedelta(days=30)
        billing.load(FIRST, replace(changed(FIRST, version=2, gb_in=1), effective_from=day))
        assert price_on(billing, day - timedelta(days=1)) == 20_000
        assert price_on(billing, day) == 1

    def test_a_program_of_an_older_version_goes_on(self, billing: Billing) -> None:
        billing.load(FIRST, changed(FIRST, version=2, gb_in=19_000))
        billing.load(FIRST)
        assert price_on(billing, TOMORROW) == 19_000

    def test_a_new_version_keeps_currency_and_plans(self, billing: Billing) -> None:
        second = replace(FIRST, version=2)
        with pytest.raises(PriceBookError, match="keep their currency"):
            billing.load(FIRST, replace(second, currency="EUR"))
        with pytest.raises(PriceBookError, match="no price for pro, standard"):
            billing.load(FIRST, replace(second, plans={"dev": FIRST.plans["dev"]}))

    def test_a_version_prices_every_meter_and_nothing_below_zero(self, billing: Billing) -> None:
        with pytest.raises(PriceBookError, match="negative"):
            billing.load(FIRST, changed(FIRST, version=2, gb_in=-1))
        dev = replace(FIRST.plans["dev"], micros_per_unit={Meter.BASE: 1})
        with pytest.raises(PriceBookError, match="every meter of dev"):
            billing.load(FIRST, replace(FIRST, version=2, plans={**FIRST.plans, "dev": dev}))

    def test_a_plan_without_any_price_is_refused(self, billing: Billing) -> None:
        with (
            billing.database.transaction() as session,
            pytest.raises(PriceBookError, match="platinum"),
        ):
            billing.catalog.load(session, SEEDS, ("dev", "platinum"))

    def test_a_plan_that_came_later_is_priced_by_the_version_that_brought_it(
        self, billing: Billing
    ) -> None:
        big = replace(FIRST.plans["pro"], plan="big")
        second = replace(FIRST, version=2, plans={**FIRST.plans, "big": big})
        billing.load(FIRST, second)
        with billing.database.snapshot() as session:
            book, prices = billing.catalog.plan_in_force(session, "big")
        assert (book.version, prices) == (2, big)


class TestImmutability:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE price_books SET effective_from = '2026-01-02'",
            "UPDATE price_books SET plans = '{}' WHERE version = 1",
            "DELETE FROM price_books",
            "DELETE FROM price_books WHERE version = 1",
        ],
    )
    def test_the_database_itself_refuses_changes(self, billing: Billing, statement: str) -> None:
        with (
            pytest.raises(DBAPIError, match="price books are immutable"),
            billing.database.transaction() as session,
        ):
            session.execute(text(statement))
        billing.load()

    def test_sqlite_does_not_replace_a_version_either(self, sqlite_billing: Billing) -> None:
        with (
            pytest.raises(DBAPIError, match="price books are immutable"),
            sqlite_billing.database.transaction() as session,
        ):
            session.execute(text("INSERT OR REPLACE INTO price_books SELECT * FROM price_books"))

    def test_postgresql_does_not_empty_the_table_either(
        self, postgresql_url: str, clock: ManualClock
    ) -> None:
        database = Database(postgresql_url)
        try:
            Billing(database, clock).load()
            with (
                pytest.raises(DBAPIError, match="price books are immutable"),
                database.transaction() as session,
            ):
                session.execute(text("TRUNCATE price_books"))
        finally:
            database.dispose()


class TestInForce:
    def test_no_book_before_the_first(self, sqlite_billing: Billing) -> None:
        with (
            sqlite_billing.database.snapshot() as session,
            pytest.raises(PriceBookMissingError, match="2025-12-31"),
        ):
            sqlite_billing.catalog.in_force(session, date(2025, 12, 31))

    def test_an_unknown_plan_is_answered_with_the_known_ones(self, sqlite_billing: Billing) -> None:
        with (
            sqlite_billing.database.snapshot() as session,
            pytest.raises(PlanUnpricedError) as refused,
        ):
            sqlite_billing.catalog.plan_in_force(session, "platinum")
        assert refused.value.advice == "choose one of: dev, pro, standard"

    def test_the_highest_version_in_force_wins(self) -> None:
        older = replace(FIRST, effective_from=TODAY)
        newer = replace(FIRST, version=2, effective_from=TODAY - timedelta(days=1))
        books = PriceBooks([newer, older])
        assert books.of(TODAY) is newer
        assert books.of(TODAY - timedelta(days=2)) is None


def test_a_document_is_read_as_it_was_written() -> None:
    assert from_document(to_document(FIRST.plans)) == FIRST.plans
