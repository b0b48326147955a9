"""Whoever goes over its quota slows itself down, and not its neighbour.

Two users of one broker, which is one thread. The abuser has a producer quota and offers once as
much, then ten times as much, on ten connections; the victim sends one small record after the other.
Rounds alternate, so that what the machine does beside weighs on both alike. The control offers ten
times as much without a quota.
"""

from __future__ import annotations

import asyncio
import functools
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.proofs.abuse import Target, abused_broker
from bench.proofs.abuse_wire import create_topic, limit_producer, login, produce
from bench.proofs.produce_frames import batch
from bench.proofs.report import Finding

ROUNDS = 5
ROUND_SECONDS = 6.0
QUOTA_BYTES = 4 * 1024 * 1024
UNLIMITED_BYTES = 2.0**40
ABUSER_CONNECTIONS = 10
ABUSER_BATCH_BYTES = 64 * 1024
VICTIM, ABUSER = "hk_good", "hk_attacker"
VICTIM_ADDRESS, ABUSER_ADDRESS = "127.0.0.1", "127.1.0.1"
VICTIM_TOPIC, ABUSER_TOPIC = "quiet", "loud"

P99_RATIO_MAX = 1.5
THROUGHPUT_SHARE_MIN = 0.8
# A round has edges: what is under way at its end counts.
SHARE_OF_QUOTA_MAX = 1.2
# What a quota allows at once after a rest; a round begins when it is used up.
BURST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Round:
    """What the victim saw, and what the abuser got through."""

    p99_ms: float
    records_per_second: float
    abuser_bytes_per_second: float


def prove() -> Finding:
    """Five rounds at one time the quota and five at ten times, then some without a quota."""
    with (
        tempfile.TemporaryDirectory() as directory,
        abused_broker(Path(directory), {"connections_max": 500}) as target,
    ):
        calm, loud, unlimited = asyncio.run(_all_rounds(target))
    figures = _compare(calm, loud)
    control = _compare(calm, unlimited)
    kept = figures["abuser_share_of_quota"] <= SHARE_OF_QUOTA_MAX
    return Finding(
        figures={**figures, "negative_control": control},
        bar={
            "abuser_share_of_quota_max": SHARE_OF_QUOTA_MAX,
            "p99_ratio_max": P99_RATIO_MAX,
            "throughput_share_min": THROUGHPUT_SHARE_MIN,
        },
        passed=kept and _within(figures),
        control_red=control["abuser_share_of_quota"] > SHARE_OF_QUOTA_MAX,
    )


def _within(figures: dict[str, Any]) -> bool:
    return (
        figures["p99_ratio"] <= P99_RATIO_MAX
        and figures["throughput_share"] >= THROUGHPUT_SHARE_MIN
    )


def _compare(calm: list[Round], loud: list[Round]) -> dict[str, Any]:
    """Medians of rounds against each other."""

    def median(rounds: list[Round], name: str) -> float:
        return statistics.median(getattr(one, name) for one in rounds)

    return {
        "p99_ms_at_quota": round(median(calm, "p99_ms"), 2),
        "p99_ms": round(median(loud, "p99_ms"), 2),
        "p99_ratio": round(median(loud, "p99_ms") / median(calm, "p99_ms"), 3),
        "throughput_share": round(
            median(loud, "records_per_second") / median(calm, "records_per_second"), 3
        ),
        "abuser_share_of_quota": round(median(loud, "abuser_bytes_per_second") / QUOTA_BYTES, 3),
    }


async def _all_rounds(target: Target) -> tuple[list[Round], list[Round], list[Round]]:
    _loud_batch()
    keeper = await login(target.plain, VICTIM_ADDRESS, VICTIM)
    for topic in (VICTIM_TOPIC, ABUSER_TOPIC):
        await create_topic(keeper, topic, {"retention.bytes": str(64 * 1024 * 1024)})
    await limit_producer(keeper, ABUSER, QUOTA_BYTES)
    calm, loud = list[Round](), list[Round]()
    await _round(target, 10 * QUOTA_BYTES, BURST_SECONDS)
    for _ in range(ROUNDS):
        calm.append(await _round(target, QUOTA_BYTES, ROUND_SECONDS))
        loud.append(await _round(target, 10 * QUOTA_BYTES, ROUND_SECONDS))
    await limit_producer(keeper, ABUSER, UNLIMITED_BYTES)
    unlimited = [await _round(target, 10 * QUOTA_BYTES, ROUND_SECONDS) for _ in range(2)]
    keeper.writer.close()
    return calm, loud, unlimited


async def _round(target: Target, offered_bytes: float, seconds: float) -> Round:
    end = time.monotonic() + seconds
    share = offered_bytes / ABUSER_CONNECTIONS
    abusers = [_abuse(target, share, end) for _ in range(ABUSER_CONNECTIONS)]
    abusing = asyncio.gather(*abusers)
    latencies = await _be_quiet(target, end)
    sent = await abusing
    ordered = sorted(latencies)
    return Round(
        p99_ms=ordered[int(len(ordered) * 0.99)] * 1000,
        records_per_second=len(ordered) / seconds,
        abuser_bytes_per_second=sum(sent) / seconds,
    )


async def _be_quiet(target: Target, end: float) -> list[float]:
    """Send a record when the one before is acknowledged; how long each took."""
    wire = await login(target.plain, VICTIM_ADDRESS, VICTIM)
    records = batch(bytes(100))
    latencies = list[float]()
    while (started := time.monotonic()) < end:
        code = await produce(wire, VICTIM_TOPIC, records)
        assert code == 0, f"the victim was refused with {code}"
        latencies.append(time.monotonic() - started)
    wire.writer.close()
    return latencies


@functools.cache
def _loud_batch() -> bytes:
    """One large record; its checksum takes a while and is computed once."""
    return batch(bytes(ABUSER_BATCH_BYTES))


async def _abuse(target: Target, bytes_per_second: float, end: float) -> int:
    """Offer so much, as fast as the broker takes it; how much it took."""
    wire = await login(target.plain, ABUSER_ADDRESS, ABUSER)
    records = _loud_batch()
    sent, due = 0, time.monotonic()
    while time.monotonic() < end:
        try:
            async with asyncio.timeout_at(
                asyncio.get_running_loop().time() + end - time.monotonic()
            ):
                code = await produce(wire, ABUSER_TOPIC, records)
        except TimeoutError:
            break
        assert code == 0, f"the abuser was refused with {code}"
        sent += len(records)
        due += len(records) / bytes_per_second
        await asyncio.sleep(max(0.0, min(due, end) - time.monotonic()))
    wire.writer.close()
    return sent
