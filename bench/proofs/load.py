"""One producer and one consumer of confluent-kafka, for proofs that need bytes to flow."""

from __future__ import annotations

import time
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer

TOPIC = "load"
LINGER_MS = 20
FLUSH_SECONDS_MAX = 120
READ_SECONDS_MAX = 180
RECORDS_AT_ONCE = 1_000


def client_settings(cluster: dict[str, Any], key: dict[str, Any]) -> dict[str, str]:
    """How librdkafka reaches a cluster over TLS, of the answers to their creation."""
    return {
        "bootstrap.servers": cluster["endpoints"]["kafka"]["sasl_ssl"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": key["id"],
        "sasl.password": key["secret"],
        "ssl.ca.pem": cluster["ca_certificate"],
    }


def write(settings: dict[str, str], size: int, count: int) -> None:
    """Send `count` values of `size` bytes; return once every one of them is acknowledged."""
    failures: list[KafkaError] = []

    def on_delivery(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failures.append(error)

    producer = Producer({**settings, "enable.idempotence": True, "linger.ms": LINGER_MS})
    value = bytes(index * 197 % 256 for index in range(size))
    for _ in range(count):
        while True:
            try:
                producer.produce(TOPIC, value=value, on_delivery=on_delivery)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(FLUSH_SECONDS_MAX) == 0, "not everything was acknowledged"
    assert not failures, failures[0]


def read_all(settings: dict[str, str], count: int) -> None:
    """Read `count` records from the beginning, as a group that keeps no offsets."""
    options = {"group.id": "load", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**settings, **options})
    try:
        consumer.subscribe([TOPIC])
        seen, deadline = 0, time.monotonic() + READ_SECONDS_MAX
        while seen < count:
            messages = consumer.consume(RECORDS_AT_ONCE, 1.0)
            failed = [error for message in messages if (error := message.error()) is not None]
            assert not failed, failed[0]
            seen += len(messages)
            assert time.monotonic() < deadline, f"{seen} of {count} came"
    finally:
        consumer.close()
