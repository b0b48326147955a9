"""Compacted topics as Java's and librdkafka's programs make and read them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from control_plane.kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    KafkaAdmin,
)
from tests.clients.java_tools import JavaTools, java, write_config
from tests.clients.programs import pause, run
from tests.clients.samples import PATIENCE_SECONDS, poll_until
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster

pytestmark = pytest.mark.xdist_group("clients-java")

TOPICS: Final = "org.apache.kafka.tools.TopicCommand"
CONSUMER: Final = "org.apache.kafka.tools.consumer.ConsoleConsumer"

KEYS: Final = 40
ROUNDS: Final = 30
VALUE_BYTES: Final = 2_000
SEED: Final = 7
END_OF_PARTITION: Final = -191
"""`RD_KAFKA_RESP_ERR__PARTITION_EOF` of librdkafka."""

Records = list[tuple[int, str, str]]
"""Offset, key and value."""


def test_a_compacted_topic_is_made_by_java_and_read_to_its_end(
    kafka_cluster: KafkaCluster, java_tools: JavaTools, tmp_path: Path
) -> None:
    access = kafka_cluster.access()
    config = write_config(tmp_path, access)
    topic = f"{kafka_cluster.topic('compacted', 1)}-store"
    # As Kafka Connect makes its own: compacted, with as many replicas as is the default.
    made = ("--create", "--topic", topic, "--partitions", "1", "--config", "cleanup.policy=compact")
    sizes = ("--config", "segment.bytes=1048576", "--config", "min.cleanable.dirty.ratio=0.01")
    server = ("--bootstrap-server", access.bootstrap, "--command-config", str(config))
    java_tools.run(TOPICS, *server, *made, *sizes)

    sent = send(access, topic)
    wake_compaction(access, topic)
    poll_until(lambda: len(read(access, topic)) < len(sent) // 2, pause, "compaction")
    left = read(access, topic)

    assert set(left) < set(sent)
    last = {key: (offset, value) for offset, key, value in sent}
    assert {key: (offset, value) for offset, key, value in left} == last
    assert read_by_java(access, config, topic, len(left)) == left


def test_a_record_without_a_key_is_refused(kafka_cluster: KafkaCluster) -> None:
    access = kafka_cluster.access()
    topic = kafka_cluster.topic("keyed", 1)
    alter(access, topic, "cleanup.policy", "compact")
    failures: list[KafkaError | None] = []
    producer = Producer(access.librdkafka())
    producer.produce(topic, b"value", on_delivery=lambda error, _: failures.append(error))
    producer.produce(topic, b"value", key=b"k", on_delivery=lambda error, _: failures.append(error))
    assert producer.flush(PATIENCE_SECONDS) == 0
    codes = [failure.code() if failure else None for failure in failures]
    # Both may travel in one batch, which is refused as a whole.
    assert KafkaError.INVALID_RECORD in codes


def send(access: KafkaAccess, topic: str) -> Records:
    """Write every key again and again; what was sent, where it was appended."""
    text = random.Random(SEED)  # noqa: S311 - values to compare, not secrets
    sent: Records = []
    for number in range(ROUNDS):
        codec = ("none", "zstd")[number % 2]
        producer = Producer({**access.librdkafka(), "compression.type": codec})
        for key in range(KEYS):
            value = f"{number} {text.randbytes(VALUE_BYTES).hex()}"
            producer.produce(topic, value, key=f"key-{key}", partition=0)
            sent.append((len(sent), f"key-{key}", value))
        assert producer.flush(PATIENCE_SECONDS) == 0
    return sent


def wake_compaction(access: KafkaAccess, topic: str) -> None:
    """Any change of a topic's settings has the broker look at once for what is due."""
    alter(access, topic, "flush.ms", "60000")


def admin(access: KafkaAccess) -> KafkaAdmin:
    options: dict[str, str | int | float | bool] = {**access.librdkafka()}
    return AdminClient(options)


def alter(access: KafkaAccess, topic: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    client = admin(access)
    futures = client.incremental_alter_configs(
        [resource], request_timeout=PATIENCE_SECONDS, validate_only=False
    )
    futures[resource].result(PATIENCE_SECONDS)


def read(access: KafkaAccess, topic: str) -> Records:
    """Everything up to the end, as librdkafka tells it."""
    settings = {**access.librdkafka(), "group.id": "reader", "enable.partition.eof": True}
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: Records = []
    try:
        while (message := consumer.poll(PATIENCE_SECONDS)) is not None:
            error = message.error()
            if error is not None:
                assert error.code() == END_OF_PARTITION, error
                return found
            key, value, offset = message.key(), message.value(), message.offset()
            assert key is not None
            assert value is not None
            assert offset is not None
            found.append((offset, key.decode(), value.decode()))
    finally:
        consumer.close()
    pytest.fail(f"no end of {topic} after {len(found)} records")


def read_by_java(access: KafkaAccess, config: Path, topic: str, count: int) -> Records:
    command = [*java(), CONSUMER, "--bootstrap-server", access.bootstrap, "--topic", topic]
    command += ["--command-config", str(config), "--from-beginning", "--max-messages", str(count)]
    for shown in ("offset", "key"):
        command += ["--formatter-property", f"print.{shown}=true"]
    found: Records = []
    for line in run(command):
        offset, key, value = line.split("\t", 2)
        found.append((int(offset.removeprefix("Offset:")), key, value))
    return found
