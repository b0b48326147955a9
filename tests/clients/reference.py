"""A known good client (confluent-kafka), for the other end of what a client under test does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.clients.samples import PATIENCE_SECONDS, poll_until
from tests.fixtures.kafka_access import KafkaAccess

Fields = dict[str, Any]
"""A record as the programs write it: partition, key, value, headers."""

SHARED_FIELDS = ("partition", "key", "value", "headers")


def text_records(count: int, partitions: int, tag: str) -> list[Fields]:
    """Records over all partitions; some have no key, some no value, some no headers."""
    return [
        {
            "partition": number % partitions,
            "key": None if number % 7 == 3 else f"{tag} key {number}",
            "value": None
            if number % 11 == 5 and number % 7 != 3
            else f"{tag} {number} °C " + "x" * (number % 50),
            "headers": [] if number % 5 == 0 else [["number", str(number)], ["unit", "°C"]],
        }
        for number in range(count)
    ]


def send(access: KafkaAccess, topic: str, records: Sequence[Fields]) -> None:
    """Produce all, and wait for every acknowledgement."""
    failed: list[KafkaError] = []

    def on_delivery(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer({**access.librdkafka(), "enable.idempotence": True})
    for record in records:
        headers = [(name, value.encode()) for name, value in record["headers"]]
        producer.produce(
            topic,
            record["value"],
            record["key"],
            partition=record["partition"],
            headers=headers,
            on_delivery=on_delivery,
        )
    assert producer.flush(PATIENCE_SECONDS) == 0
    assert failed == []


def send_values(settings: dict[str, str], topic: str, values: Sequence[str]) -> None:
    """Produce values to the first partition."""
    producer = Producer({**settings, "enable.idempotence": True})
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(PATIENCE_SECONDS) == 0


def read(
    access: KafkaAccess, topic: str, partitions: int, *, count: int, isolation: str
) -> list[Fields]:
    """The first `count` records that the topic has, all partitions, without a group."""
    consumer = Consumer(
        {
            **access.librdkafka(),
            "group.id": "reference",
            "enable.auto.commit": False,
            "isolation.level": isolation,
        }
    )
    found: list[Fields] = []
    try:
        consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
        poll_until(
            lambda: len(found) >= count,
            lambda: found.extend(_fields(one) for one in consumer.consume(count, timeout=0.2)),
            f"{count} records of {topic}",
        )
    finally:
        consumer.close()
    return found


def create_topic(access: KafkaAccess, name: str, settings: dict[str, str]) -> None:
    """A topic of one partition with settings of its own."""
    # Its futures have no types.
    admin: Any = AdminClient({**access.librdkafka()})
    topic = NewTopic(name, num_partitions=1, replication_factor=-1, config=settings)
    admin.create_topics([topic])[name].result(PATIENCE_SECONDS)


def create_topic_without_credentials(bootstrap: str, name: str) -> None:
    """A topic of one partition on a broker that asks for no credentials."""
    admin: Any = AdminClient({"bootstrap.servers": bootstrap})
    topic = NewTopic(name, num_partitions=1, replication_factor=-1)
    admin.create_topics([topic])[name].result(PATIENCE_SECONDS)


def read_committed(settings: dict[str, str], topic: str) -> list[Fields]:
    """What there is in the first partition for who reads committed records alone."""
    consumer = Consumer(
        {
            **settings,
            "group.id": "reference",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    found: list[Fields] = []
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        while True:
            message = consumer.poll(PATIENCE_SECONDS)
            assert message is not None, f"the end of {topic} is not told"
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                return found
            found.append(_fields(message))
    finally:
        consumer.close()


def committed(access: KafkaAccess, group: str, topic: str) -> int:
    """Where a group stands in the first partition."""
    consumer = Consumer({**access.librdkafka(), "group.id": group})
    try:
        (found,) = consumer.committed([TopicPartition(topic, 0)], timeout=PATIENCE_SECONDS)
    finally:
        consumer.close()
    return found.offset


def without_offset(records: Sequence[Fields]) -> list[Fields]:
    """What was sent of each record, by partition and in the order given."""
    shared = [{name: record[name] for name in SHARED_FIELDS} for record in records]
    return sorted(shared, key=lambda record: record["partition"])


def _fields(message: Message) -> Fields:
    assert message.error() is None, message.error()
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    key, value = message.key(), message.value()
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "key": None if key is None else key.decode(),
        "value": None if value is None else value.decode(),
        "headers": [
            [name, bytes(header).decode()] for name, header in pairs if isinstance(header, bytes)
        ],
    }
