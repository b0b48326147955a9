"""Java in transactions: a copier that commits offsets with its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.clients.java_tools import java
from tests.clients.programs import run
from tests.clients.samples import PATIENCE_SECONDS, poll_until
from tests.parity.brokers import native

pytestmark = pytest.mark.xdist_group("clients-java")

COPIER = "org.apache.kafka.tools.TransactionalMessageCopier"
TRANSACTIONS = "org.apache.kafka.tools.TransactionsCommand"
RECORDS = 60
PER_TRANSACTION = 10


def test_a_copier_that_aborts_at_random_copies_everything_once(tmp_path: Path) -> None:
    """By the second protocol (KIP-890), which Java's clients speak if the broker says so."""
    with native(tmp_path) as port:
        bootstrap = f"127.0.0.1:{port}"
        admin: Any = AdminClient({"bootstrap.servers": bootstrap})
        for name in ("from", "to"):
            admin.create_topics([NewTopic(name, 1, 1)])[name].result(PATIENCE_SECONDS)
        feeder = Producer({"bootstrap.servers": bootstrap})
        for number in range(RECORDS):
            feeder.produce("from", str(number).encode())
        assert feeder.flush(PATIENCE_SECONDS) == 0

        options = ["--input-topic", "from", "--input-partition", "0", "--output-topic", "to"]
        options += ["--broker-list", bootstrap, "--transactional-id", "copier"]
        options += ["--consumer-group", "copiers", "--max-messages", str(RECORDS)]
        options += ["--transaction-size", str(PER_TRANSACTION), "--enable-random-aborts"]
        run([*java(), COPIER, *options])

        assert committed(bootstrap, "to", RECORDS) == [str(number) for number in range(RECORDS)]
        told = [*java(), TRANSACTIONS, "--bootstrap-server", bootstrap]
        described = run([*told, "describe", "--transactional-id", "copier"])
        row = described[-1].split()
        epoch, state = int(row[3]), row[4]
        assert epoch >= RECORDS // PER_TRANSACTION, "every transaction has an epoch of its own"
        assert state == "CompleteCommit"


def committed(bootstrap: str, topic: str, count: int) -> list[str]:
    config = {
        "bootstrap.servers": bootstrap,
        "group.id": "judge",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
    consumer, found = Consumer(config), list[str]()
    consumer.subscribe([topic])

    def take() -> None:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            found.append((message.value() or b"").decode())

    poll_until(lambda: len(found) >= count, take, f"{count} records")
    consumer.close()
    return found
