"""confluent-kafka (librdkafka) against a cluster, with the credentials that were printed for it."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from tests.clients.samples import (
    PATIENCE_SECONDS,
    Received,
    Record,
    assert_same,
    each_access,
    poll_until,
    sample,
)
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster, Mechanism, SecurityProtocol

pytestmark = pytest.mark.xdist_group("clients-confluent")


@each_access
def test_what_is_produced_is_consumed_by_a_group(
    kafka_cluster: KafkaCluster, protocol: SecurityProtocol, mechanism: Mechanism
) -> None:
    access = kafka_cluster.access(protocol, mechanism)
    topic = kafka_cluster.topic("confluent")
    sent = sample(200)

    produce(access, topic, sent)

    assert_same(consume(access, topic, "readers", len(sent)), sent)


def test_committed_offsets_are_answered_with_their_metadata(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("confluent")
    wanted = TopicPartition(topic, 2, 41, metadata="checkpoint 7")
    with consumer(access, "keeping") as keeper:
        keeper.commit(offsets=[wanted], asynchronous=False)
    with consumer(access, "keeping") as reader:
        (kept, absent) = reader.committed(
            [TopicPartition(topic, 2), TopicPartition(topic, 3)], timeout=PATIENCE_SECONDS
        )

    assert (kept.offset, kept.metadata) == (41, "checkpoint 7")
    assert absent.offset < 0


def test_an_idempotent_producer_writes_each_record_once(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("confluent")
    sent = sample(2_000)

    produce(access, topic, sent, {"enable.idempotence": "true", "batch.num.messages": "20"})

    assert_same(consume(access, topic, "idempotent", len(sent)), sent)


def test_offsets_are_found_by_time_and_at_both_ends(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("confluent", 1)
    producer = Producer(access.librdkafka())
    for minute in range(5):
        producer.produce(topic, str(minute).encode(), partition=0, timestamp=_at(minute))
    assert producer.flush(PATIENCE_SECONDS) == 0

    with consumer(access, "times") as reader:
        ends = reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=PATIENCE_SECONDS)
        found = [
            reader.offsets_for_times([TopicPartition(topic, 0, time)], timeout=PATIENCE_SECONDS)
            for time in (_at(0) - 1, _at(2), _at(2) + 1, _at(4) + 1)
        ]

    assert ends == (0, 5)
    assert [one.offset for (one,) in found] == [0, 2, 3, -1]


def test_tombstones_and_empty_values_stay_different(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("confluent", 1)
    sent = [
        Record(partition=0, key=b"k", value=None),
        Record(partition=0, key=b"", value=b""),
    ]

    produce(access, topic, sent)

    assert_same(consume(access, topic, "tombstones", 2), sent)


def _at(minute: int) -> int:
    return 1_795_000_000_000 + minute * 60_000


def produce(
    access: KafkaAccess,
    topic: str,
    records: Sequence[Record],
    options: dict[str, str] | None = None,
) -> int:
    """Send all and wait for every acknowledgement; the bytes that went over the wire."""
    failed: list[KafkaError] = []
    statistics: list[str] = []

    def on_delivery(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    measured = {"statistics.interval.ms": 100, "stats_cb": statistics.append}
    producer = Producer({**access.librdkafka(), **(options or {}), **measured})
    for record in records:
        producer.produce(
            topic,
            record.value,
            record.key,
            partition=record.partition,
            headers=list(record.headers),
            on_delivery=on_delivery,
        )
    assert producer.flush(PATIENCE_SECONDS) == 0
    assert failed == []
    seen = len(statistics)
    poll_until(lambda: len(statistics) > seen, lambda: _serve(producer), "statistics")
    brokers = json.loads(statistics[-1])["brokers"].values()
    return sum(broker["txbytes"] for broker in brokers)


def _serve(producer: Producer) -> None:
    producer.poll(0.1)


def consume(access: KafkaAccess, topic: str, group: str, count: int) -> list[Received]:
    """Read `count` records as a member of a group, commit them and leave."""
    received: list[Received] = []
    with consumer(access, group) as reader:
        reader.subscribe([topic])
        poll_until(
            lambda: len(received) >= count,
            lambda: received.extend(_take(reader, count - len(received), 0.2)),
            f"{count} records",
        )
        reader.commit(asynchronous=False)
    return received


@contextmanager
def consumer(access: KafkaAccess, group: str) -> Generator[Consumer]:
    """A group member that leaves its group at the end."""
    options = {
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": "false",
        "heartbeat.interval.ms": "300",
    }
    member = Consumer({**access.librdkafka(), **options})
    try:
        yield member
    finally:
        member.close()


def _take(member: Consumer, count: int, seconds: float) -> list[Received]:
    return [_received(message) for message in member.consume(count, timeout=seconds)]


def _received(message: Message) -> Received:
    error = message.error()
    if error is not None:
        raise KafkaException(error)
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    headers = tuple((name, bytes(value)) for name, value in _header_pairs(message))
    record = Record(partition=partition, key=message.key(), value=message.value(), headers=headers)
    return Received(record=record, offset=offset)


def _header_pairs(message: Message) -> list[tuple[str, bytes]]:
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return [(name, value) for name, value in pairs if isinstance(value, bytes)]
