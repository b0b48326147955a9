"""What a cluster used in a UTC day, hour by hour, and what of it is charged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billing.catalog.prices import Meter
from billing.periods import HOURS_PER_DAY


@dataclass(frozen=True, kw_only=True)
class HourQuantities:
    """Sums over the usage windows of one hour, in base units.

    `partition_ms` is partitions x milliseconds running, `stored_byte_seconds` bytes kept x seconds,
    each window's rounded down to whole byte-seconds.
    """

    bytes_in: int = 0
    bytes_out: int = 0
    stored_byte_seconds: int = 0
    running_ms: int = 0
    partition_ms: int = 0

    def __post_init__(self) -> None:
        assert self.bytes_in >= 0, "bytes_in is negative"
        assert self.bytes_out >= 0, "bytes_out is negative"
        assert self.stored_byte_seconds >= 0, "stored_byte_seconds is negative"
        assert self.running_ms >= 0, "running_ms is negative"
        assert self.partition_ms >= 0, "partition_ms is negative"


NOTHING = HourQuantities()


@dataclass(frozen=True, kw_only=True)
class DayUsage:
    """A cluster's 24 hours of one UTC day under one plan."""

    cluster_id: str
    day: date
    plan: str
    hours: Sequence[HourQuantities]

    def __post_init__(self) -> None:
        assert len(self.hours) == HOURS_PER_DAY, "a UTC day has 24 hours"


def charged(
    hours: Sequence[HourQuantities], included_partitions: int
) -> Mapping[Meter, Sequence[int]]:
    """Per meter the quantity of each hour, in base units.

    In every hour the included partitions are free for as long as the cluster ran in it; what some
    minutes leave over others of the same hour may use.
    """
    return {
        Meter.BASE: [hour.running_ms for hour in hours],
        Meter.NETWORK_WRITE: [hour.bytes_in for hour in hours],
        Meter.NETWORK_READ: [hour.bytes_out for hour in hours],
        Meter.STORAGE: [hour.stored_byte_seconds for hour in hours],
        Meter.PARTITION: [
            max(0, hour.partition_ms - included_partitions * hour.running_ms) for hour in hours
        ],
    }
