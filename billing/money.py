"""Exact money: integer micro-units of an ISO 4217 currency. No float comes near."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

MICROS_PER_UNIT = 1_000_000


class CurrencyMismatchError(Exception):
    """Amounts of two currencies cannot be added."""


@dataclass(frozen=True)
class Money:
    """An amount in millionths of a currency's unit; may be negative."""

    micros: int
    currency: str

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.micros + other.micros, self.currency)

    def __str__(self) -> str:
        return f"{micros_text(self.micros)} {self.currency}"


def micros_text(micros: int) -> str:
    """Micro-units as an exact decimal of the currency's unit, always with six places."""
    return f"{Decimal(micros).scaleb(-6):.6f}"


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts of one currency; zero of none. Raises CurrencyMismatchError."""
    return sum(amounts, Money(0, currency))


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves away from zero."""
    assert denominator > 0, "a price's unit is positive"
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude
