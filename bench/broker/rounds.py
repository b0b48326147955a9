"""Alternating rounds: the machine's other work must not fall on one broker alone."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.broker.brokers import Broker, settle

Figures = dict[str, Any]
Measure = Callable[[Broker, str], Figures]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A broker with settings of its topics, under the name by which results tell it."""

    name: str
    broker: Broker
    settings: Mapping[str, str]


def alternate(
    scenario: str,
    variants: Sequence[Variant],
    rounds: int,
    measure: Measure,
    partitions: int = 1,
) -> dict[str, Figures]:
    """Measure every variant once a round on a fresh topic; the medians of each variant."""
    found: dict[str, list[Figures]] = {variant.name: [] for variant in variants}
    for number in range(rounds):
        # Who comes first changes with every round.
        order = list(enumerate(variants))
        for index, variant in order if number % 2 == 0 else reversed(order):
            topic = f"{scenario}-{index}-{number}"
            with variant.broker.connect() as connection:
                connection.create_topic(topic, partitions, variant.settings)
                connection.await_topic(topic, partitions)
            settle()
            found[variant.name].append(measure(variant.broker, topic))
            with variant.broker.connect() as connection:
                connection.delete_topic(topic)
    return {name: medians(each) for name, each in found.items()}


def medians(rounds: Sequence[Figures]) -> Figures:
    """The median of every number of equally shaped figures, with the least and most of rates."""
    assert rounds, "a median of nothing proves nothing"
    out: Figures = {}
    for key, first in rounds[0].items():
        values = [each[key] for each in rounds]
        if isinstance(first, dict):
            out[key] = medians(values)
        elif isinstance(first, int | float):
            out[key] = round(statistics.median(values), 4)
        else:
            out[key] = first
    return out


def ratio(ours: float, theirs: float) -> float:
    """How many times as much, to three digits."""
    return round(ours / theirs, 3) if theirs else float("inf")
