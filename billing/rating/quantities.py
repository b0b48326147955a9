"""Quantities as people read them: decimals of the unit that the price is for."""

from __future__ import annotations

from decimal import Decimal

from billing.catalog.prices import Unit
from billing.money import round_half_up

QUANTITY_PLACES = 9


def quantity_text(quantity: int, unit: Unit) -> str:
    """Base units in `unit`, rounded half away from zero to nine places, without trailing zeros.

    It is for reading alone: amounts are computed from the base units.
    """
    scaled = round_half_up(quantity * 10**QUANTITY_PLACES, unit.size)
    text = f"{Decimal(scaled).scaleb(-QUANTITY_PLACES):.{QUANTITY_PLACES}f}"
    return text.rstrip("0").rstrip(".")
