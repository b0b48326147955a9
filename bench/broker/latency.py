"""Small requests: one alone, and fifty in flight."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path
from typing import Any

from bench.broker.bars import Bar, at_least, at_most
from bench.broker.brokers import HEADRACE, KAFKA, Broker
from bench.broker.load import Produce, run
from bench.broker.rounds import Figures, alternate, ratio
from bench.broker.session import KAFKA_SYNCED, Session, say
from bench.broker.size import Size

VALUE_BYTES = 100
ALONE, FIFTY = "1 in flight", "50 in flight"
PROBE_WRITES = 500
PROBE_BYTES = 170
IN_FLIGHT = {ALONE: (1, 1), FIFTY: (10, 50)}
"""Connections, and unanswered requests of all of them."""


def measure(session: Session) -> Figures:
    """Requests with one record of 100 bytes."""
    found: dict[str, Any] = {}
    for name, (connections, in_flight) in IN_FLIGHT.items():
        say(f"one record of {VALUE_BYTES} bytes, {name}")
        before = fdatasync_us(session.directory)
        found[name] = alternate(
            f"small-{in_flight}",
            session.synced,
            session.size.rounds,
            _job(session.size, connections, in_flight),
        )
        found[name]["fdatasync_us"] = round(
            statistics.median([before, fdatasync_us(session.directory)]), 1
        )
    return found


def judge(found: Figures) -> list[Bar]:
    """As the issue of the storage engine asks: beside Kafka unsynced, and synced as we are."""
    alone, fifty = found[ALONE], found[FIFTY]
    rates = {name: _rate(fifty[name]) for name in (HEADRACE, KAFKA, KAFKA_SYNCED)}
    own, theirs = fifty[HEADRACE]["produce"], fifty[KAFKA]["produce"]
    syncs = alone[HEADRACE]["produce"]["p50_us"] / alone["fdatasync_us"]
    return [
        at_least(f"{FIFTY}: rate, times Kafka unsynced", ratio(rates[HEADRACE], rates[KAFKA]), 1.0),
        at_most(f"{FIFTY}: p99, times Kafka unsynced", ratio(own["p99_us"], theirs["p99_us"]), 1.0),
        at_least(
            f"{ALONE}: rate, times Kafka synced",
            ratio(_rate(alone[HEADRACE]), _rate(alone[KAFKA_SYNCED])),
            2.0,
        ),
        at_most(f"{ALONE}: p50, times one fdatasync", syncs, 1.3),
        at_least(
            f"{FIFTY}: rate, times Kafka synced", ratio(rates[HEADRACE], rates[KAFKA_SYNCED]), 20.0
        ),
    ]


def fdatasync_us(directory: Path) -> float:
    """The median cost of making a small append to a growing file durable, in microseconds."""
    path = directory / "fdatasync-probe"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        costs: list[float] = []
        for _ in range(PROBE_WRITES):
            started = time.perf_counter()
            os.write(descriptor, b"x" * PROBE_BYTES)
            os.fdatasync(descriptor)
            costs.append(time.perf_counter() - started)
    finally:
        os.close(descriptor)
        path.unlink()
    return round(statistics.median(costs) * 1e6, 1)


def _rate(variant: Figures) -> float:
    return variant["produce"]["requests_per_second"]


def _job(size: Size, connections: int, in_flight: int):  # noqa: ANN202  the closure's type is Measure
    def job(broker: Broker, topic: str) -> Figures:
        produce = Produce(
            topic=topic,
            connections=connections,
            in_flight=in_flight,
            records=1,
            value_bytes=VALUE_BYTES,
        )
        return run(broker, seconds=size.seconds, warmup=size.warmup_seconds, produce=produce)

    return job
