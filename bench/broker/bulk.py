"""Large requests: writing in both shapes of batch, reading from the cache, readers at the tail."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench.broker.bars import Bar, at_least, at_most
from bench.broker.brokers import HEADRACE, KAFKA, Broker
from bench.broker.load import Consume, Produce, run
from bench.broker.rounds import Figures, alternate, ratio
from bench.broker.session import Session, say
from bench.broker.size import Size

SHAPES = {"100 x 1 KiB": (100, 1_024), "1000 x 100 B": (1_000, 100)}
"""Records of a batch, and bytes of each value."""

FETCH, TAIL = "fetch of 1 MiB", "1000 x 100 B, 3 readers at the tail"
CONNECTIONS, IN_FLIGHT = 2, 10
TAIL_READERS = 3
DEVICE_READ_SHARE_MAX = 0.01


def measure(session: Session) -> Figures:
    """Everything but the cold reader, which is in `stored`."""
    size, found = session.size, dict[str, Any]()
    for name, (records, value_bytes) in SHAPES.items():
        say(f"bulk, {name}")
        job = partial(_write, size, records, value_bytes)
        found[name] = alternate(f"bulk-{records}", session.variants, size.rounds, job)
    say(FETCH)
    found[FETCH] = alternate("fetch", session.variants, size.rounds, partial(_read, size))
    say(TAIL)
    found[TAIL] = alternate("tail", session.variants, size.rounds, partial(_tail, size))
    return found


def judge(found: Figures) -> list[Bar]:
    """Ours syncs before it acknowledges, Kafka does not."""
    bars: list[Bar] = []
    for name in SHAPES:
        ours, theirs = found[name][HEADRACE], found[name][KAFKA]
        costs = ratio(ours["cpu_seconds_per_gb"], theirs["cpu_seconds_per_gb"])
        bars += [
            at_least(f"{name}: MB/s, times Kafka unsynced", _ratio(ours, theirs, "produce"), 1.0),
            at_most(f"{name}: CPU a GB, times Kafka unsynced", costs, 0.5),
        ]
    ours, theirs = found[FETCH][HEADRACE], found[FETCH][KAFKA]
    costs = ratio(ours["cpu_seconds_per_gb"], theirs["cpu_seconds_per_gb"])
    tail = found[TAIL][HEADRACE]
    return [
        *bars,
        at_least(f"{FETCH}: MB/s, times Kafka", _ratio(ours, theirs, "consume"), 1.0),
        at_most(f"{FETCH}: CPU a GB, times Kafka", costs, 1.0),
        at_least(f"{TAIL}: MB/s in, times Kafka", _ratio(tail, found[TAIL][KAFKA], "produce"), 1.0),
        at_most(
            f"{TAIL}: bytes read from the device, of those that were consumed",
            tail["broker"]["device_read_bytes"] / max(tail["consume"]["bytes"], 1),
            DEVICE_READ_SHARE_MAX,
        ),
    ]


def _ratio(ours: Figures, theirs: Figures, flow: str) -> float:
    return ratio(ours[flow]["mb_per_second"], theirs[flow]["mb_per_second"])


def writing(
    topic: str, records: int, value_bytes: int, *, size_bytes: int | None = None
) -> Produce:
    """Bulk as every scenario here sends it."""
    return Produce(
        topic=topic,
        connections=CONNECTIONS,
        in_flight=IN_FLIGHT,
        records=records,
        value_bytes=value_bytes,
        bytes=size_bytes,
    )


def fill(broker: Broker, topic: str, size_bytes: int) -> Figures:
    """Put so many bytes of values into a topic."""
    produce = writing(topic, 100, 1_024, size_bytes=size_bytes)
    return run(broker, seconds=600, produce=produce)


def _write(size: Size, records: int, value_bytes: int, broker: Broker, topic: str) -> Figures:
    produce = writing(topic, records, value_bytes)
    return run(broker, seconds=size.seconds, warmup=size.warmup_seconds, produce=produce)


def _read(size: Size, broker: Broker, topic: str) -> Figures:
    fill(broker, topic, size.cached_bytes)
    consume = Consume(topic=topic)
    return run(broker, seconds=size.seconds, warmup=size.warmup_seconds, consume=consume)


def _tail(size: Size, broker: Broker, topic: str) -> Figures:
    return run(
        broker,
        seconds=size.seconds,
        warmup=size.warmup_seconds,
        produce=writing(topic, 1_000, 100),
        consume=Consume(topic=topic, connections=TAIL_READERS, at_end="wait"),
    )
