"""A worker of the pipeline: consumes, transforms, produces and commits in one transaction.

Arguments: bootstrap address, source, target, group, transactional id, mode. It ends when anything
fails, as a crash would end it, and whoever supervises it starts another. Prints a line for each
transaction. In the mode `apart`, which is the negative control, it commits its offsets by
themselves once the transaction is through.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

BATCH = 50
POLL_SECONDS = 0.1
START_SECONDS = 30
TIMEOUT_SECONDS = 10
"""A transaction that takes longer is given up: the process ends, the next one aborts it."""

APART_SECONDS = 1.0
"""How long the control's offsets lag behind its records."""

COMMITTED = "committed"


def transform(value: bytes) -> bytes:
    """What the pipeline makes of a value."""
    return value + b"!"


CONNECTION = {
    "reconnect.backoff.max.ms": 500,
    # When its only broker is gone, librdkafka 2.15 would else start over with bootstrapping, and a
    # transaction's offsets then wait for ever for the coordinator that it had.
    "metadata.recovery.strategy": "none",
}


def main(arguments: Sequence[str]) -> None:
    """Work until killed."""
    bootstrap, source, target, group, transactional_id, mode = arguments
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": transactional_id,
            "transaction.timeout.ms": 20_000,
            **CONNECTION,
        }
    )
    producer.init_transactions(START_SECONDS)
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 500,
            "fetch.wait.max.ms": 100,
            **CONNECTION,
        }
    )
    consumer.subscribe([source])
    while True:
        messages = consumer.consume(BATCH, timeout=POLL_SECONDS)
        if messages:
            work(producer, consumer, messages, target, mode)
            print(COMMITTED, flush=True)
            if mode == "apart":
                time.sleep(APART_SECONDS)
                consumer.commit(offsets=positions(messages), asynchronous=False)


def work(
    producer: Producer, consumer: Consumer, messages: Sequence[Message], target: str, mode: str
) -> None:
    """One transaction; raises KafkaException."""
    producer.begin_transaction()
    for message in messages:
        error, value, partition = message.error(), message.value(), message.partition()
        if error is not None:
            raise KafkaException(error)
        assert value is not None
        assert partition is not None
        producer.produce(target, transform(value), partition=partition)
    if mode != "apart":
        group = consumer.consumer_group_metadata()
        producer.send_offsets_to_transaction(positions(messages), group, TIMEOUT_SECONDS)
    producer.commit_transaction(TIMEOUT_SECONDS)


def positions(messages: Sequence[Message]) -> list[TopicPartition]:
    """The next offset to read of each partition."""
    ends: dict[tuple[str, int], int] = {}
    for message in messages:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        ends[topic, partition] = offset + 1
    return [TopicPartition(topic, partition, end) for (topic, partition), end in ends.items()]


if __name__ == "__main__":
    main(sys.argv[1:])
