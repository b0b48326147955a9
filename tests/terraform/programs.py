"""A program that uses what a configuration made."""

from __future__ import annotations

from confluent_kafka import Consumer, Producer

ACK_SECONDS_MAX = 30

Options = dict[str, str | int | float | bool]


def client_options(
    bootstrap_servers: str, ca_certificate: str, username: str, password: str
) -> Options:
    """What a Kafka client is configured with."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": username,
        "sasl.password": password,
        "ssl.ca.pem": ca_certificate,
    }


def produce_and_consume(options: Options, topic: str, value: bytes) -> None:
    """Produce a record to partition 0 of `topic` and consume all until it comes."""
    producer = Producer(options)
    producer.produce(topic, value, partition=0)
    assert producer.flush(ACK_SECONDS_MAX) == 0
    group = {"group.id": f"reads-{value.decode()}", "auto.offset.reset": "earliest"}
    consumer = Consumer({**options, **group})
    consumer.subscribe([topic])
    seen = None
    while seen != value:
        message = consumer.poll(ACK_SECONDS_MAX)
        assert message is not None
        seen = message.value()
    consumer.close()
