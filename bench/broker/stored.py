"""A log that has grown: its growth, starting on it, recovering it, and reading it cold."""

from __future__ import annotations

import os
import statistics
import threading
import time
from pathlib import Path
from typing import Any

from bench import kafka_wire as wire
from bench.broker.bars import Bar, at_least, at_most
from bench.broker.brokers import HEADRACE, KAFKA, Broker, running, settle, start
from bench.broker.bulk import fill, writing
from bench.broker.load import Consume, Produce, run
from bench.broker.rounds import Figures, ratio
from bench.broker.session import SEGMENTS, say, scratch
from bench.broker.size import GIB, Size
from bench.kafka_client import produce_when_ready

GROWTH, START, CRASH, COLD = "growth", "clean start", "start after kill -9", "cold reader"
TOPIC, BESIDE = "stored", "beside"
FLAT_MIN = 0.8
"""The part of a fresh broker's rate that one which has grown keeps; below, it is not flat."""

FLAT_ROUNDS = 3

START_MS_MAX = 20.0
CRASH_SECONDS_MAX = 2.0
COLD_P99_RATIO_MAX = 2.0
KILLED_AFTER_SECONDS = 1.0
STEADY = Produce(
    topic=BESIDE, connections=4, in_flight=64, records=1, value_bytes=100, rate=1_000.0
)
"""A producer whose latency is watched: a thousand small requests a second, whatever is answered."""


def measure(size: Size, root: Path | None = None) -> Figures:
    """Each broker alone, ours first with the larger log."""
    return {name: _one(name, size, root) for name in (HEADRACE, KAFKA)}


def judge(found: Figures) -> list[Bar]:
    ours = found[HEADRACE]
    return [
        at_least(
            f"growth to {ours[GROWTH]['gib']} GiB: MB/s, times a fresh broker's in alternation",
            ours[GROWTH]["times_fresh"],
            FLAT_MIN,
        ),
        at_most(
            f"{START} on {ours['stored_gib']} GiB: ms to the first answer",
            ours[START]["answer_seconds"] * 1_000,
            START_MS_MAX,
        ),
        at_most(
            f"{CRASH} on {ours['stored_gib']} GiB: seconds to the first acknowledged record",
            ours[CRASH]["produce_seconds"],
            CRASH_SECONDS_MAX,
        ),
        at_most(
            f"{COLD}: a producer's p99, times that without",
            ours[COLD]["p99_ratio"],
            COLD_P99_RATIO_MAX,
        ),
    ]


def _one(name: str, size: Size, root: Path | None) -> Figures:
    with scratch(root) as directory:
        broker = start(name, directory)
        try:
            _create_topics(broker)
            wanted = size.growth_bytes if name == HEADRACE else size.stored_bytes
            say(f"{name}: {wanted / GIB:.1f} GiB")
            stored = wanted + FLAT_ROUNDS * size.growth_step_bytes
            found: Figures = {"stored_gib": round(stored / GIB, 2)}
            found[GROWTH] = _grow(broker, wanted, size.growth_step_bytes, root)
            broker.stop()
            say(f"{name}: {START}")
            broker, found[START] = _start_again(broker)
            say(f"{name}: {CRASH}")
            _kill_under_load(broker)
            broker, found[CRASH] = _start_again(broker)
            say(f"{name}: {COLD}")
            found[COLD] = _cold(broker, size)
        finally:
            if broker.process.poll() is None:
                broker.stop()
    return found


def _create_topics(broker: Broker) -> None:
    with broker.connect() as connection:
        for topic in (TOPIC, BESIDE):
            connection.create_topic(topic, 1, SEGMENTS)
            connection.await_topic(topic)


def _grow(broker: Broker, wanted: int, step: int, root: Path | None) -> Figures:
    rates = [_fill(broker, step) for _ in range(max(wanted // step, 1))]
    grown, fresh = _beside_fresh(broker, step, root)
    return {
        "gib": round(wanted / GIB, 2),
        "step_gib": round(step / GIB, 3),
        "mb_per_second": rates,
        "grown_mb_per_second": grown,
        "fresh_mb_per_second": fresh,
        "times_fresh": ratio(statistics.median(grown), statistics.median(fresh)),
    }


def _beside_fresh(broker: Broker, step: int, root: Path | None) -> tuple[list[float], list[float]]:
    """MB/s of a broker that has grown, and of one that has not, in turns.

    What a shared disk gives changes by the minute: rates of one time say nothing about another's.
    """
    grown, fresh = list[float](), list[float]()
    with scratch(root) as directory, running(broker.name, directory) as other:
        _create_topics(other)
        for number in range(FLAT_ROUNDS):
            pair = [(broker, grown), (other, fresh)]
            for each, rates in pair if number % 2 == 0 else reversed(pair):
                settle()
                rates.append(_fill(each, step))
    return grown, fresh


def _fill(broker: Broker, size_bytes: int) -> float:
    rate: float = fill(broker, TOPIC, size_bytes)["produce"]["mb_per_second"]
    return rate


def _start_again(broker: Broker) -> tuple[Broker, Figures]:
    settle()
    started = time.monotonic()
    again = start(broker.name, broker.directory)
    records = wire.batch([b"after"], wire.NOBODY, -1, int(time.time() * 1_000))
    appended = produce_when_ready(again.port, TOPIC, 0, records)
    return again, {
        "answer_seconds": round(again.start_seconds, 4),
        "produce_seconds": round(appended.at - started, 4),
    }


def _kill_under_load(broker: Broker) -> None:
    writer = threading.Thread(target=_write_until_killed, args=(broker,))
    writer.start()
    time.sleep(KILLED_AFTER_SECONDS)
    broker.kill()
    writer.join()


def _write_until_killed(broker: Broker) -> None:
    try:
        run(broker, seconds=60, produce=writing(TOPIC, 100, 1_024))
    except RuntimeError:
        return  # its connections broke, as they must
    raise AssertionError("the load outlived its broker")


def _cold(broker: Broker, size: Size) -> Figures:
    alone = run(broker, seconds=size.seconds, warmup=size.warmup_seconds, produce=STEADY)["produce"]
    settle()
    _forget(broker.directory)
    most = size.stored_bytes
    beside = run(
        broker,
        seconds=120,
        produce=STEADY,
        consume=Consume(topic=TOPIC, at_end="wait", bytes=most),
    )
    return {
        "alone": alone,
        "beside": beside["produce"],
        "read": beside["consume"],
        "device_read_bytes": beside["broker"]["device_read_bytes"],
        "p99_ratio": ratio(beside["produce"]["p99_us"], alone["p99_us"]),
    }


def _forget(directory: Path) -> None:
    """Have the page cache drop what it holds of files; what is dirty stays."""
    for path in directory.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def figures_of(found: dict[str, Any]) -> list[float]:
    """MB/s of each step of our growth, for the plot."""
    return found[HEADRACE][GROWTH]["mb_per_second"]
