"""A failing disk: one sync that fails, and the two sequences by which retries lie.

After a failed sync nothing may be acknowledged that no later sync made durable, and a retry that
finds its batch already in the log may be acknowledged only once that batch is durable: the page
cache holds what a power cut takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import kafka_wire as wire
from bench.durability import brokers
from bench.durability.outcome import Outcome
from bench.durability.volumes import MAKERS, Volume, volume
from bench.kafka_client import RefusedError, produce_when_ready
from bench.proofs import strace_log
from bench.proofs.ack_after_sync import CALLS, CONNECTIONS, RECORDS_EACH, TOPIC
from bench.proofs.produce_frames import marker, produce_frame
from tools.paths import BROKER_BINARY

EXIT_STORAGE = 3
"""The status with which a broker ends whose disk has failed."""

SLOW_SYNCS = ("-e", f"trace={brokers.SYNCS}", "-e", f"inject={brokers.SYNCS}:delay_enter=60000000")
"""Syncs that begin in a minute, so that a kill comes before them."""

WAIT_SECONDS_MAX = 20.0
POLL_SECONDS = 0.005
RECORD = b"sent twice, acknowledged once"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What one failing sync led to; records."""

    failed_syncs: int
    acknowledged: int
    too_early: int
    """Acknowledged without a sync that succeeded after the record was written."""
    lost: int
    exit_status: int


def sweep(
    *, failures: int, sequences: int, root: Path, control_binary: Path | None = None
) -> Outcome:
    """Failing syncs at growing places, and each sequence so many times on each file system."""
    failed = [fail_once(root, BROKER_BINARY, place) for place in range(1, 1 + failures)]
    tricks = {
        f"{name}, {kind}": repeat(trick, kind, sequences, root)
        for kind in MAKERS
        for name, trick in SEQUENCES.items()
    }
    control: dict[str, int] = {
        "lost_by_syncs_that_lie": repeat(killed_before_sync, "ext4", 1, root, lying=True)["lost"]
    }
    if control_binary:
        control["too_early_by_build"] = fail_once(root, control_binary, 1).too_early
    lost = sum(each.lost for each in failed) + sum(each["lost"] for each in tricks.values())
    figures = {
        "failed_syncs": sum(each.failed_syncs for each in failed),
        "acknowledged": sum(each.acknowledged for each in failed),
        "acknowledged_after_failed_sync": sum(each.too_early for each in failed),
        "ended_with_status_3": sum(each.exit_status == EXIT_STORAGE for each in failed),
        "lost": lost,
        "sequences": tricks,
    }
    # A batch that had not arrived before the broker ended shows nothing.
    met_all = all(each["in_the_log_before_the_retry"] == each["times"] for each in tricks.values())
    hit_all = all(each.failed_syncs == 1 and each.exit_status == EXIT_STORAGE for each in failed)
    return Outcome(
        figures=figures,
        control=control,
        passed=hit_all and met_all and figures["acknowledged_after_failed_sync"] == 0 and lost == 0,
        control_red=all(count > 0 for count in control.values()),
    )


def fail_once(root: Path, binary: Path, place: int) -> Failure:
    """The sync at a place of its thread fails under eight producers."""
    with tempfile.TemporaryDirectory(dir=root) as name:
        directory = Path(name)
        trace, log, data = directory / "trace", directory / "log", directory / "data"
        options = ["-yy", "-xx", "-s", "4096", "-e", f"trace={CALLS}"]
        options += ["-e", f"inject=fdatasync,fsync:error=EIO:when={place}"]
        broker = brokers.start(data, log, binary=binary)
        with broker.connect() as connection:
            connection.create_topic(TOPIC)
        strace = brokers.attach(broker, options, trace)
        acknowledged = asyncio.run(_produce_until_gone(broker.port))
        status = _ended(broker)
        strace.wait(WAIT_SECONDS_MAX)
        calls = strace_log.parse(trace.read_text(encoding="utf-8", errors="replace"))
        again = brokers.start(data, log)
        with again.connect() as connection:
            found = {record.value for record in connection.read_all(TOPIC, 0) if record.sound}
        again.kill()
    early = [each for each in acknowledged if not strace_log.synced_before_answer(calls, each)]
    return Failure(
        failed_syncs=sum(call.name in {"fdatasync", "fsync"} and call.failed for call in calls),
        acknowledged=len(acknowledged),
        too_early=len(early),
        lost=sum(marker(each) not in found for each in acknowledged),
        exit_status=status,
    )


async def _produce_until_gone(port: int) -> list[int]:
    """Correlation ids of all that was acknowledged before the broker went away."""
    acknowledged: list[int] = []
    await asyncio.gather(*(_produce(port, number, acknowledged) for number in range(CONNECTIONS)))
    return acknowledged


async def _produce(port: int, number: int, acknowledged: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for index in range(RECORDS_EACH):
            correlation = 0x5A000000 + number * 0x10000 + index
            writer.write(produce_frame(correlation, TOPIC, marker(correlation)))
            length = int.from_bytes(await reader.readexactly(4))
            answer = wire.Answer(await reader.readexactly(length))
            answer.take(8)
            answer.text()
            answer.take(8)
            if answer.int16() == 0:
                acknowledged.append(correlation)
    except (OSError, EOFError):
        return  # the broker has ended, as it must
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _ended(broker: brokers.Broker) -> int:
    """The status with which the broker ends by itself; a broker that goes on is killed."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while broker.is_running and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if broker.is_running:
        broker.kill()
    return broker.process.returncode


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A volume with a topic, and a batch of an idempotent producer that is to be sent twice."""

    place: Volume
    log: Path
    batch: bytes

    @property
    def data(self) -> Path:
        return self.place.place / "data"


Sequence = Callable[[Stage], None]


def killed_before_sync(stage: Stage) -> None:
    """The broker is killed when the batch is written and its sync has not begun."""
    broker = _opened(stage)
    before = _log_bytes(stage)
    strace = brokers.attach(broker, SLOW_SYNCS)
    sender = _send(broker, stage.batch)
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while _log_bytes(stage) < before + len(stage.batch) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    broker.process.kill()
    # It would hold the call back for its whole minute.
    strace.kill()
    strace.wait(WAIT_SECONDS_MAX)
    broker.kill()
    sender.join(WAIT_SECONDS_MAX)


def sync_failed(stage: Stage) -> None:
    """The sync of the batch fails, and the broker ends because of it."""
    options = ["-e", f"trace={brokers.SYNCS}", "-e", f"inject={brokers.SYNCS}:error=EIO"]
    broker = _opened(stage)
    strace = brokers.attach(broker, options)
    sender = _send(broker, stage.batch)
    sender.join(WAIT_SECONDS_MAX)
    _ended(broker)
    strace.wait(WAIT_SECONDS_MAX)


def _opened(stage: Stage) -> brokers.Broker:
    """A broker that answers: its start, which syncs as well, is over."""
    broker = brokers.start(stage.data, stage.log)
    with broker.connect() as connection:
        connection.offset(TOPIC, 0, wire.LATEST)
    return broker


def _log_bytes(stage: Stage) -> int:
    return sum(path.stat().st_size for path in stage.data.glob("topics/*/*.log"))


SEQUENCES: Mapping[str, Sequence] = {
    "killed before the sync": killed_before_sync,
    "the sync failed": sync_failed,
}


def repeat(
    trick: Sequence, kind: str, times: int, root: Path, *, lying: bool = False
) -> dict[str, int]:
    """Count batches that are gone after a power cut though their retry was acknowledged."""
    lost = acknowledged = first_time = 0
    for _ in range(times):
        with tempfile.TemporaryDirectory(dir=root) as name, volume(kind, Path(name)) as place:
            log = Path(name) / "log"
            stage = Stage(place=place, log=log, batch=_prepare(place, log))
            trick(stage)
            options = brokers.LYING_SYNCS if lying else ()
            broker = brokers.start(stage.data, log, strace=options)
            with broker.connect() as connection:
                first_time += connection.offset(TOPIC, 0, wire.LATEST) > 1
            # Writes of a lie must not be helped by the system's own writing back.
            acknowledged += produce_when_ready(broker.port, TOPIC, 0, stage.batch).offset == 1
            place.cut_power()
            broker.kill()
            place.restart()
            lost += not _is_there(stage)
    return {
        "times": times,
        "in_the_log_before_the_retry": first_time,
        "acknowledged": acknowledged,
        "lost": lost,
    }


def _prepare(place: Volume, log: Path) -> bytes:
    """A topic with one durable record; then the batch to come."""
    broker = brokers.start(place.place / "data", log)
    with broker.connect() as connection:
        connection.create_topic(TOPIC)
        producer = connection.init_producer()
        now_ms = int(time.time() * 1_000)
        connection.produce(TOPIC, 0, wire.batch([b"durable"], producer, 0, now_ms))
    broker.stop()
    return wire.batch([RECORD + str(random.random()).encode()], producer, 1, now_ms)


def _send(broker: brokers.Broker, batch: bytes) -> threading.Thread:
    """Send the batch without waiting for an answer that may not come."""

    def ask() -> None:
        try:
            with broker.connect() as connection:
                connection.produce(TOPIC, 0, batch)
        except (OSError, RefusedError):
            return
        raise AssertionError("acknowledged without a sync")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def _is_there(stage: Stage) -> bool:
    """Whether the record can be read at its offset; a broker that does not start has lost it."""
    try:
        broker = brokers.start(stage.data, stage.log)
    except brokers.StartError:
        return False
    try:
        with broker.connect() as connection:
            read = connection.read_all(TOPIC, 0)
    except (RefusedError, wire.WireError):
        return False
    finally:
        broker.kill()
    return len(read) > 1 and read[1].sound and read[1].value.startswith(RECORD)
