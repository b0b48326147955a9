"""One partition, a hundred, a thousand: written in turn, and idle."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench.broker.bars import Bar, at_least, at_most
from bench.broker.brokers import HEADRACE, KAFKA, Broker, running
from bench.broker.load import Produce, run
from bench.broker.processes import at_rest
from bench.broker.rounds import Figures, alternate, ratio
from bench.broker.session import SEGMENTS, Session, say, scratch
from bench.broker.size import Size

CONNECTIONS, IN_FLIGHT = 10, 50
VALUE_BYTES = 100
IDLE = "an idle partition"
FLAT_MIN = 0.8
"""The part of the rate with one partition that is left with a thousand; below, it is not flat."""

IDLE_WAKEUPS_MAX = 1.0


def measure(session: Session) -> Figures:
    """One record of 100 bytes a request, 50 in flight, to the partitions in turn."""
    size, found = session.size, dict[str, Any]()
    for count in counts(size):
        say(f"{count} partitions in turn")
        job = partial(_write, size, count)
        found[_name(count)] = alternate(
            f"spread-{count}", session.variants, size.rounds, job, partitions=count
        )
    say(IDLE)
    found[IDLE] = {name: idle_cost(name, size) for name in (HEADRACE, KAFKA)}
    return found


def counts(size: Size) -> list[int]:
    return [1, size.many_partitions // 10, size.many_partitions]


def judge(found: Figures) -> list[Bar]:
    """Against Kafka unsynced, and against ourselves with one partition."""
    names = [name for name in found if name != IDLE]
    rates = {name: _rate(found[name][HEADRACE]) for name in names}
    few, many = names[0], names[-1]
    return [
        *(
            at_least(
                f"{name}: rate, times Kafka unsynced",
                ratio(rates[name], _rate(found[name][KAFKA])),
                1.0,
            )
            for name in names[1:]
        ),
        at_least(f"{many}: rate, times that with one", ratio(rates[many], rates[few]), FLAT_MIN),
        at_most(
            f"wakeups a second with {many} idle",
            found[IDLE][HEADRACE]["wakeups_per_second"],
            IDLE_WAKEUPS_MAX,
        ),
    ]


def idle_cost(name: str, size: Size) -> Figures:
    """Memory and wakeups of a fresh broker, before and after it has many partitions."""
    with scratch() as directory, running(name, directory) as broker:
        before = at_rest(broker.pid, size.idle_seconds)
        with broker.connect() as connection:
            connection.create_topic("idle", size.many_partitions, SEGMENTS)
            connection.await_topic("idle", size.many_partitions)
        after = at_rest(broker.pid, size.idle_seconds)
    added = after.resident_bytes - before.resident_bytes
    return {
        "partitions": size.many_partitions,
        "bytes_per_partition": round(added / size.many_partitions),
        "wakeups_per_second": after.wakeups_per_second,
        "cpu_share": after.cpu_share,
        "empty": before.as_json(),
    }


def _write(size: Size, count: int, broker: Broker, topic: str) -> Figures:
    def job(size_bytes: int | None = None) -> Produce:
        return Produce(
            topic=topic,
            partitions=count,
            connections=CONNECTIONS,
            in_flight=IN_FLIGHT,
            records=1,
            value_bytes=VALUE_BYTES,
            bytes=size_bytes,
        )

    # The first record of a partition makes its files, which is not what is measured.
    run(broker, seconds=120, produce=job(3 * count * VALUE_BYTES))
    return run(broker, seconds=size.seconds, warmup=size.warmup_seconds, produce=job())


def _name(count: int) -> str:
    return f"{count} partitions"


def _rate(variant: Figures) -> float:
    return variant["produce"]["requests_per_second"]
