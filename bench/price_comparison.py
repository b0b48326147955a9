"""Our prices beside those of other services, for loads of every size.

`python -m bench.price_comparison` prints the table of `docs/pricing.md`. The others' figures are
list prices in USD as their price pages gave them in 2026: what a day costs with nothing flowing,
and what each GB (2^30 bytes) in, out and kept for a month of 30 days and each partition adds. Of a
range the lowest is taken. Disks and machines that a customer pays apart are left out where no price
was found, in their favour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from billing.catalog.prices import GIB, PriceBook
from billing.catalog.seeds import SEEDS
from billing.costs.preview import DAYS_PER_MONTH, ExpectedUse, preview
from billing.money import MICROS_PER_UNIT
from control_plane.clusters.plans import CATALOGUE

ANY_DAY = date(2026, 11, 22)
MEGABYTE_A_SECOND = Fraction(86_400, 1024)
"""GB in a day."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """A steady day, in GB; `connections` are those open at once."""

    gb_in: Fraction
    gb_out: Fraction
    gb_kept: Fraction
    partitions: int
    connections: int = 10


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Another service's prices in USD, and the most GB a day that it takes."""

    per_day: str
    gb_in: str = "0"
    gb_out: str = "0"
    gb_month: str = "0"
    partition_day: str = "0"
    gb_in_max: Fraction | None = None
    gb_out_max: Fraction | None = None

    def price(self, load: Load) -> Fraction | None:
        """USD a day, None for a load that the service does not take."""
        if self.gb_in_max is not None and load.gb_in > self.gb_in_max:
            return None
        if self.gb_out_max is not None and load.gb_out > self.gb_out_max:
            return None
        return (
            Fraction(self.per_day)
            + load.gb_in * Fraction(self.gb_in)
            + load.gb_out * Fraction(self.gb_out)
            + load.gb_kept * Fraction(self.gb_month) / DAYS_PER_MONTH
            + load.partitions * Fraction(self.partition_day)
        )


def _load(
    gb_in: str | Fraction,
    gb_out: str | Fraction,
    gb_kept: str | Fraction,
    partitions: int,
    connections: int = 10,
) -> Load:
    return Load(
        gb_in=Fraction(gb_in),
        gb_out=Fraction(gb_out),
        gb_kept=Fraction(gb_kept),
        partitions=partitions,
        connections=connections,
    )


def _stream(
    megabytes_a_second: int, read: int, days_kept: int, partitions: int, connections: int = 10
) -> Load:
    """Written at a steady rate, read so many times, kept for so many days."""
    gb_in = megabytes_a_second * MEGABYTE_A_SECOND
    return _load(gb_in, gb_in * read, gb_in * days_kept, partitions, connections)


LOADS: Mapping[str, Load] = {
    "at rest": _load("0", "0", "0", 1),
    "tiny": _load("1/100", "1/100", "1/10", 6),
    "small": _load("1", "2", "10", 30),
    "survey": _load("263/30", "526/30", "60", 30),
    "1 MB/s": _stream(1, 3, 3, 100),
    "2 MB/s": _stream(2, 2, 3, 100),
    "3 MB/s": _stream(3, 2, 3, 200),
    "10 MB/s": _stream(10, 2, 3, 500),
    "50 MB/s": _stream(50, 2, 3, 1_000),
    "many clients": _load("100", "200", "300", 2_000, connections=1_500),
    "a whole broker": _stream(50, 3, 3, 4_000, connections=4_000),
}

OFFERS: Mapping[str, Offer] = {
    "Confluent Basic": Offer(per_day="0", gb_in="0.05", gb_out="0.05", gb_month="0.08"),
    "Confluent Standard": Offer(per_day="12.7", gb_in="0.035", gb_out="0.035", gb_month="0.03"),
    "Confluent Enterprise": Offer(per_day="29.4", gb_in="0.02", gb_out="0.02", gb_month="0.03"),
    "Confluent Freight": Offer(per_day="75.6", gb_in="0.014", gb_out="0.014", gb_month="0.03"),
    # Two brokers, each with a copy of everything on its disk.
    "MSK Provisioned": Offer(per_day="2.19", gb_month="0.20"),
    "MSK Serverless": Offer(
        per_day="18", gb_in="0.10", gb_out="0.05", gb_month="0.10", partition_day="0.036"
    ),
    "MSK Express": Offer(per_day="29.38", gb_in="0.01", gb_month="0.10"),
    "Aiven Developer": Offer(
        per_day="1.15", gb_in_max=MEGABYTE_A_SECOND, gb_out_max=2 * MEGABYTE_A_SECOND
    ),
    "Aiven Professional": Offer(per_day="7.73", gb_in="0.01", gb_out="0.03", gb_month="0.10"),
    "Redpanda Serverless": Offer(
        per_day="2.40", gb_in="0.045", gb_out="0.04", gb_month="0.09", partition_day="0.036"
    ),
    # The customer's own machines and object store come on top.
    "WarpStream Dev": Offer(per_day="3.31", gb_in="0.01", gb_month="0.01"),
}

QUOTED: Mapping[str, Mapping[str, str]] = {
    "small": {
        "Confluent Basic": "0.18",
        "Aiven Developer": "1.15",
        "MSK Provisioned": "2.26",
        "WarpStream Dev": "3.32",
        "Redpanda Serverless": "3.64",
        "Aiven Professional": "7.86",
        "MSK Serverless": "19.3",
    },
    "survey": {
        "Confluent Basic": "44/30",
        "Redpanda Serverless": "144/30",
        "Aiven Professional": "267/30",
        "MSK Provisioned": "477/30",
        "MSK Serverless": "639/30",
        "MSK Express": "902/30",
    },
    "1 MB/s": {"Aiven Professional": "620/30"},
}
"""What others worked out for a day of these loads, on machines that they thought fit."""


def our_price(book: PriceBook, plan: str, load: Load) -> Fraction | None:
    """USD a day on one of our plans, None for a load over its limits."""
    limits = CATALOGUE[plan].limits
    if load.connections > limits.connections_max or load.partitions > limits.partitions_max:
        return None
    use = ExpectedUse(
        partitions=load.partitions,
        bytes_in_per_day=int(load.gb_in * GIB),
        bytes_out_per_day=int(load.gb_out * GIB),
        bytes_stored=int(load.gb_kept * GIB),
    )
    return Fraction(preview(plan, book, use, ANY_DAY).day_micros, MICROS_PER_UNIT)


def table(book: PriceBook) -> str:
    """USD a day of every plan and offer for every load, as Markdown."""
    rows = {
        f"**Headrace {plan}**": [our_price(book, plan, load) for load in LOADS.values()]
        for plan in CATALOGUE
    }
    rows |= {name: [offer.price(load) for load in LOADS.values()] for name, offer in OFFERS.items()}
    lines = [
        f"| USD a day | {' | '.join(LOADS)} |",
        f"|---|{'---:|' * len(LOADS)}",
        *(f"| {name} | {' | '.join(map(_cell, prices))} |" for name, prices in rows.items()),
    ]
    return "\n".join(lines)


def _cell(price: Fraction | None) -> str:
    if price is None:
        return "-"
    return f"{float(price):.4f}" if 0 < price < Fraction(1, 100) else f"{float(price):.2f}"


if __name__ == "__main__":
    print(table(SEEDS[-1]))
