from __future__ import annotations

from decimal import Decimal

import msgspec

from headrace.models import Model


class Part(Model, frozen=True):
    quantity: Decimal


class Whole(Model, frozen=True):
    parts: list[Part]
    by_name: dict[str, Part]
    count: int


def test_small_quantities_are_written_without_an_exponent() -> None:
    part = {"quantity": "0.000000084"}
    whole = msgspec.convert(
        {"parts": [part], "by_name": {"one": part}, "count": 2}, Whole, strict=False
    )
    assert whole.parts[0].quantity == Decimal("8.4E-8")
    assert whole.as_dict() == {"parts": [part], "by_name": {"one": part}, "count": 2}
