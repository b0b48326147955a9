"""kafka-python 3 against a cluster, with the credentials that were printed for it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

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

pytestmark = pytest.mark.xdist_group("clients-kafka-python")


@each_access
def test_what_is_produced_is_consumed_by_a_group(
    kafka_cluster: KafkaCluster, protocol: SecurityProtocol, mechanism: Mechanism
) -> None:
    access = kafka_cluster.access(protocol, mechanism)
    topic = kafka_cluster.topic("kafka-python")
    sent = sample(100)

    produce(access, topic, sent)

    assert_same(consume(access, topic, "readers", len(sent)), sent)


def test_an_idempotent_producer_writes_each_record_once(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("kafka-python")
    sent = sample(500)

    produce(access, topic, sent, idempotent=True)

    assert_same(consume(access, topic, "idempotent", len(sent)), sent)


def test_offsets_are_found_by_time_and_at_both_ends(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("kafka-python", 1)
    minutes = [1_795_000_000_000 + minute * 60_000 for minute in range(5)]
    partition = TopicPartition(topic, 0)
    with closing(KafkaProducer(**access.python())) as producer:
        for minute in minutes:
            producer.send(topic, b"x", partition=0, timestamp_ms=minute).get(PATIENCE_SECONDS)

    with consumer(access, topic, "times") as reader:
        first = reader.beginning_offsets([partition])[partition]
        end = reader.end_offsets([partition])[partition]
        exact = reader.offsets_for_times({partition: minutes[2]})[partition]
        between = reader.offsets_for_times({partition: minutes[2] + 1})[partition]
        after = reader.offsets_for_times({partition: minutes[4] + 1})[partition]

    assert (first, end) == (0, 5)
    assert exact is not None
    assert (exact.offset, exact.timestamp) == (2, minutes[2])
    assert between is not None
    assert between.offset == 3
    assert after is None


def produce(
    access: KafkaAccess,
    topic: str,
    records: Sequence[Record],
    *,
    codec: str | None = None,
    idempotent: bool = False,
) -> None:
    """Send all and wait for every acknowledgement."""
    options = access.python()
    with closing(
        KafkaProducer(**options, compression_type=codec, enable_idempotence=idempotent)
    ) as producer:
        sending = [
            producer.send(
                topic,
                record.value,
                record.key,
                headers=list(record.headers),
                partition=record.partition,
            )
            for record in records
        ]
        for one, record in zip(sending, records, strict=True):
            assert one.get(PATIENCE_SECONDS).partition == record.partition


def consume(access: KafkaAccess, topic: str, group: str, count: int) -> list[Received]:
    """Read `count` records as a member of a group, commit them and leave."""
    received: list[Received] = []
    with consumer(access, topic, group) as reader:
        poll_until(
            lambda: len(received) >= count,
            lambda: received.extend(_take(reader, count - len(received))),
            f"{count} records",
        )
        reader.commit()
    return received


@contextmanager
def consumer(access: KafkaAccess, topic: str, group: str) -> Generator[KafkaConsumer]:
    """A group member that leaves its group at the end."""
    options = access.python()
    member = KafkaConsumer(
        topic,
        **options,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=300,
    )
    with closing(member):
        yield member


def _take(member: KafkaConsumer, count: int) -> list[Received]:
    batches = member.poll(timeout_ms=100, max_records=count).values()
    return [_received(record) for batch in batches for record in batch]


def _received(message: ConsumerRecord) -> Received:
    record = Record(
        partition=message.partition,
        key=message.key,
        value=message.value,
        headers=tuple((name, value) for name, value in message.headers),
    )
    return Received(record=record, offset=message.offset)
