"""The clients that the matrix covers, and what each of them can do at all.

`tools/clients_page.py` makes docs/clients.md of it and of what the tests marked `proves` found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import pytest

Row = Literal[
    "produce", "consume", "resume", "rebalance", "codecs", "transactions", "administration"
]
EVERY_ROW: Final[tuple[Row, ...]] = get_args(Row)

TITLES: Final[Mapping[Row, str]] = {
    "produce": "produce",
    "consume": "consume",
    "resume": "commit and resume",
    "rebalance": "rebalance",
    "codecs": "gzip, snappy, lz4, zstd",
    "transactions": "transactions",
    "administration": "administration",
}

SWITCHED_OFF: Final[frozenset[Row]] = frozenset()
"""What the broker refuses so far."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client, or a tool or framework that contains one.

    `pin` says where its version is written down: a file below the root, and the name there.
    """

    name: str
    pin: tuple[str, str]
    can: tuple[Row, ...] = EVERY_ROW
    notes: tuple[str, ...] = ()
    lacks: frozenset[str] = field(default_factory=frozenset[str])
    """Fields of an administration answer for which the client has no call."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is proved of it now."""
        return tuple(row for row in self.can if row not in SWITCHED_OFF)


JAVA: Final = ("tools/java_artifacts.pom.xml", "kafka-clients")
TOOLS: Final = ("tools/java_artifacts.pom.xml", "kafka-tools")
PYTHON: Final = "requirements/dev.lock"
GO: Final = "tests/clients/foreign/go/go.mod"
NODE: Final = "tests/clients/foreign/node/package.json"
RUST: Final = "tests/clients/foreign/rust/Cargo.lock"

PROGRAMS: Final[tuple[Client, ...]] = (
    Client(name="Java client", pin=JAVA),
    Client(name="confluent-kafka (Python)", pin=(PYTHON, "confluent-kafka")),
    Client(name="kafka-python", pin=(PYTHON, "kafka-python")),
    Client(name="aiokafka", pin=(PYTHON, "aiokafka")),
    Client(name="franz-go", pin=(GO, "github.com/twmb/franz-go")),
    Client(name="sarama", pin=(GO, "github.com/IBM/sarama")),
    Client(name="KafkaJS", pin=(NODE, "kafkajs")),
    Client(
        name="@confluentinc/kafka-javascript",
        pin=(NODE, "@confluentinc/kafka-javascript"),
        lacks=frozenset({"retention", "altered", "grown"}),
        notes=("has no calls for configurations and for more partitions",),
    ),
    Client(name="rust-rdkafka", pin=(RUST, "rdkafka")),
)
"""Clients with a program of their own in `foreign/`."""

OTHERS: Final[tuple[Client, ...]] = (
    Client(
        name="kcat",
        pin=("kcat -V", "kcat"),
        can=("produce", "consume", "resume", "rebalance", "codecs"),
        notes=("has no administration",),
    ),
    Client(
        name="kafka-console-producer, kafka-console-consumer",
        pin=TOOLS,
        can=("produce", "consume", "resume", "rebalance", "codecs"),
    ),
    Client(name="kafka-topics", pin=TOOLS, can=("administration",)),
    Client(name="kafka-configs", pin=TOOLS, can=("administration",)),
    Client(name="kafka-consumer-groups", pin=TOOLS, can=("administration",)),
    Client(name="VerifiableProducer", pin=TOOLS, can=("produce",)),
    Client(name="VerifiableConsumer", pin=TOOLS, can=("consume", "resume", "rebalance")),
    Client(
        name="ClientCompatibilityTest",
        pin=TOOLS,
        can=("produce", "consume", "administration"),
        notes=("has no options for credentials: it meets a broker that asks for none",),
    ),
    Client(name="kafka-transactions", pin=TOOLS, can=("transactions", "administration")),
    Client(
        name="TransactionalMessageCopier",
        pin=TOOLS,
        can=("transactions",),
        notes=("has no options for credentials either",),
    ),
    Client(
        name="Kafka Streams",
        pin=(JAVA[0], "kafka-streams"),
        can=("produce", "consume", "resume", "transactions", "administration"),
        notes=("is a word count that goes on when started again, at least and exactly once",),
    ),
    Client(
        name="Kafka Connect",
        pin=(JAVA[0], "connect-file"),
        can=("produce", "consume", "resume"),
        notes=("is a standalone worker with the file source and sink, stopped and started again",),
    ),
)
"""Clients that the other files of this folder test."""

CLIENTS: Final = (*PROGRAMS, *OTHERS)


def named(name: str) -> Client:
    """The client of that name."""
    (found,) = (client for client in CLIENTS if client.name == name)
    return found


def proves(client: str, *rows: Row) -> pytest.MarkDecorator:
    """Marks a test without which the matrix would not say that a client can do something."""
    assert set(rows) <= set(named(client).can), (client, rows)
    return pytest.mark.proves(client, *rows)
