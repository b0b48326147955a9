"""Writing and reading by the Kafka protocol, with confluent-kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)

from tools.demo.checks import DemoError, Outcomes, ignore, require
from tools.demo.cluster import Cluster
from tools.demo.records import PARTITIONS, Record, Stored

PATIENCE_SECONDS = 30


class KafkaWriter:
    """An idempotent producer that keeps what it was told of each record."""

    def __init__(self, cluster: Cluster, topic: str, on_ack: Callable[[int], None]) -> None:
        options = {"enable.idempotence": "true", "linger.ms": "2", "compression.type": "zstd"}
        self.outcomes = Outcomes()
        self._producer = Producer({**cluster.librdkafka, **options, "log_level": 0})
        self._topic = topic
        self._on_ack = on_ack

    def send(self, number: int, record: Record) -> None:
        """Hand a record over; what becomes of it is told later."""

        def on_delivery(error: KafkaError | None, message: Message) -> None:
            self._record(number, error, message)

        self._producer.produce(
            self._topic,
            record.value,
            record.key,
            partition=record.partition,
            headers=list(record.headers),
            on_delivery=on_delivery,
        )
        self._producer.poll(0)

    def wait(self) -> None:
        """Let acknowledgements come in for a moment."""
        self._producer.poll(0.05)

    def finish(self) -> None:
        """Wait until something was told of every record."""
        left = self._producer.flush(PATIENCE_SECONDS)
        require(left == 0, f"{left} records without an outcome after {PATIENCE_SECONDS} s")

    def _record(self, number: int, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.outcomes.unknown.add(number)
            return
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        self.outcomes.acknowledged[number] = (partition, offset)
        self._on_ack(number)


def write_all(cluster: Cluster, topic: str, records: Sequence[Record]) -> None:
    """Write all records; raises DemoError unless every one is acknowledged."""
    writer = KafkaWriter(cluster, topic, ignore)
    for number, record in enumerate(records):
        writer.send(number, record)
    writer.finish()
    missing = len(records) - len(writer.outcomes.acknowledged)
    require(missing == 0, f"{missing} records were not acknowledged")


def read_all(cluster: Cluster, topic: str) -> list[Stored]:
    """Read every partition from its start to its end."""
    consumer = Consumer({**cluster.librdkafka, "group.id": f"demo-{topic}", "log_level": 0})
    try:
        ends = [_end(consumer, topic, partition) for partition in range(PARTITIONS)]
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
        return _read(consumer, sum(ends))
    finally:
        consumer.close()


def _end(consumer: Consumer, topic: str, partition: int) -> int:
    ends = consumer.get_watermark_offsets(TopicPartition(topic, partition), PATIENCE_SECONDS)
    return ends[1]


def _read(consumer: Consumer, count: int) -> list[Stored]:
    read: list[Stored] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(read) < count:
        require(time.monotonic() < deadline, f"only {len(read)} of {count} records came")
        read += [_stored(message) for message in consumer.consume(5_000, timeout=0.5)]
    return read


def _stored(message: Message) -> Stored:
    error, partition, offset = message.error(), message.partition(), message.offset()
    if error is not None:
        raise DemoError(f"a read failed: {error}")
    assert partition is not None
    assert offset is not None
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    record = Record(
        partition=partition,
        key=message.key() or b"",
        value=message.value() or b"",
        headers=tuple((name, bytes(value)) for name, value in pairs if isinstance(value, bytes)),
    )
    return Stored(record=record, offset=offset)
