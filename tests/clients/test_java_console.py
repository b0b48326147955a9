"""Apache Kafka's own console producer and consumer, with the credentials printed for a cluster.

A Java program takes seconds to start, so each test here proves several things at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.clients.catalog import proves
from tests.clients.java_tools import java, write_config
from tests.clients.programs import pause, reading, run
from tests.clients.samples import CODECS, PATIENCE_SECONDS, poll_until
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster, Mechanism, SecurityProtocol

pytestmark = pytest.mark.xdist_group("clients-java")

PRODUCER = "org.apache.kafka.tools.ConsoleProducer"
CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A record as the console consumer prints it."""

    partition: int
    offset: int
    headers: str
    key: str
    value: str


@proves("kafka-console-producer, kafka-console-consumer", "produce", "consume", "resume")
@pytest.mark.parametrize(
    ("protocol", "mechanism", "codec"),
    [
        ("SASL_SSL", "SCRAM-SHA-512", "zstd"),
        ("SASL_PLAINTEXT", "SCRAM-SHA-256", "lz4"),
        ("SASL_SSL", "PLAIN", "snappy"),
    ],
)
def test_what_is_produced_is_consumed_by_a_group_and_a_second_member_resumes(
    kafka_cluster: KafkaCluster,
    tmp_path: Path,
    protocol: SecurityProtocol,
    mechanism: Mechanism,
    codec: str,
) -> None:
    access = kafka_cluster.access(protocol, mechanism)
    config = write_config(tmp_path, access)
    topic = kafka_cluster.topic("java")
    sent = [(f"n:{n},tag:java", f"key{n % 10}", f"value {n} °C") for n in range(300)]

    produce(access, config, topic, sent, codec)
    first = consume(access, config, topic, "resuming", 120)
    second = consume(access, config, topic, "resuming", 180)

    received = [*first, *second]
    assert len({line.partition for line in received}) > 1
    assert sorted((line.headers, line.key, line.value) for line in received) == sorted(sent)
    for key in {key for _, key, _ in sent}:
        ordered = [value for _, one, value in sent if one == key]
        assert [line.value for line in received if line.key == key] == ordered


@proves("kafka-console-producer, kafka-console-consumer", "rebalance", "codecs")
def test_two_members_of_a_group_share_the_partitions_and_read_every_codec(
    kafka_cluster: KafkaCluster, tmp_path: Path
) -> None:
    access = kafka_cluster.access()
    config = write_config(tmp_path, access)
    topic = kafka_cluster.topic("java", len(CODECS))
    command = consumer_command(access, config, topic, "sharing")
    sent: list[str] = []
    with reading(command) as one, reading(command) as two:

        def send_a_round() -> None:
            sent.extend(produce_with_every_codec(access, topic, len(sent)))
            pause()

        poll_until(lambda: bool(one.lines and two.lines), send_a_round, "records for both")
        poll_until(lambda: len(one.lines) + len(two.lines) >= len(sent), pause, "all records")

    received = [parse(line) for line in [*one.lines, *two.lines]]
    assert sorted(line.value for line in received) == sorted(sent)
    for partition, codec in enumerate(CODECS):
        offsets = sorted(line.offset for line in received if line.partition == partition)
        assert offsets == list(range(len(offsets))), codec
    owners = [parse(reader.lines[-1]).partition for reader in (one, two)]
    assert owners[0] != owners[1]


def produce_with_every_codec(access: KafkaAccess, topic: str, first: int) -> list[str]:
    """One record a codec, each to its own partition, by librdkafka; the values sent."""
    values: list[str] = []
    for partition, codec in enumerate(CODECS):
        producer = Producer({**access.librdkafka(), "compression.type": codec})
        value = f"{codec} {first + partition} " + "a" * 2_000
        producer.produce(topic, value.encode(), key=b"k", partition=partition)
        assert producer.flush(PATIENCE_SECONDS) == 0
        values.append(value)
    return values


def produce(
    access: KafkaAccess,
    config: Path,
    topic: str,
    records: Sequence[tuple[str, str, str]],
    codec: str,
) -> None:
    """Send all as an idempotent producer."""
    command = [*java(), PRODUCER, "--bootstrap-server", access.bootstrap, "--topic", topic]
    command += ["--command-config", str(config), "--compression-codec", codec]
    command += ["--reader-property", "parse.headers=true", "--reader-property", "parse.key=true"]
    command += ["--command-property", "enable.idempotence=true"]
    run(command, ["\t".join(record) for record in records])


def consume(access: KafkaAccess, config: Path, topic: str, group: str, count: int) -> list[Line]:
    """Read `count` records as a member of a group, which commits them when it leaves."""
    command = consumer_command(access, config, topic, group)
    return [parse(line) for line in run([*command, "--max-messages", str(count)])]


def consumer_command(access: KafkaAccess, config: Path, topic: str, group: str) -> list[str]:
    """A command that reads from the start as a member of a group."""
    command = [*java(), CONSUMER, "--bootstrap-server", access.bootstrap, "--topic", topic]
    command += ["--command-config", str(config), "--group", group, "--from-beginning"]
    command += ["--command-property", "heartbeat.interval.ms=300"]
    for shown in ("partition", "offset", "headers", "key"):
        command += ["--formatter-property", f"print.{shown}=true"]
    return command


def parse(line: str) -> Line:
    """One line of the console consumer."""
    partition, offset, headers, key, value = line.split("\t", 4)
    return Line(
        partition=int(partition.removeprefix("Partition:")),
        offset=int(offset.removeprefix("Offset:")),
        headers=headers,
        key=key,
        value=value,
    )
