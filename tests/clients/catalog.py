"""The clients that the matrix covers, and what each of them can do at all.

`tools/clients_page.py` makes docs/clients.md of it and of what the tests marked `proves` found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import pytest

Row = Literal[
    "produce",
    "consume",
    "resume",
    "rebalance",
    "codecs",
    "transactions",
    "administration",
    "oauthbearer",
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
    "oauthbearer": "OAUTHBEARER",
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
    refusals: tuple[str, ...] = ()
    """What a program's client calls a login that was refused: one of these."""
    reauthenticates: bool = True
    """Whether it logs in again on an open connection before its token ends (KIP-368)."""
    untried: tuple[Row, ...] = ()
    """What it could, and is shown of a client of the table that it contains."""

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
    Client(name="Java client", pin=JAVA, refusals=("SaslAuthenticationException",)),
    Client(
        name="confluent-kafka (Python)",
        pin=(PYTHON, "confluent-kafka"),
        refusals=("_AUTHENTICATION",),
        notes=("looks at a token's end itself: an expired one is not even sent",),
    ),
    Client(
        name="kafka-python",
        pin=(PYTHON, "kafka-python"),
        refusals=("SaslAuthenticationFailedError", "KafkaConnectionError"),
        notes=("tells of a refused login in its log, unless it sees the connection's end first",),
    ),
    Client(
        name="aiokafka",
        pin=(PYTHON, "aiokafka"),
        refusals=("KafkaConnectionError",),
        reauthenticates=False,
        notes=(
            "does not log in again on an open connection: when its token ends it opens another one",
            "takes the refusal of a token for a welcome and then tells of a lost connection",
        ),
    ),
    Client(
        name="franz-go",
        pin=(GO, "github.com/twmb/franz-go"),
        refusals=("SASL_AUTHENTICATION_FAILED",),
    ),
    Client(
        name="sarama",
        pin=(GO, "github.com/IBM/sarama"),
        refusals=("kafka server: SASL Authentication failed",),
    ),
    Client(
        name="KafkaJS",
        pin=(NODE, "kafkajs"),
        refusals=("KafkaJSConnectionClosedError",),
        notes=("takes the refusal of a token for a welcome and then tells of a lost connection",),
    ),
    Client(
        name="@confluentinc/kafka-javascript",
        pin=(NODE, "@confluentinc/kafka-javascript"),
        lacks=frozenset({"retention", "altered", "grown"}),
        refusals=("SASL authentication error",),
        notes=(
            "has no calls for configurations and for more partitions",
            "tells of a refused login in its log; its calls say that the transport broke",
        ),
    ),
    Client(
        name="rust-rdkafka",
        pin=(RUST, "rdkafka"),
        refusals=("Authentication (Local: Authentication failure)",),
    ),
)
"""Clients with a program of their own in `foreign/`."""

OTHERS: Final[tuple[Client, ...]] = (
    Client(
        name="kcat",
        pin=("kcat -V", "kcat"),
        can=("produce", "consume", "resume", "rebalance", "codecs"),
        notes=(
            "has no administration",
            "as Debian builds it has no way to a signed token; its unsigned ones are refused",
        ),
    ),
    Client(
        name="kafka-console-producer, kafka-console-consumer",
        pin=TOOLS,
        can=("produce", "consume", "resume", "rebalance", "codecs", "oauthbearer"),
    ),
    Client(name="kafka-topics", pin=TOOLS, can=("administration", "oauthbearer")),
    Client(name="kafka-configs", pin=TOOLS, can=("administration", "oauthbearer")),
    Client(name="kafka-acls", pin=TOOLS, can=("administration", "oauthbearer")),
    Client(name="kafka-consumer-groups", pin=TOOLS, can=("administration", "oauthbearer")),
    Client(name="VerifiableProducer", pin=TOOLS, can=("produce",), untried=("oauthbearer",)),
    Client(
        name="VerifiableConsumer",
        pin=TOOLS,
        can=("consume", "resume", "rebalance"),
        untried=("oauthbearer",),
    ),
    Client(
        name="ClientCompatibilityTest",
        pin=TOOLS,
        can=("produce", "consume", "administration"),
        notes=("has no options for credentials: it meets a broker that asks for none",),
    ),
    Client(
        name="kafka-transactions",
        pin=TOOLS,
        can=("transactions", "administration"),
        untried=("oauthbearer",),
    ),
    Client(
        name="TransactionalMessageCopier",
        pin=TOOLS,
        can=("transactions",),
        notes=("has no options for credentials either",),
    ),
    Client(
        name="Kafka Streams",
        pin=(JAVA[0], "kafka-streams"),
        can=("produce", "consume", "resume", "transactions", "administration", "oauthbearer"),
        notes=("is a word count that goes on when started again, at least and exactly once",),
    ),
    Client(
        name="Kafka Connect",
        pin=(JAVA[0], "connect-file"),
        can=("produce", "consume", "resume", "oauthbearer"),
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
