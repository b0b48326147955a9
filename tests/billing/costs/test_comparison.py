"""The promise to undercut other services at every size, held against their list prices."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

import pytest

from bench.price_comparison import LOADS, OFFERS, QUOTED, Load, our_price, table
from billing.catalog.prices import PriceBook
from billing.catalog.seeds import SEEDS
from control_plane.clusters.plans import CATALOGUE
from tools.paths import ROOT

# What a customer of a plan would otherwise take: the plans with a base price compete with others
# that have one, the entries of two services with dev.
ENTRIES = {"Confluent Basic", "Aiven Developer"}
PEERS = {
    "dev": set(OFFERS),
    "standard": set(OFFERS) - ENTRIES,
    "pro": set(OFFERS) - ENTRIES,
    "ha": set(OFFERS) - ENTRIES,
}


def assert_undercuts(ours: Fraction | None, load: Load, offers: Collection[str]) -> None:
    """Less than every offer that takes the load; nobody undercuts nothing."""
    if ours is None:
        return
    for name in offers:
        theirs = OFFERS[name].price(load)
        if theirs is not None:
            assert ours < theirs or ours == theirs == 0, (name, float(ours), float(theirs))


@pytest.mark.parametrize("book", SEEDS, ids=lambda book: f"version {book.version}")
class TestAgainstOthers:
    @pytest.mark.parametrize("name", LOADS)
    def test_the_cheapest_plan_that_fits_undercuts_every_offer(
        self, book: PriceBook, name: str
    ) -> None:
        found = [our_price(book, plan, LOADS[name]) for plan in book.plans]
        fitting = [price for price in found if price is not None]
        assert fitting, "no plan takes it"
        assert_undercuts(min(fitting), LOADS[name], OFFERS)

    @pytest.mark.parametrize("name", LOADS)
    def test_every_plan_undercuts_its_peers(self, book: PriceBook, name: str) -> None:
        for plan in book.plans:
            assert_undercuts(our_price(book, plan, LOADS[name]), LOADS[name], PEERS[plan])

    @pytest.mark.parametrize("name", QUOTED)
    def test_the_quoted_days_are_undercut(self, book: PriceBook, name: str) -> None:
        for plan in book.plans:
            peers = PEERS[plan]
            ours = our_price(book, plan, LOADS[name])
            assert ours is not None
            for peer in QUOTED[name].keys() & peers:
                assert ours < Fraction(QUOTED[name][peer]), peer

    def test_the_small_day_costs_six_cents_on_dev(self, book: PriceBook) -> None:
        assert our_price(book, "dev", LOADS["small"]) == Fraction("0.06")


@pytest.mark.parametrize("name", ["Confluent Basic", "MSK Provisioned", "Redpanda Serverless"])
def test_the_models_of_others_agree_with_what_is_quoted(name: str) -> None:
    modelled = OFFERS[name].price(LOADS["small"])
    assert modelled is not None
    assert abs(modelled - Fraction(QUOTED["small"][name])) < Fraction("0.1")


def test_every_plan_has_peers() -> None:
    assert set(PEERS) == set(CATALOGUE) == set(SEEDS[-1].plans)


def test_the_printed_table_is_the_documented_one() -> None:
    page = (ROOT / "docs" / "pricing.md").read_text(encoding="utf-8")
    assert table(SEEDS[-1]) in page, "run: python -m bench.price_comparison"
