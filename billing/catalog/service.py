"""Rules of price books: what may become one, and which is in force."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy.orm import Session

from billing.catalog import repository
from billing.catalog.errors import PlanUnpricedError, PriceBookError, PriceBookMissingError
from billing.catalog.prices import Meter, PlanPrices, PriceBook, PriceBooks
from billing.periods import day_of
from control_plane.kit.clock import Clock
from control_plane.kit.errors import FieldError


class CatalogService:
    """Keeps the versions of prices."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def load(self, session: Session, seeds: Sequence[PriceBook], plans: Collection[str]) -> None:
        """Write down the versions among `seeds` that are not there; repeating changes nothing.

        In a database that has prices already a new version is in force from tomorrow on at the
        earliest: the price of a day that has begun never changes. Raises PriceBookError when a
        seed differs from the version that is written down, when it drops a plan or changes the
        currency, or when one of `plans`, which clusters may be created with, has no price.
        """
        today = day_of(self._clock.now())
        written = list(repository.list_books(session))
        is_first = not written
        for seed in sorted(seeds, key=lambda book: book.version):
            book = seed if is_first else _not_before(seed, today + timedelta(days=1))
            if not any(known.version == book.version for known in written):
                _require_successor(book, written)
                repository.insert(session, book, self._clock.now())
                written = list(repository.list_books(session))
            _require_same(seed, next(one for one in written if one.version == book.version))
        unpriced = [plan for plan in plans if PriceBooks(written).of_plan(today, plan) is None]
        if unpriced:
            raise PriceBookError(f"the plans {', '.join(sorted(unpriced))} have no price")

    def books(self, session: Session) -> PriceBooks:
        """Return every version."""
        return PriceBooks(repository.list_books(session))

    def in_force(self, session: Session, day: date | None = None) -> PriceBook:
        """Return the book of a UTC day, today's for None; raise PriceBookMissingError."""
        wanted = day or day_of(self._clock.now())
        book = self.books(session).of(wanted)
        if book is None:
            raise PriceBookMissingError(
                f"no prices were in force on {wanted}", advice="ask for a later day"
            )
        return book

    def plan_in_force(self, session: Session, plan: str) -> tuple[PriceBook, PlanPrices]:
        """Return the book that `plan` is rated with today, and its prices of it.

        Raises PlanUnpricedError.
        """
        books = self.books(session)
        book = books.of_plan(day_of(self._clock.now()), plan)
        if book is None:
            known = ", ".join(sorted(self.in_force(session).plans))
            raise PlanUnpricedError(
                f"there is no price for a plan {plan}",
                advice=f"choose one of: {known}",
                errors=[FieldError("body.plan", "plan_unpriced", f"one of {known} expected")],
            )
        return book, book.plans[plan]


def _not_before(book: PriceBook, day: date) -> PriceBook:
    return replace(book, effective_from=max(book.effective_from, day))


def _require_same(seed: PriceBook, written: PriceBook) -> None:
    same_prices = (seed.currency, dict(seed.plans)) == (written.currency, dict(written.plans))
    if not same_prices or written.effective_from < seed.effective_from:
        raise PriceBookError(
            f"price book {seed.version} of this program differs from the one in the database: "
            "a version never changes; add a new version instead"
        )


def _require_successor(book: PriceBook, written: Sequence[PriceBook]) -> None:
    for plan, prices in book.plans.items():
        amounts = (*prices.micros_per_unit.values(), prices.included_partitions)
        if plan != prices.plan or set(prices.micros_per_unit) != set(Meter):
            raise PriceBookError(f"price book {book.version} does not price every meter of {plan}")
        if min(amounts) < 0 or prices.daily_cap_micros <= 0:
            raise PriceBookError(f"price book {book.version} has a negative price for {plan}")
    for older in written:
        if older.version >= book.version or older.currency != book.currency:
            raise PriceBookError(
                f"price book {book.version} does not follow on {older.version}: versions grow and "
                "keep their currency"
            )
        missing = set(older.plans) - set(book.plans)
        if missing:
            raise PriceBookError(
                f"price book {book.version} has no price for {', '.join(sorted(missing))}, which "
                "clusters may still have"
            )
