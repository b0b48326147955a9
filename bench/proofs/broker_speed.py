"""The broker beside Apache Kafka: synced before it is acknowledged, and no slower for it."""

from __future__ import annotations

from bench.broker.groups import judge, measure
from bench.broker.size import FULL
from bench.proofs.report import Finding
from tools.paths import BUILD


def prove_latency() -> Finding:
    """Small requests, alone and fifty in flight."""
    return _prove("latency")


def prove_bulk() -> Finding:
    """Both shapes of batch, fetching, readers at the tail."""
    return _prove("bulk")


def prove_partitions() -> Finding:
    """One to a thousand partitions, and what an idle one costs."""
    return _prove("partitions")


def prove_stored() -> Finding:
    """Growth, start and recovery on a large log, a cold reader; idle memory."""
    return _prove("resources", "stored")


def prove_memory() -> Finding:
    """What the broker holds after ten minutes of load."""
    return _prove("memory")


def _prove(*names: str) -> Finding:
    BUILD.mkdir(exist_ok=True)
    found = measure(list(names), FULL, BUILD)
    bars = judge(found)
    return Finding(
        figures=found,
        bar={bar.what: bar.as_json() for bar in bars},
        passed=bool(bars) and all(bar.kept for bar in bars),
        notes=["both brokers on the machine of the load, in alternating rounds; medians"],
    )
