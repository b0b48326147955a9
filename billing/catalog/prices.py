"""What is counted, in which unit it is priced, and what a plan costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from billing.periods import DAY_SECONDS, HOUR_SECONDS

GIB = 2**30


class Meter(StrEnum):
    """What is counted of a cluster; quantities are integers in the base unit named beside it."""

    BASE = "base"  # seconds running
    NETWORK_WRITE = "network_write"  # bytes appended
    NETWORK_READ = "network_read"  # bytes sent to consumers
    STORAGE = "storage"  # byte-seconds kept
    PARTITION = "partition"  # partition-seconds beyond the included ones


@dataclass(frozen=True)
class Unit:
    """The unit a meter is priced in: its name, and how many base units it holds."""

    name: str
    size: int


UNITS: Mapping[Meter, Unit] = {
    Meter.BASE: Unit("hour", HOUR_SECONDS),
    Meter.NETWORK_WRITE: Unit("GB", GIB),
    Meter.NETWORK_READ: Unit("GB", GIB),
    Meter.STORAGE: Unit("GB-day", GIB * DAY_SECONDS),
    Meter.PARTITION: Unit("partition-hour", HOUR_SECONDS),
}
"""GB is 2^30 bytes, as it is on the bills of the services that Headrace is compared with."""

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

    `daily_cap_micros` bounds what one cluster may cost in one UTC day.
    """

    plan: str
    micros_per_unit: Mapping[Meter, int]
    included_partitions: int
    daily_cap_micros: int


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """A version of all prices; never changed once something was rated with it."""

    version: int
    currency: str
    plans: Mapping[str, PlanPrices]
