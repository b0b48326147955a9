"""Shares of a whole that add up to it: the largest-remainder (Hamilton) method."""

from __future__ import annotations

from collections.abc import Sequence


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Integer shares of `total` in proportion to non-negative weights; their sum is `total`.

    Every share is its exact part rounded down; what is left goes, one each, to the largest
    remainders, the earlier first among equals. With no weight at all everything falls to the first.
    """
    assert weights, "nothing to apportion to"
    assert all(weight >= 0 for weight in weights), "a weight is never negative"
    whole = sum(weights)
    if whole == 0:
        return [total, *([0] * (len(weights) - 1))]
    sign = -1 if total < 0 else 1
    parts = [divmod(abs(total) * weight, whole) for weight in weights]
    shares = [share for share, _ in parts]
    left = abs(total) - sum(shares)
    by_remainder = sorted(range(len(parts)), key=lambda index: (-parts[index][1], index))
    for index in by_remainder[:left]:
        shares[index] += 1
    return [sign * share for share in shares]
