"""Any one broker of a cluster of three is killed, and nothing that was acknowledged is missed.

Idempotent producers with ``acks=all`` go on while a broker is killed by SIGKILL, round after round:
the leader of a partition, the active controller, and one that is neither if there is. Each round
ends when all three take part again with all their data. Then every record is read.

The control does the same with ``acks=1`` where it must lose: followers are halted, the leader
acknowledges alone and is killed, the followers go on without what they never had.
"""

from __future__ import annotations

import itertools
import os
import signal
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from bench.proofs.report import Finding
from control_plane.kafka.admin import ClusterMetadata, KafkaAdmin, NewTopic
from control_plane.provisioning.engines.kafka.cluster_directory import NODE_IDS
from tests.control_plane.provisioning.kafka_cluster import SPEC, Kafka, Options, kafka_installation
from tests.control_plane.provisioning.native_cluster import CLUSTER, Key, credentials
from tests.fixtures.waiting import eventually

ROUNDS = 20
PARTITIONS = 6
PRODUCERS = 2
PAUSE_SECONDS = 0.005
WARM_ACKNOWLEDGED = 200
CONTROL_RECORDS = 50
SETTLE_SECONDS_MAX = 300.0
DELIVERY_SECONDS_MAX = 300

_TOPIC, _CONTROL_TOPIC = "orders", "control"
_VALUE_BYTES = 100


@dataclass
class Load:
    """What one producer sent; acknowledgements by partition, in the order in which they came."""

    name: str
    options: Options
    acknowledged: list[bytes] = field(default_factory=list[bytes])
    failed: int = 0
    times: dict[int, list[float]] = field(default_factory=dict[int, list[float]])

    def work(self, ended: threading.Event) -> None:
        settings = {"acks": "all", "enable.idempotence": True, "linger.ms": 1}
        timeout = {"delivery.timeout.ms": DELIVERY_SECONDS_MAX * 1000}
        producer = Producer({**self.options, **settings, **timeout})
        number = 0
        while not ended.is_set():
            value = f"{self.name}-{number:09}".encode().ljust(_VALUE_BYTES)
            producer.produce(_TOPIC, value, partition=number % PARTITIONS, on_delivery=self._note)
            producer.poll(0)
            number += 1
            ended.wait(PAUSE_SECONDS)
        left = producer.flush(DELIVERY_SECONDS_MAX)
        assert left == 0, f"{left} records have neither failed nor arrived"

    def _note(self, error: KafkaError | None, message: Message) -> None:
        value, partition = message.value(), message.partition()
        if error is not None or value is None or partition is None:
            self.failed += 1
            return
        self.acknowledged.append(value)
        self.times.setdefault(partition, []).append(time.monotonic())


def prove(rounds: int = ROUNDS) -> Finding:
    """Kill brokers of a cluster under load, and count what is missed and what came twice."""
    key = Key.new()
    with (
        tempfile.TemporaryDirectory() as directory,
        kafka_installation(Path(directory) / "data") as kafka,
    ):
        began = time.monotonic()
        kafka.engine.ensure(SPEC, credentials(1, key))
        created_seconds = time.monotonic() - began
        options = kafka.client(key)
        admin = admin_of(options)
        create_topic(admin, _TOPIC, PARTITIONS)
        loads, gaps, victims = _kill_under_load(kafka, admin, options, rounds)
        found = Counter(read_all(options, _TOPIC, PARTITIONS))
        control_lost = _control(kafka, admin, options)
    acknowledged = {value for load in loads for value in load.acknowledged}
    lost, duplicated = judged(acknowledged, found)
    return Finding(
        figures={
            "create_seconds": round(created_seconds, 1),
            "rounds": rounds,
            "killed": dict(Counter(victims)),
            "acknowledged": len(acknowledged),
            "failed": sum(load.failed for load in loads),
            "lost": lost,
            "duplicated": duplicated,
            "write_gap_ms_median": round(statistics.median(gaps) * 1000),
            "write_gap_ms_max": round(max(gaps) * 1000),
            "control_lost": control_lost,
        },
        bar={"lost": 0, "duplicated": 0, "failed": 0},
        passed=lost == duplicated == 0 and not any(load.failed for load in loads),
        control_red=control_lost > 0,
        notes=["a gap is the longest time without an acknowledgement from a partition of a round"],
    )


def judged(acknowledged: Collection[bytes], found: Counter[bytes]) -> tuple[int, int]:
    """Return how many acknowledged records are missed, and how many records came twice."""
    lost = sum(value not in found for value in acknowledged)
    return lost, sum(count > 1 for count in found.values())


def longest_gap(times: Iterable[float], since: float, until: float) -> float:
    """Return the longest time in [since, until) in which nothing came."""
    marks = [since, *(one for one in times if since <= one < until), until]
    return max(later - earlier for earlier, later in itertools.pairwise(marks))


def _kill_under_load(
    kafka: Kafka, admin: KafkaAdmin, options: Options, rounds: int
) -> tuple[list[Load], list[float], list[str]]:
    ended = threading.Event()
    loads = [Load(f"p{number}", options) for number in range(PRODUCERS)]
    threads = [threading.Thread(target=load.work, args=(ended,)) for load in loads]
    for thread in threads:
        thread.start()
    gaps: list[float] = []
    victims: list[str] = []
    try:
        for number in range(rounds):
            await_acknowledgements(loads)
            role, node = _victim(kafka, admin, number)
            began = time.monotonic()
            os.kill(kafka.pid(node), signal.SIGKILL)
            await_acknowledgements(loads)
            settle(kafka)
            until = time.monotonic()
            gaps.append(
                max(
                    longest_gap(times, began, until)
                    for load in loads
                    for times in list(load.times.values())
                )
            )
            victims.append(role)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    return loads, gaps, victims


def _victim(kafka: Kafka, admin: KafkaAdmin, number: int) -> tuple[str, int]:
    """Return which broker is killed next, and as what."""
    leader = _leader(admin.list_topics(timeout=60), _TOPIC)
    controller = kafka.engine.controller(CLUSTER)
    others = [one for one in NODE_IDS if one not in {leader, controller}]
    by_role = {"leader": leader, "controller": controller, "other": others[0]}
    role = tuple(by_role)[number % len(by_role)]
    node = by_role[role]
    assert node is not None, "a settled cluster has a controller"
    return role, node


def _leader(told: ClusterMetadata, topic: str) -> int:
    leader: int = told.topics[topic].partitions[0].leader
    return leader


def await_acknowledgements(loads: Collection[Load]) -> None:
    """Wait until every producer has had some more records acknowledged."""
    wanted = {load.name: len(load.acknowledged) + WARM_ACKNOWLEDGED for load in loads}
    eventually(
        lambda: all(len(load.acknowledged) >= wanted[load.name] for load in loads),
        "records are not acknowledged",
        DELIVERY_SECONDS_MAX,
    )


def settle(kafka: Kafka) -> None:
    """Wait until all three brokers take part with all their data."""
    eventually(
        lambda: kafka.engine.health(CLUSTER).is_settled,
        "the killed broker does not catch up",
        SETTLE_SECONDS_MAX,
    )


def _control(kafka: Kafka, admin: KafkaAdmin, options: Options) -> int:
    """Return how many records are lost that a leader acknowledged alone."""
    create_topic(admin, _CONTROL_TOPIC, 1)
    settle(kafka)
    leader = _leader(admin.list_topics(timeout=60), _CONTROL_TOPIC)
    acknowledged: list[bytes] = []

    def note(error: KafkaError | None, message: Message) -> None:
        value = message.value()
        if error is None and value is not None:
            acknowledged.append(value)

    producer = Producer({**options, "acks": 1})
    producer.produce(_CONTROL_TOPIC, b"first", on_delivery=note)
    producer.flush(60)
    followers = [kafka.pid(node) for node in NODE_IDS if node != leader]
    for pid in followers:
        os.kill(pid, signal.SIGSTOP)
    try:
        for number in range(CONTROL_RECORDS):
            producer.produce(_CONTROL_TOPIC, f"{number}".encode(), on_delivery=note)
        producer.flush(60)
        os.kill(kafka.pid(leader), signal.SIGKILL)
    finally:
        for pid in followers:
            os.kill(pid, signal.SIGCONT)
    settle(kafka)
    lost, _ = judged(acknowledged, Counter(read_all(options, _CONTROL_TOPIC, 1)))
    return lost


def admin_of(options: Options) -> KafkaAdmin:
    """Return an admin client with these settings."""
    return AdminClient(options)


def create_topic(admin: KafkaAdmin, topic: str, partitions: int) -> None:
    """Make a topic; return once the controller has it."""
    made = admin.create_topics(
        [NewTopic(topic, partitions)], request_timeout=60, validate_only=False
    )
    made[topic].result()


def read_all(options: Options, topic: str, partitions: int) -> list[bytes]:
    """Return the values of all records, each partition read to its end."""
    consumer = Consumer({**options, "group.id": "judge", "enable.auto.commit": False})
    values: list[bytes] = []
    try:
        for partition in range(partitions):
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=60)
            place = TopicPartition(topic, partition, OFFSET_BEGINNING)
            consumer.assign([place])
            values.extend(_read_until(consumer, place, end))
    finally:
        consumer.close()
    return values


def _read_until(consumer: Consumer, place: TopicPartition, end: int) -> list[bytes]:
    values: list[bytes] = []

    def is_read() -> bool:
        for message in consumer.consume(1000, timeout=0.5):
            value = message.value()
            if message.error() is None and value is not None:
                values.append(value)
        return consumer.position([place])[0].offset >= end

    if end > 0:
        eventually(is_read, "records are not read", SETTLE_SECONDS_MAX)
    return values
