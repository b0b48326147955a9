"""`headrace group` as scripts use it, against a running service."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from control_plane.kafka.admin import KafkaAdmin
from headrace import Client, ConflictError, NotFoundError
from headrace.cli.commands import groups
from headrace.cli.shell import Shell
from tests.fixtures.kafka_access import KafkaCluster
from tests.fixtures.waiting import eventually
from tests.sdk.conftest import SECONDS_MAX, Run, json_of
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("sdk")


def admin_of(cluster: KafkaCluster) -> KafkaAdmin:
    return AdminClient({**cluster.access().librdkafka()})


def commit(cluster: KafkaCluster, group: str, topic: str, *offsets: int) -> None:
    places = [TopicPartition(topic, index, at) for index, at in enumerate(offsets)]
    admin = admin_of(cluster)  # kept: without it nothing would answer
    futures = admin.alter_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group, places)], request_timeout=SECONDS_MAX
    )
    futures[group].result(SECONDS_MAX)


def test_what_scripts_do_with_a_group(
    run: Run, kafka_cluster: KafkaCluster, tmp_path: Path
) -> None:
    topic = kafka_cluster.topic("grouped", 2)
    sent = run("produce", topic, "--cluster", kafka_cluster.id, given="one\ntwo\nthree\n")
    assert sent.returncode == 0, sent.stderr
    commit(kafka_cluster, "a/group", topic, 0, 0)
    group = ("a/group", "--cluster", kafka_cluster.id)

    listed = json_of(run("group", "list", *group[1:], "--state", "empty", "-ojson"))
    assert "a/group" in [one["group_id"] for one in listed]
    shown = json_of(run("group", "show", *group, "-ojson"))
    assert (shown["state"], shown["members"], shown["lag"]["lag"]) == ("empty", [], 3)
    assert [one["committed_offset"] for one in shown["offsets"]] == [0, 0]

    change = ("group", "reset", *group, "--to", "latest", "--topic", f"{topic}:0,1")
    preview = json_of(run(*change, "--dry-run", "-ojson"))
    assert (preview["lag_before"], preview["lag_after"]) == (3, 0)
    made = run(*change, "-ojson")
    assert json_of(made)["changes"] == preview["changes"]
    answer = tmp_path / "answer.json"
    answer.write_text(made.stdout, encoding="utf-8")
    back = json_of(run("group", "reset", *group, "--undo", str(answer), "-ojson"))
    assert (back["lag_before"], back["lag_after"]) == (0, 3)

    gone = json_of(run("group", "delete", *group, "--topic", topic, "-ojson"))
    assert [change["after"] for change in gone["changes"]] == [None, None]
    commit(kafka_cluster, "a/group", topic, 1)
    assert json_of(run("group", "delete", *group, "-ojson")) == {"deleted": "a/group"}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--to", "latest", "--by", "3"),
        ("--to", "whenever"),
        ("--to", "latest", "--topic", "t:one"),
        ("--undo", "/nowhere"),
    ],
)
def test_a_reset_says_where_to(arguments: tuple[str, ...]) -> None:
    command = ["reset", "g", "--cluster", "c", *arguments]
    assert CliRunner().invoke(groups.app, command, obj=Shell()).exit_code == 2


def test_programs_are_told_what_is_wrong(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("busy", 1)
    access = running_service.ready
    consumer = Consumer({**kafka_cluster.access().librdkafka(), "group.id": "busy-group"})
    with Client(access.api_url, access.api_key) as client:
        with pytest.raises(NotFoundError):
            client.groups.reset(kafka_cluster.id, "no-group", {"to": "latest"})
        consumer.subscribe([topic])
        try:
            eventually(lambda: consumer.poll(0.1) or consumer.assignment(), "nobody joined")
            with pytest.raises(ConflictError) as refused:
                client.groups.reset(
                    kafka_cluster.id, "busy-group", {"to": "latest", "topics": [{"topic": topic}]}
                )
            members = client.groups.get(kafka_cluster.id, "busy-group").members
        finally:
            consumer.close()
    assert refused.value.code == "group_active"
    assert [one.partitions[0].topic for one in members] == [topic]
