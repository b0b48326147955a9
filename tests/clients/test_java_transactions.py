"""Java in transactions: a copier that commits offsets with its records; administration of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer

from tests.clients import reference
from tests.clients.catalog import proves
from tests.clients.java_tools import JavaTools, java, write_config
from tests.clients.programs import run
from tests.clients.samples import PATIENCE_SECONDS
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster
from tests.parity.brokers import native

pytestmark = pytest.mark.xdist_group("clients-java")

COPIER = "org.apache.kafka.tools.TransactionalMessageCopier"
TRANSACTIONS = "org.apache.kafka.tools.TransactionsCommand"
RECORDS = 60
PER_TRANSACTION = 10


@proves("TransactionalMessageCopier", "transactions")
def test_a_copier_that_aborts_at_random_copies_everything_once(
    java_tools: JavaTools, tmp_path: Path
) -> None:
    """By the second protocol (KIP-890), which Java's clients speak if the broker says so."""
    with native(tmp_path) as port:
        bootstrap = f"127.0.0.1:{port}"
        settings = {"bootstrap.servers": bootstrap}
        for topic in ("from", "to"):
            reference.create_topic_without_credentials(bootstrap, topic)
        values = [str(number) for number in range(RECORDS)]
        reference.send_values(settings, "from", values)

        options = ["--input-topic", "from", "--input-partition", "0", "--output-topic", "to"]
        options += ["--broker-list", bootstrap, "--transactional-id", "copier"]
        options += ["--consumer-group", "copiers", "--max-messages", str(RECORDS)]
        options += ["--transaction-size", str(PER_TRANSACTION), "--enable-random-aborts"]
        run([*java(), COPIER, *options, "--group-mode", "--use-group-metadata"])

        copied = reference.read_committed(settings, "to")
        assert [record["value"] for record in copied] == values
        asked = ("--bootstrap-server", bootstrap, "describe", "--transactional-id", "copier")
        described = java_tools.run(TRANSACTIONS, *asked)
        row = described[-1].split()
        epoch, state = int(row[3]), row[4]
        assert epoch >= RECORDS // PER_TRANSACTION, "every transaction has an epoch of its own"
        assert state == "CompleteCommit"


@proves("kafka-transactions", "transactions", "administration")
def test_an_administrator_finds_describes_aborts_and_ends_transactions(
    kafka_cluster: KafkaCluster, java_tools: JavaTools, tmp_path: Path
) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("administered", 1)
    name = f"tx-{topic}"
    producer = _left_open(access, name, topic)
    settings = access.librdkafka()
    config = str(write_config(tmp_path, access))

    def tool(*options: str) -> list[str]:
        server = ("--bootstrap-server", access.bootstrap, "--command-config", config)
        return java_tools.run(TRANSACTIONS, *server, *options)

    listed = tool("list")
    assert any(name in line and "Ongoing" in line for line in listed)
    described = tool("describe", "--transactional-id", name)
    assert f"{topic}-0" in described[-1]
    # Of any age: an open transaction that its coordinator knows is not called hanging.
    hanging = tool("find-hanging", "--broker-id", "1", "--max-transaction-timeout", "0")
    assert not any(topic in line for line in hanging)

    partition = ("--topic", topic, "--partition", "0")
    assert tool("describe-producers", *partition)[-1].split()[-1] == "0", "where it began"
    reference.send_values(settings, topic, ["behind it"])
    tool("abort", *partition, "--start-offset", "0")
    seen = reference.read_committed(settings, topic)
    assert [record["value"] for record in seen] == ["behind it"]

    tool("forceTerminateTransaction", "--transactionalId", name)
    with pytest.raises(KafkaException) as refused:
        producer.commit_transaction(PATIENCE_SECONDS)
    assert refused.value.args[0].fatal()


def _left_open(access: KafkaAccess, name: str, topic: str) -> Producer:
    """A producer whose transaction has a record and no end."""
    producer = Producer(access.librdkafka() | {"transactional.id": name})
    producer.init_transactions(PATIENCE_SECONDS)
    producer.begin_transaction()
    producer.produce(topic, b"left open")
    assert producer.flush(PATIENCE_SECONDS) == 0
    return producer
