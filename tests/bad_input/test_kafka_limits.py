"""Requests that are well formed and ask for what can not be."""

from __future__ import annotations

import pytest
from confluent_kafka import (
    Consumer,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)

from tests.bad_input.wire import TIMEOUT_SECONDS
from tests.fixtures.kafka_access import KafkaCluster

pytestmark = pytest.mark.xdist_group("bad-input")

LARGE = {"message.max.bytes": "15000000"}


def delivery_error(
    cluster: KafkaCluster, topic: str, value: bytes, partition: int, options: dict[str, str]
) -> KafkaError | None:
    """What a producer is told of one record."""
    errors: list[KafkaError | None] = []

    def on_delivery(error: KafkaError | None, _message: Message) -> None:
        errors.append(error)

    waits = {"message.timeout.ms": "5000", "topic.metadata.propagation.max.ms": "500"}
    producer = Producer({**cluster.access().librdkafka(), **waits, **options})
    producer.produce(topic, value, partition=partition, on_delivery=on_delivery)
    assert producer.flush(TIMEOUT_SECONDS) == 0
    return errors[0]


def test_a_record_over_the_limit_is_refused_as_too_large_and_others_go_on(
    kafka_cluster: KafkaCluster,
) -> None:
    topic = kafka_cluster.topic("large", 1)

    refused = delivery_error(kafka_cluster, topic, b"a" * 4_000_000, 0, LARGE)
    taken = delivery_error(kafka_cluster, topic, b"a" * 1_000_000, 0, LARGE)

    assert refused is not None
    assert refused.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert taken is None
    assert end_offset(kafka_cluster, topic) == 1


def test_an_unknown_topic_is_an_error_and_is_not_made(kafka_cluster: KafkaCluster) -> None:
    error = delivery_error(kafka_cluster, "no-such-topic", b"x", 0, {})

    assert error is not None
    assert error.code() in (
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - its name
    )
    consumer = Consumer({**kafka_cluster.access().librdkafka(), "group.id": "looking"})
    topics = consumer.list_topics(timeout=TIMEOUT_SECONDS).topics
    consumer.close()
    assert "no-such-topic" not in topics


def test_reading_past_the_end_says_out_of_range(kafka_cluster: KafkaCluster) -> None:
    topic = kafka_cluster.topic("range", 1)
    options = {"group.id": "range", "auto.offset.reset": "error"}
    consumer = Consumer({**kafka_cluster.access().librdkafka(), **options})
    consumer.assign([TopicPartition(topic, 0, 1_000)])

    (message,) = consumer.consume(1, timeout=TIMEOUT_SECONDS)
    consumer.close()

    error = message.error()
    assert error is not None
    assert error.code() == KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001 - its name
    assert "out of range" in error.str()


def end_offset(cluster: KafkaCluster, topic: str) -> int:
    consumer = Consumer({**cluster.access().librdkafka(), "group.id": "ends"})
    ends = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=TIMEOUT_SECONDS)
    consumer.close()
    assert ends is not None
    return ends[1]
