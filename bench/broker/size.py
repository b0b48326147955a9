"""How long and how large measurements are."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Size:
    """The full run is the one that counts; the quick one shows that everything works."""

    name: str
    rounds: int
    seconds: float
    warmup_seconds: float
    stored_bytes: int
    """What is in the log when it is started again and read cold."""
    growth_bytes: int
    growth_step_bytes: int
    cached_bytes: int
    many_partitions: int
    idle_seconds: float
    java_records: int
    java_round_trips: int
    load_seconds: float
    """How long a broker is loaded before its memory is looked at."""


FULL = Size(
    name="full",
    rounds=3,
    seconds=4.0,
    warmup_seconds=1.0,
    stored_bytes=10 * GIB,
    growth_bytes=20 * GIB,
    growth_step_bytes=GIB,
    cached_bytes=GIB,
    many_partitions=1_000,
    idle_seconds=10.0,
    java_records=2_000_000,
    java_round_trips=5_000,
    load_seconds=600.0,
)

QUICK = Size(
    name="quick",
    rounds=1,
    seconds=1.0,
    warmup_seconds=0.3,
    stored_bytes=GIB // 2,
    growth_bytes=GIB,
    growth_step_bytes=GIB // 8,
    cached_bytes=GIB // 4,
    many_partitions=100,
    idle_seconds=2.0,
    java_records=100_000,
    java_round_trips=500,
    load_seconds=5.0,
)
