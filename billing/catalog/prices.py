"""What is counted, in which unit it is priced, and what a plan costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from billing.periods import DAY_SECONDS, HOUR_MS

GIB = 2**30


class Meter(StrEnum):
    """What is counted of a cluster; quantities are integers in the base unit named beside it."""

    BASE = "base"  # milliseconds running
    NETWORK_WRITE = "network_write"  # bytes appended
    NETWORK_READ = "network_read"  # bytes sent to consumers
    STORAGE = "storage"  # byte-seconds kept
    PARTITION = "partition"  # partition-milliseconds beyond the included ones


@dataclass(frozen=True)
class Unit:
    """The unit a meter is priced in, and how many base units (`base`) it holds."""

    name: str
    base: str
    size: int


UNITS: Mapping[Meter, Unit] = {
    Meter.BASE: Unit("hour", "millisecond", HOUR_MS),
    Meter.NETWORK_WRITE: Unit("GB", "byte", GIB),
    Meter.NETWORK_READ: Unit("GB", "byte", GIB),
    Meter.STORAGE: Unit("GB-day", "byte-second", GIB * DAY_SECONDS),
    Meter.PARTITION: Unit("partition-hour", "partition-millisecond", HOUR_MS),
}
"""GB is 2^30 bytes, as it is on the bills of the services that Headrace is compared with."""

CAP_UNIT = Unit("day", "day", 1)

LINE_TYPES: Mapping[Meter, str] = {
    Meter.BASE: "KAFKA_BASE",
    Meter.NETWORK_WRITE: "KAFKA_NETWORK_WRITE",
    Meter.NETWORK_READ: "KAFKA_NETWORK_READ",
    Meter.STORAGE: "KAFKA_STORAGE",
    Meter.PARTITION: "KAFKA_PARTITION",
}
"""Named as in Confluent's Costs API, where they mean the same."""

DAILY_CAP_LINE_TYPE = "KAFKA_DAILY_CAP"


@dataclass(frozen=True, kw_only=True)
class PlanPrices:
    """What one plan costs: micro-units of the book's currency for each unit of each meter.

    `included_partitions` are free for as long as the cluster runs. `daily_cap_micros` bounds what
    one cluster may cost in one UTC day.
    """

    plan: str
    micros_per_unit: Mapping[Meter, int]
    included_partitions: int
    daily_cap_micros: int


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """A version of all prices, in force from the UTC day `effective_from` on; never changed."""

    version: int
    currency: str
    effective_from: date
    plans: Mapping[str, PlanPrices]


@dataclass(frozen=True)
class PriceBooks:
    """Every version there is."""

    books: Sequence[PriceBook]

    def of(self, day: date) -> PriceBook | None:
        """The book of a UTC day: of those in force by then the one with the highest version."""
        in_force = [book for book in self.books if book.effective_from <= day]
        return max(in_force, key=lambda book: book.version, default=None)

    def of_plan(self, day: date, plan: str) -> PriceBook | None:
        """The book that a plan's usage of a UTC day is rated with.

        It is the book of the day; for a plan that came with a later version, the first that has it.
        """
        book = self.of(day)
        if book is not None and plan not in book.plans:
            later = [one for one in self.books if plan in one.plans and one.version > book.version]
            return min(later, key=lambda one: one.version, default=None)
        return book
