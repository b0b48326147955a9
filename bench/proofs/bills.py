"""Bills by arithmetic of their own: what proofs hold billing's answers against. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

GB = 2**30
UNIT_SIZES = {
    "KAFKA_BASE": 3_600_000,
    "KAFKA_NETWORK_WRITE": GB,
    "KAFKA_NETWORK_READ": GB,
    "KAFKA_STORAGE": GB * 86_400,
    "KAFKA_PARTITION": 3_600_000,
}
CAP = "KAFKA_DAILY_CAP"

Key = tuple[str, str, str]
"""Day, cluster id and line type."""

Bill = Mapping[Key, tuple[int, int]]
"""Base units and millionths of a USD."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A usage window as the collector took it from the broker."""

    cluster_id: str
    started_ms: int
    ended_ms: int
    running_ms: int
    bytes_in: int
    bytes_out: int
    stored_bytes: int
    partitions: int


@dataclass(frozen=True, kw_only=True)
class Prices:
    """A plan's prices in millionths, by line type."""

    micros: Mapping[str, int]
    included_partitions: int
    cap_micros: int


def day_of(window: Window) -> str:
    return datetime.fromtimestamp(window.started_ms // 1000, UTC).date().isoformat()


def recompute(
    windows: Sequence[Window], plans: Mapping[str, str], prices: Mapping[str, Prices]
) -> dict[Key, tuple[int, int]]:
    """The bill by this file's own arithmetic."""
    groups: dict[tuple[str, str], list[Window]] = defaultdict(list)
    for window in windows:
        groups[day_of(window), window.cluster_id].append(window)
    bill: dict[Key, tuple[int, int]] = {}
    for (day, cluster_id), found in groups.items():
        price = prices[plans[cluster_id]]
        total = 0
        for line_type, quantity in quantities(found, price.included_partitions).items():
            if quantity:
                exact = Fraction(quantity * price.micros[line_type], UNIT_SIZES[line_type])
                amount = int(exact + Fraction(1, 2))
                bill[day, cluster_id, line_type] = (quantity, amount)
                total += amount
        if total > price.cap_micros:
            bill[day, cluster_id, CAP] = (1, price.cap_micros - total)
    return bill


def quantities(windows: Sequence[Window], included_partitions: int) -> dict[str, int]:
    """Base units of one cluster's day."""
    beyond: dict[int, int] = defaultdict(int)
    for window in windows:
        hour = window.started_ms // 3_600_000
        beyond[hour] += (window.partitions - included_partitions) * window.running_ms
    return {
        "KAFKA_BASE": sum(window.running_ms for window in windows),
        "KAFKA_NETWORK_WRITE": sum(window.bytes_in for window in windows),
        "KAFKA_NETWORK_READ": sum(window.bytes_out for window in windows),
        "KAFKA_STORAGE": sum(
            window.stored_bytes * (window.ended_ms - window.started_ms) // 1000
            for window in windows
        ),
        "KAFKA_PARTITION": sum(max(0, hour) for hour in beyond.values()),
    }


def differences(expected: Bill, found: Bill) -> list[Key]:
    """The lines that are not the same in both."""
    return sorted(
        key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)
    )


def micros(text: str) -> int:
    exact = Fraction(text) * 1_000_000
    assert exact.denominator == 1, f"{text} is finer than a millionth"
    return exact.numerator
