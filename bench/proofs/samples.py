"""Medians and percentiles of measured durations."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any


def summary_ms(seconds: Sequence[float]) -> dict[str, Any]:
    """Count, median, 95th percentile, least and most, in milliseconds."""
    ordered = sorted(seconds)
    assert ordered, "a summary of nothing proves nothing"
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    return {
        "count": len(ordered),
        "median_ms": round(statistics.median(ordered) * 1000, 2),
        "p95_ms": round(p95 * 1000, 2),
        "min_ms": round(ordered[0] * 1000, 2),
        "max_ms": round(ordered[-1] * 1000, 2),
    }
