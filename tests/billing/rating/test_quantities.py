from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.catalog.prices import GIB, UNITS, Meter, Unit
from billing.rating.quantities import quantity_text


@pytest.mark.parametrize(
    ("quantity", "meter", "text"),
    [
        (0, Meter.NETWORK_WRITE, "0"),
        (GIB, Meter.NETWORK_WRITE, "1"),
        (3 * GIB // 2, Meter.NETWORK_READ, "1.5"),
        (1, Meter.NETWORK_READ, "0.000000001"),
        (100 * 3_600_000, Meter.PARTITION, "100"),
        (60_000, Meter.BASE, "0.016666667"),
    ],
)
def test_reads_as_a_decimal_of_the_unit(quantity: int, meter: Meter, text: str) -> None:
    assert quantity_text(quantity, UNITS[meter]) == text


@given(st.integers(0, 2**80), st.sampled_from(list(UNITS.values())))
def test_is_never_further_off_than_half_of_the_last_place(quantity: int, unit: Unit) -> None:
    shown = Fraction(Decimal(quantity_text(quantity, unit)))
    assert abs(shown - Fraction(quantity, unit.size)) <= Fraction(1, 2 * 10**9)
