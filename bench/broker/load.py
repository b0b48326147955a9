"""Jobs of the load generator (`data_plane/broker/crates/load`) and what they measured."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.broker.brokers import Broker
from tools.paths import BROKER

BINARY = BROKER / "target" / "release" / "headrace-load"
GIB = 2**30
PER_REQUESTS = 100_000


@dataclass(frozen=True, kw_only=True)
class Produce:
    """What is written; see `job.rs`."""

    topic: str
    connections: int
    in_flight: int
    records: int
    value_bytes: int
    partitions: int = 1
    rate: float | None = None
    bytes: int | None = None
    timestamp_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Consume:
    """What is read; see `job.rs`."""

    topic: str
    connections: int = 1
    partitions: int = 1
    fetch_bytes: int = 1 << 20
    at_end: str = "rewind"
    bytes: int | None = None


@cache
def binary() -> Path:
    """The load generator, built once."""
    build = ["cargo", "build", "--release", "--locked", "--quiet", "--package", "headrace-load"]
    subprocess.run(build, cwd=BROKER, check=True)
    return BINARY


def run(
    broker: Broker,
    *,
    seconds: float,
    warmup: float = 0.0,
    produce: Produce | None = None,
    consume: Consume | None = None,
) -> dict[str, Any]:
    """Run one job against a broker; the figures, with the cost of a GiB and of 100,000 requests."""
    job = {
        "address": f"127.0.0.1:{broker.port}",
        "pid": broker.pid,
        "seconds": seconds,
        "warmup_seconds": warmup,
        "produce": asdict(produce) if produce else None,
        "consume": asdict(consume) if consume else None,
    }
    done = subprocess.run(
        [str(binary()), json.dumps(job)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"load on {broker.name}: {done.stderr.strip()}")
    measured: dict[str, Any] = json.loads(done.stdout)
    flows = [flow for flow in (measured["produce"], measured["consume"]) if flow]
    cpu = measured["broker"]["cpu_seconds"]
    moved = sum(flow["bytes"] for flow in flows)
    requests = sum(flow["requests"] for flow in flows)
    measured["cpu_seconds_per_gb"] = round(cpu * GIB / moved, 3) if moved else None
    measured["cpu_seconds_per_100k_requests"] = round(cpu * PER_REQUESTS / requests, 2)
    return measured
