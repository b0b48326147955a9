"""What a GB costs the broker in processor time, as customers send it: TLS, SCRAM, synced."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from bench.proofs.load import LINGER_MS, TOPIC, client_settings, read_all, write
from bench.proofs.report import Finding
from tools.running_service import RunningService, start_service

GIB = 2**30
PARTITIONS = 6
RECORDS = {100: 2_000_000, 1_024: 500_000, 10_240: 50_000}
"""Bytes of a record's value, and how many are sent."""

IDLE_SECONDS = 20

# If 0.0456 USD an hour, what the cheapest managed broker of docs/pricing.md costs, bought one core
# alone, these were a twenty-fifth of the lowest prices per GB written (0.005) and read (0.003).
SECONDS_PER_GB_IN_MAX = 16
SECONDS_PER_GB_OUT_MAX = 9
IDLE_SHARE_MAX = 0.01


def prove() -> Finding:
    """Write and read every size of record through a cluster of its own, and count seconds."""
    with tempfile.TemporaryDirectory() as directory, start_service(Path(directory)) as service:
        sizes = {
            str(size): one_size(service, f"bytes-{size}", size, count)
            for size, count in RECORDS.items()
        }
        idle = idle_share(service)
    usual = sizes["1024"]
    bar = {
        "cpu_seconds_per_gb_in_max": SECONDS_PER_GB_IN_MAX,
        "cpu_seconds_per_gb_out_max": SECONDS_PER_GB_OUT_MAX,
        "of_value_bytes": 1024,
        "idle_share_of_a_core_max": IDLE_SHARE_MAX,
    }
    return Finding(
        figures={"by_value_bytes": sizes, "idle_share_of_a_core": idle},
        bar=bar,
        passed=usual["cpu_seconds_per_gb_in"] <= SECONDS_PER_GB_IN_MAX
        and usual["cpu_seconds_per_gb_out"] <= SECONDS_PER_GB_OUT_MAX
        and idle <= IDLE_SHARE_MAX,
        notes=[
            "GB is 2^30 bytes of values; processor seconds are user and system of the broker alone",
            f"one confluent-kafka producer, idempotent, linger {LINGER_MS} ms, uncompressed",
            "one consumer without a group's commits; reading comes from the page cache over TLS",
        ],
    )


def one_size(service: RunningService, name: str, size: int, count: int) -> dict[str, Any]:
    """Processor seconds and rates of `count` values of `size` bytes, in and out."""
    cluster = service.command("cluster", "create", name, "--plan", "dev", "--wait")
    key = service.command("api-key", "create", "--cluster", cluster["id"])
    with service.http() as http:
        body = {"name": TOPIC, "partitions": PARTITIONS}
        http.post(f"/v1/clusters/{cluster['id']}/topics", json=body).raise_for_status()
    broker = service.broker(cluster["id"])
    settings = client_settings(cluster, key)
    written = spent(broker, lambda: write(settings, size, count), size * count)
    read = spent(broker, lambda: read_all(settings, count), size * count)
    resident = broker.memory_info().rss
    with service.http() as http:
        http.delete(f"/v1/clusters/{cluster['id']}").raise_for_status()
    return {
        "gb": round(size * count / GIB, 3),
        "cpu_seconds_per_gb_in": written["per_gb"],
        "mb_per_second_in": written["mb_per_second"],
        "cpu_seconds_per_gb_out": read["per_gb"],
        "mb_per_second_out": read["mb_per_second"],
        "resident_bytes_after": resident,
    }


def spent(broker: psutil.Process, work: Callable[[], None], size: int) -> dict[str, float]:
    """Processor seconds of the broker per GB, and MB (2^20) a second, over `work`."""
    before, started = processor_seconds(broker), time.perf_counter()
    work()
    used, seconds = processor_seconds(broker) - before, time.perf_counter() - started
    return {
        "per_gb": round(used * GIB / size, 2),
        "mb_per_second": round(size / 2**20 / seconds, 1),
    }


def idle_share(service: RunningService) -> float:
    """The part of one core that a cluster uses while nobody does anything with it."""
    cluster = service.command("cluster", "create", "idle", "--plan", "dev", "--wait")
    broker = service.broker(cluster["id"])
    before = processor_seconds(broker)
    time.sleep(IDLE_SECONDS)
    return round((processor_seconds(broker) - before) / IDLE_SECONDS, 4)


def processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
