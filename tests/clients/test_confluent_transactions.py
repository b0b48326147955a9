"""Transactions with confluent-kafka (librdkafka): commit, abort, fencing, offsets with records."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from tests.clients.samples import PATIENCE_SECONDS, each_access, poll_until
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster, Mechanism, SecurityProtocol

pytestmark = pytest.mark.xdist_group("clients-confluent")

COMMITTED = "read_committed"
EVERYTHING = "read_uncommitted"


def writer(access: KafkaAccess, name: str) -> Producer:
    """A producer that has taken the transactional id over."""
    producer = Producer(access.librdkafka() | {"transactional.id": name})
    producer.init_transactions(PATIENCE_SECONDS)
    return producer


@contextmanager
def reader(access: KafkaAccess, group: str, topic: str, isolation: str) -> Generator[Consumer]:
    config = {
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "isolation.level": isolation,
    }
    consumer = Consumer(access.librdkafka() | config)
    consumer.subscribe([topic])
    try:
        yield consumer
    finally:
        consumer.close()


def values(consumer: Consumer, count: int) -> list[str]:
    """The next values, of records that came without an error."""
    found: list[str] = []

    def take() -> None:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            value = message.value()
            assert value is not None
            found.append(value.decode())

    poll_until(lambda: len(found) >= count, take, f"{count} records")
    return found


def transact(producer: Producer, topic: str, records: Sequence[str], *, commit: bool) -> None:
    producer.begin_transaction()
    for record in records:
        producer.produce(topic, record.encode())
    assert producer.flush(PATIENCE_SECONDS) == 0
    if commit:
        producer.commit_transaction(PATIENCE_SECONDS)
    else:
        producer.abort_transaction(PATIENCE_SECONDS)


@each_access
def test_committed_records_are_seen_and_aborted_ones_are_not(
    kafka_cluster: KafkaCluster, protocol: SecurityProtocol, mechanism: Mechanism
) -> None:
    access = kafka_cluster.access(protocol, mechanism)
    topic = kafka_cluster.topic("transactions", 1)
    producer = writer(access, f"tx-{topic}")

    transact(producer, topic, ["one", "two"], commit=True)
    transact(producer, topic, ["taken back"], commit=False)
    transact(producer, topic, ["three"], commit=True)

    with reader(access, "committed", topic, COMMITTED) as consumer:
        assert values(consumer, 3) == ["one", "two", "three"]
    with reader(access, "everything", topic, EVERYTHING) as consumer:
        assert values(consumer, 4) == ["one", "two", "taken back", "three"]


def test_a_producer_that_is_taken_over_from_is_fenced(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("transactions", 1)
    first = writer(access, f"tx-{topic}")
    first.begin_transaction()
    first.produce(topic, b"lost")
    assert first.flush(PATIENCE_SECONDS) == 0

    second = writer(access, f"tx-{topic}")
    with pytest.raises(KafkaException) as refused:
        first.commit_transaction(PATIENCE_SECONDS)
    assert refused.value.args[0].fatal()

    transact(second, topic, ["kept"], commit=True)
    with reader(access, "fencing", topic, COMMITTED) as consumer:
        assert values(consumer, 1) == ["kept"]


def test_offsets_are_committed_with_the_records_that_were_made_of_them(
    kafka_cluster: KafkaCluster,
) -> None:
    access = kafka_cluster.access()
    source, sink = kafka_cluster.topic("source", 1), kafka_cluster.topic("sink", 1)
    feeder = Producer(access.librdkafka())
    for number in range(20):
        feeder.produce(source, str(number).encode())
    assert feeder.flush(PATIENCE_SECONDS) == 0

    producer = writer(access, f"tx-{sink}")
    with reader(access, "pipeline", source, COMMITTED) as consumer:
        for turn in range(4):
            taken = values(consumer, 5)
            producer.begin_transaction()
            for value in taken:
                producer.produce(sink, f"{value}!".encode())
            producer.send_offsets_to_transaction(
                consumer.position(consumer.assignment()),
                consumer.consumer_group_metadata(),
                PATIENCE_SECONDS,
            )
            if turn == 1:
                producer.abort_transaction(PATIENCE_SECONDS)
                consumer.seek(TopicPartition(source, 0, 5))
            else:
                producer.commit_transaction(PATIENCE_SECONDS)
        (kept,) = consumer.committed([TopicPartition(source, 0)], timeout=PATIENCE_SECONDS)
        assert kept.offset == 15

    with reader(access, "sink", sink, COMMITTED) as consumer:
        assert values(consumer, 15) == [f"{number}!" for number in range(15)]
