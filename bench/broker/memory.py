"""What a broker holds: fresh, and after it worked for ten minutes."""

from __future__ import annotations

import time
from pathlib import Path

from bench.broker import processes
from bench.broker.bars import Bar, at_most
from bench.broker.brokers import HEADRACE, KAFKA, Broker, running
from bench.broker.bulk import FETCH, fill, writing
from bench.broker.load import Consume, Produce, run
from bench.broker.rounds import Figures
from bench.broker.session import SEGMENTS, say, scratch
from bench.broker.size import Size

MB = 1_000_000
IDLE_BYTES_MAX = 10 * MB
LOADED_BYTES_MAX = 64 * MB
IDLE_WAKEUPS_MAX = 1.0
PART_SECONDS = 15.0
KEPT_BYTES = 2 << 30


def at_rest(size: Size, root: Path | None = None) -> Figures:
    """Both brokers, fresh: start, memory and wakeups."""
    found: Figures = {}
    for name in (HEADRACE, KAFKA):
        say(f"{name} at rest")
        with scratch(root) as directory, running(name, directory) as broker:
            rest = processes.at_rest(broker.pid, size.idle_seconds)
            found[name] = {"start_seconds": round(broker.start_seconds, 4), **rest.as_json()}
    return found


def judge_rest(found: Figures) -> list[Bar]:
    ours = found[HEADRACE]
    return [
        at_most("idle: resident MB", ours["resident_bytes"] / MB, IDLE_BYTES_MAX / MB),
        at_most("idle: wakeups a second", ours["wakeups_per_second"], IDLE_WAKEUPS_MAX),
    ]


def after_load(size: Size, root: Path | None = None) -> Figures:
    """Ours under every kind of load in turn, for ten minutes in the full size."""
    with scratch(root) as directory, running(HEADRACE, directory) as broker:
        with broker.connect() as connection:
            # Retention removes what was written meanwhile, as on a cluster that runs for days.
            keep = {**SEGMENTS, "segment.bytes": str(256 << 20)}
            connection.create_topic("load", 1, {**keep, "retention.bytes": str(KEPT_BYTES)})
            connection.create_topic("small", 100, SEGMENTS)
        fill(broker, "load", 256 << 20)
        started, rounds, peak = time.monotonic(), 0, 0
        while (passed := time.monotonic() - started) < size.load_seconds:
            say(f"load for {size.load_seconds:.0f} s: {passed:.0f} s")
            part = min(PART_SECONDS, size.load_seconds / 3)
            peak = max(peak, *(_part(broker, part, kind) for kind in range(3)))
            rounds += 1
        rest = processes.at_rest(broker.pid, size.idle_seconds)
    return {
        "load_seconds": round(passed),
        "rounds": rounds,
        "peak_resident_bytes": peak,
        **rest.as_json(),
    }


def judge_load(found: Figures) -> list[Bar]:
    what = f"after {found['load_seconds']} s of load: resident MB"
    return [at_most(what, found["resident_bytes"] / MB, LOADED_BYTES_MAX / MB)]


def _part(broker: Broker, seconds: float, kind: int) -> int:
    """One kind of load; the most that the broker held so far."""
    small = Produce(
        topic="small", partitions=100, connections=50, in_flight=200, records=1, value_bytes=100
    )
    produce = (small, writing("load", 1_000, 100), None)[kind]
    consume = (None, Consume(topic="load", connections=3), Consume(topic="load"))[kind]
    if kind == 0:
        say(f"small requests, then bulk with readers, then {FETCH}")
    measured = run(broker, seconds=seconds, produce=produce, consume=consume)
    return int(measured["broker"]["resident_peak_bytes"])
