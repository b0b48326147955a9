"""The programs by which Apache Kafka tests itself: of its client and of its brokers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients import reference
from tests.clients.catalog import proves
from tests.clients.java_tools import java, write_config
from tests.clients.programs import pause, reading, run
from tests.clients.samples import poll_until
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster
from tests.parity.brokers import native

pytestmark = pytest.mark.xdist_group("clients-verifiable")

TOOLS: Final = "org.apache.kafka.tools"
PARTITIONS: Final = 4
COUNT: Final = 1_000
FIRST: Final = 400
"""At least that many are read by the first member; it stops after a whole poll."""


@proves("VerifiableProducer", "produce")
@proves("VerifiableConsumer", "consume", "resume", "rebalance")
def test_what_is_said_to_be_written_is_read_and_committed(
    kafka_cluster: KafkaCluster, tmp_path: Path
) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("verifiable", PARTITIONS)
    config = write_config(tmp_path, access)
    with config.open("a", encoding="utf-8") as file:
        file.write("max.poll.records=100\n")
    reader = tool(access, config, "VerifiableConsumer", topic, "--group-id", topic)

    written = events(
        run(tool(access, config, "VerifiableProducer", topic, "--max-messages", str(COUNT)))
    )
    first = events(run([*reader, "--max-messages", str(FIRST)]))

    (told,) = named(written, "tool_data")
    assert (told["sent"], told["acked"]) == (COUNT, COUNT)
    assert len(named(written, "producer_send_success")) == COUNT
    taken = consumed(first)
    assert FIRST <= taken < COUNT
    with reading(reader) as one, reading(reader) as two:
        members = (one, two)

        def shared() -> bool:
            return all(owned(events(member.lines)) == PARTITIONS // 2 for member in members)

        poll_until(shared, pause, "half of the partitions each")

        def rest() -> int:
            return sum(consumed(events(member.lines)) for member in members)

        poll_until(lambda: rest() >= COUNT - taken, pause, "the records that are left")
        assert rest() == COUNT - taken


@proves("ClientCompatibilityTest", "produce", "consume", "administration")
def test_the_client_finds_everything_that_a_broker_of_its_version_has(tmp_path: Path) -> None:
    """It has no options for credentials, so it meets a broker that asks for none."""
    with native(tmp_path) as port:
        bootstrap = f"127.0.0.1:{port}"
        reference.create_topic_without_credentials(bootstrap, "compatible")
        supported = ["offsets-for-times", "cluster-id", "create-topics", "describe-acls"]
        supported += ["describe-configs", "idempotent-producer"]
        command = [*java(), f"{TOOLS}.ClientCompatibilityTest", "--topic", "compatible"]
        command += ["--bootstrap-server", bootstrap, "--num-cluster-nodes", "1"]
        command += [part for name in supported for part in (f"--{name}-supported", "True")]
        said = run([*command, "--expect-record-too-large-exception", "False"])
    assert said[-1] == "SUCCESS."


def tool(access: KafkaAccess, config: Path, name: str, topic: str, *options: str) -> list[str]:
    """The command line of one of the programs."""
    command = [*java(), f"{TOOLS}.{name}", "--bootstrap-server", access.bootstrap]
    return [*command, "--command-config", str(config), "--topic", topic, *options]


def events(lines: Sequence[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines if line.startswith("{")]


def named(found: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [event for event in found if event["name"] == name]


def consumed(found: Sequence[dict[str, Any]]) -> int:
    return sum(event["count"] for event in named(found, "records_consumed"))


def owned(found: Sequence[dict[str, Any]]) -> int:
    """How many partitions a member was assigned last."""
    assigned = named(found, "partitions_assigned")
    return len(assigned[-1]["partitions"]) if assigned else 0
