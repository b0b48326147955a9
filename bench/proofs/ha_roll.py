"""A rolling restart is noticed by no client that keeps its default retries.

Idempotent producers with ``acks=all`` and a consumer group go on while the engine restarts the
three brokers of a cluster one after the other, round after round. Every error that a client reports
of a record or of its group counts; then every record is read.

The control ends two brokers at once, as nobody should, with producers that wait no longer than a
few seconds: records of theirs fail.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from bench.proofs.ha_kill import (
    PARTITIONS,
    PRODUCERS,
    Load,
    admin_of,
    await_acknowledgements,
    create_topic,
    judged,
    longest_gap,
    read_all,
    settle,
)
from bench.proofs.report import Finding
from tests.control_plane.provisioning.kafka_cluster import SPEC, Kafka, Options, kafka_installation
from tests.control_plane.provisioning.native_cluster import CLUSTER, Key, credentials

ROUNDS = 5
CONTROL_SECONDS = 3
CONTROL_RECORDS = 20

_TOPIC = "orders"


@dataclass
class Reader:
    """A member of a group that reads while brokers come and go."""

    options: Options
    values: set[bytes] = field(default_factory=set[bytes])
    errors: Counter[str] = field(default_factory=Counter[str])

    def work(self, ended: threading.Event) -> None:
        consumer = Consumer(
            {**self.options, "group.id": "followers", "auto.offset.reset": "earliest"}
        )
        consumer.subscribe([_TOPIC])
        try:
            while not ended.is_set():
                try:
                    self._take(consumer.consume(500, timeout=0.5))
                except KafkaException as error:
                    self.errors[str(error)] += 1
        finally:
            consumer.close()

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            error, value = message.error(), message.value()
            if error is not None:
                self.errors[str(error)] += 1
            elif value is not None:
                self.values.add(value)


def prove(rounds: int = ROUNDS) -> Finding:
    """Restart all brokers of a cluster under load, and count what clients complain about."""
    key = Key.new()
    with (
        tempfile.TemporaryDirectory() as directory,
        kafka_installation(Path(directory) / "data") as kafka,
    ):
        kafka.engine.ensure(SPEC, credentials(1, key))
        options = kafka.client(key)
        create_topic(admin_of(options), _TOPIC, PARTITIONS)
        loads, reader, seconds, gaps = _roll_under_load(kafka, options, rounds)
        found = Counter(read_all(options, _TOPIC, PARTITIONS))
        control_failed = _control(kafka, options)
    acknowledged = {value for load in loads for value in load.acknowledged}
    lost, duplicated = judged(acknowledged, found)
    errors = sum(load.failed for load in loads) + reader.errors.total()
    return Finding(
        figures={
            "rounds": rounds,
            "restarts": rounds * 3,
            "acknowledged": len(acknowledged),
            "read_meanwhile": len(reader.values),
            "client_errors": errors,
            "errors": dict(reader.errors),
            "lost": lost,
            "duplicated": duplicated,
            "roll_seconds_max": round(max(seconds), 1),
            "write_gap_ms_max": round(max(gaps) * 1000),
            "control_failed": control_failed,
        },
        bar={"client_errors": 0, "lost": 0, "duplicated": 0},
        passed=errors == lost == duplicated == 0,
        control_red=control_failed > 0,
    )


def _roll_under_load(
    kafka: Kafka, options: Options, rounds: int
) -> tuple[list[Load], Reader, list[float], list[float]]:
    ended = threading.Event()
    loads = [Load(f"p{number}", options) for number in range(PRODUCERS)]
    reader = Reader(options)
    work = [load.work for load in loads] + [reader.work]
    threads = [threading.Thread(target=one, args=(ended,)) for one in work]
    for thread in threads:
        thread.start()
    seconds: list[float] = []
    gaps: list[float] = []
    try:
        for _ in range(rounds):
            await_acknowledgements(loads)
            began = time.monotonic()
            kafka.engine.restart(CLUSTER)
            until = time.monotonic()
            seconds.append(until - began)
            gaps += [
                longest_gap(times, began, until)
                for load in loads
                for times in list(load.times.values())
            ]
        await_acknowledgements(loads)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    return loads, reader, seconds, gaps


def _control(kafka: Kafka, options: Options) -> int:
    """Return how many records fail while two brokers are away at once."""
    settle(kafka)
    failed: list[KafkaError] = []

    def note(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer({**options, "message.timeout.ms": CONTROL_SECONDS * 1000})
    halted = [kafka.pid(1), kafka.pid(2)]
    for pid in halted:
        os.kill(pid, signal.SIGSTOP)
    try:
        for number in range(CONTROL_RECORDS):
            producer.produce(_TOPIC, b"c", partition=number % PARTITIONS, on_delivery=note)
        producer.flush(CONTROL_SECONDS * 10)
    finally:
        for pid in halted:
            os.kill(pid, signal.SIGCONT)
    settle(kafka)
    return len(failed)
