"""The plans of a price book as the document that its row holds, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from billing.catalog.prices import PlanPrices

_PLANS = TypeAdapter(dict[str, PlanPrices])


def to_document(plans: Mapping[str, PlanPrices]) -> dict[str, Any]:
    """JSON of integers and names, in the order of plan names."""
    return _PLANS.dump_python({plan: plans[plan] for plan in sorted(plans)}, mode="json")


def from_document(document: Mapping[str, Any]) -> dict[str, PlanPrices]:
    """What `to_document` was given; raises pydantic's ValidationError for anything else."""
    return _PLANS.validate_python(document)
