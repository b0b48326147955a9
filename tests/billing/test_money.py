from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import CurrencyMismatchError, Money, round_half_up, total


@given(st.integers(-(2**80), 2**80), st.integers(1, 2**60))
def test_rounding_is_to_the_nearest_and_symmetric(numerator: int, denominator: int) -> None:
    rounded = round_half_up(numerator, denominator)
    assert abs(Fraction(numerator, denominator) - rounded) <= Fraction(1, 2)
    assert round_half_up(-numerator, denominator) == -rounded


def test_halves_go_away_from_zero() -> None:
    assert [round_half_up(n, 2) for n in (-3, -1, 1, 3)] == [-2, -1, 1, 2]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatchError):
        total([Money(1, "USD"), Money(1, "EUR")], "USD")


def test_an_amount_reads_exactly() -> None:
    assert str(Money(-60_001, "USD")) == "-0.060001 USD"
