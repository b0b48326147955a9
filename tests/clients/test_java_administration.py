"""Apache Kafka's own administration tools, with the credentials printed for a cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, ThrottleEvent, TopicPartition

from tests.clients.acl_admin import produced
from tests.clients.catalog import proves
from tests.clients.java_tools import JavaTools, write_config
from tests.clients.mill import Mill
from tests.clients.samples import PATIENCE_SECONDS, poll_until
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster

pytestmark = pytest.mark.xdist_group("clients-java")

ACLS = "org.apache.kafka.tools.AclCommand"
CONFIGS = "kafka.admin.ConfigCommand"
TOPICS = "org.apache.kafka.tools.TopicCommand"
GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
LOG_DIRS = "org.apache.kafka.tools.LogDirsCommand"
ELECTION = "org.apache.kafka.tools.LeaderElectionCommand"
DELETE_RECORDS = "org.apache.kafka.tools.DeleteRecordsCommand"
TRANSACTIONS = "org.apache.kafka.tools.TransactionsCommand"
QUORUM = "org.apache.kafka.tools.MetadataQuorumCommand"

Tool = Callable[..., str]


@pytest.fixture
def access(kafka_cluster: KafkaCluster) -> KafkaAccess:
    return kafka_cluster.access()


@pytest.fixture
def tool(java_tools: JavaTools, access: KafkaAccess, tmp_path: Path) -> Tool:
    """Runs a tool against the cluster; what it prints, once it has succeeded."""
    config = write_config(tmp_path, access)

    def call(program: str, *options: str, config_option: str = "--command-config") -> str:
        server = ("--bootstrap-server", access.bootstrap, config_option, str(config))
        return "\n".join(java_tools.run(program, *server, *options))

    return call


@proves("kafka-configs", "administration")
def test_configurations_are_altered_described_and_put_back(
    kafka_cluster: KafkaCluster, tool: Tool
) -> None:
    topic = kafka_cluster.topic("configured")
    of_topic = ("--entity-type", "topics", "--entity-name", topic)

    tool(CONFIGS, *of_topic, "--alter", "--add-config", "retention.ms=60000,segment.ms=7000")
    tool(CONFIGS, *of_topic, "--alter", "--delete-config", "segment.ms")
    described = tool(CONFIGS, *of_topic, "--describe", "--all")

    assert "retention.ms=60000 sensitive=false" in described
    assert "DYNAMIC_TOPIC_CONFIG:retention.ms=60000" in described
    assert "DEFAULT_CONFIG:log.retention.ms=604800000" in described
    assert "segment.ms=604800000" in described
    assert "DYNAMIC_TOPIC_CONFIG:segment.ms" not in described


def test_the_broker_is_described(tool: Tool) -> None:
    described = tool(
        CONFIGS, "--entity-type", "brokers", "--entity-name", "1", "--describe", "--all"
    )
    assert "log.retention.ms=604800000" in described
    assert "STATIC_BROKER_CONFIG:num.partitions" in described
    status = tool(QUORUM, "describe", "--status")
    assert re.search(r"LeaderId:\s+1$", status, re.MULTILINE)


@proves("kafka-topics", "administration")
def test_topics_are_made_by_hand_described_grown_and_deleted(
    kafka_cluster: KafkaCluster, tool: Tool
) -> None:
    topic = f"{kafka_cluster.topic('by-hand')}-assigned"
    made = ("--create", "--topic", topic, "--replica-assignment", "1,1")
    assert f"Created topic {topic}" in tool(TOPICS, *made)

    described = tool(TOPICS, "--describe", "--topic", topic)
    assert re.search(r"PartitionCount: 2\s+ReplicationFactor: 1", described)
    assert re.search(r"Partition: 1\s+Leader: 1\s+Replicas: 1\s+Isr: 1", described)

    tool(TOPICS, "--alter", "--topic", topic, "--partitions", "3")
    assert "PartitionCount: 3" in tool(TOPICS, "--describe", "--topic", topic)
    tool(TOPICS, "--delete", "--topic", topic)
    assert topic not in tool(TOPICS, "--list").split()


def test_sizes_producers_and_elections_are_told(
    kafka_cluster: KafkaCluster, access: KafkaAccess, tool: Tool
) -> None:
    topic = kafka_cluster.topic("inspected", 2)
    produce(access, topic, 3)

    sizes = tool(LOG_DIRS, "--describe", "--topic-list", topic)
    (line,) = [line for line in sizes.splitlines() if line.startswith("{")]
    (broker,) = json.loads(line)["brokers"]
    (directory,) = broker["logDirs"]
    rows = {row["partition"]: row["size"] for row in directory["partitions"]}
    assert (directory["error"], rows.keys()) == (None, {f"{topic}-0", f"{topic}-1"})
    assert rows[f"{topic}-0"] > 0 == rows[f"{topic}-1"]

    producers = tool(TRANSACTIONS, "describe-producers", "--topic", topic, "--partition", "0")
    heading, row = producers.splitlines()[-2:]
    assert heading.split()[:3] == ["ProducerId", "ProducerEpoch", "LatestCoordinatorEpoch"]
    assert int(row.split()[0]) >= 0

    partition = ("--topic", topic, "--partition", "0")
    elected = tool(
        ELECTION, "--election-type", "PREFERRED", *partition, config_option="--admin.config"
    )
    assert "already elected" in elected


def test_records_are_deleted_before_an_offset(
    kafka_cluster: KafkaCluster, access: KafkaAccess, tool: Tool, tmp_path: Path
) -> None:
    topic = kafka_cluster.topic("deleted", 1)
    produce(access, topic, 5)
    wanted = {"partitions": [{"topic": topic, "partition": 0, "offset": 3}], "version": 1}
    file = tmp_path / "offsets.json"
    file.write_text(json.dumps(wanted), encoding="utf-8")

    deleted = tool(DELETE_RECORDS, "--offset-json-file", str(file))

    assert re.search(rf"partition: {topic}-0\s+low_watermark: 3", deleted)
    reader = Consumer({**access.librdkafka(), "group.id": "after-deletion"})
    low, high = reader.get_watermark_offsets(TopicPartition(topic, 0), PATIENCE_SECONDS)
    reader.close()
    assert (low, high) == (3, 5)


@proves("kafka-consumer-groups", "administration")
def test_a_group_forgets_what_it_read(
    kafka_cluster: KafkaCluster, access: KafkaAccess, tool: Tool
) -> None:
    topic, group = kafka_cluster.topic("forgotten", 1), "forgetting"
    produce(access, topic, 3)
    of_group = ("--group", group, "--topic", topic)

    tool(GROUPS, *of_group, "--reset-offsets", "--to-offset", "2", "--execute")
    assert re.search(
        rf"{group}\s+{topic}\s+0\s+2\s+3\s+1", tool(GROUPS, "--describe", "--group", group)
    )
    deleted = tool(GROUPS, *of_group, "--delete-offsets")
    assert re.search(rf"{topic}\s+0\s+Successful", deleted)
    assert topic not in tool(GROUPS, "--describe", "--group", group)
    assert group in tool(GROUPS, "--list", "--state", "Empty", "--type", "classic")
    assert group in tool(CONFIGS, "--entity-type", "groups", "--entity-name", group, "--describe")


@proves("kafka-acls", "administration")
def test_access_rules_are_kept(kafka_cluster: KafkaCluster, tool: Tool) -> None:
    topic = kafka_cluster.topic("java-ruled", 1)
    of_topic = ("--topic", topic)
    of_prefix = ("--topic", f"{topic}-", "--resource-pattern-type", "prefixed")

    tool(ACLS, "--add", "--allow-principal", "User:reader", "--operation", "Read", *of_topic)
    tool(ACLS, "--add", "--deny-principal", "User:*", "--operation", "Write", *of_prefix)
    listed = tool(ACLS, "--list", "--topic", f"{topic}-eu", "--resource-pattern-type", "match")
    everything = tool(ACLS, "--list")
    tool(ACLS, "--remove", "--force", *of_topic)
    tool(ACLS, "--remove", "--force", *of_prefix)

    denied = "principal=User:*, host=*, operation=WRITE, permissionType=DENY"
    allowed = "principal=User:reader, host=*, operation=READ, permissionType=ALLOW"
    assert denied in listed
    assert allowed not in listed
    assert denied in everything
    assert allowed in everything
    assert topic not in tool(ACLS, "--list")


def produce(access: KafkaAccess, topic: str, count: int) -> None:
    """Send records to the first partition as an idempotent producer."""
    producer = Producer({**access.librdkafka(), "enable.idempotence": True})
    for number in range(count):
        producer.produce(topic, f"value {number}", partition=0)
    assert producer.flush(PATIENCE_SECONDS) == 0


def test_quotas_are_set_described_and_removed(kafka_cluster: KafkaCluster, tool: Tool) -> None:
    user = f"quota-{kafka_cluster.topic('limited')}"
    of_user = ("--entity-type", "users", "--entity-name", user)
    of_client = (*of_user, "--entity-type", "clients", "--entity-default")

    rates = "producer_byte_rate=1048576,request_percentage=50,controller_mutation_rate=10"
    tool(CONFIGS, *of_client, "--alter", "--add-config", rates)
    tool(CONFIGS, *of_client, "--alter", "--delete-config", "request_percentage")
    described = tool(CONFIGS, *of_user, "--entity-type", "clients", "--describe")
    assert "producer_byte_rate=1048576.0" in described
    assert "controller_mutation_rate=10.0" in described
    assert "request_percentage" not in described

    of_address = ("--entity-type", "ips", "--entity-name", "127.9.9.9")
    tool(CONFIGS, *of_address, "--alter", "--add-config", "connection_creation_rate=50")
    assert "connection_creation_rate=50.0" in tool(CONFIGS, *of_address, "--describe")


def test_scram_users_are_made_described_used_and_deleted(
    kafka_cluster: KafkaCluster, access: KafkaAccess, tool: Tool
) -> None:
    topic = kafka_cluster.topic("by-a-user")
    user = f"user-{topic}"
    of_user = ("--entity-type", "users", "--entity-name", user)
    own = replace(access, username=user, password="a-password", mechanism="SCRAM-SHA-512")

    login = "SCRAM-SHA-512=[iterations=4096,password=a-password]"
    tool(CONFIGS, *of_user, "--alter", "--add-config", login)
    produce(own, topic, 1)
    described = tool(CONFIGS, *of_user, "--describe")
    assert "SCRAM-SHA-512=iterations=4096" in described
    assert "a-password" not in described

    tool(CONFIGS, *of_user, "--alter", "--delete-config", "SCRAM-SHA-512")
    assert "iterations" not in tool(CONFIGS, *of_user, "--describe")
    of_key = ("--entity-type", "users", "--entity-name", access.username)
    with pytest.raises(AssertionError, match="API keys"):
        tool(CONFIGS, *of_key, "--alter", "--add-config", login)


def test_a_user_that_was_made_is_bound_by_rules_and_quotas_until_it_is_deleted(
    kafka_cluster: KafkaCluster, access: KafkaAccess, tool: Tool
) -> None:
    topic, closed = kafka_cluster.topic("of-a-user", 1), kafka_cluster.topic("of-others", 1)
    user = f"user-{topic}"
    of_user = ("--entity-type", "users", "--entity-name", user)
    login = "SCRAM-SHA-256=[password=a-password],SCRAM-SHA-512=[password=a-password]"
    tool(CONFIGS, *of_user, "--alter", "--add-config", login)
    rule = ("--add", "--allow-principal", f"User:{user}", "--operation", "Write")
    tool(ACLS, *rule, "--topic", topic)
    others = ("--add", "--allow-principal", "User:somebody", "--operation", "All")
    tool(ACLS, *others, "--topic", closed)
    own = replace(access, username=user, password="a-password")

    assert produced(Producer({**own.librdkafka()}), topic) is None
    refused = produced(Producer({**replace(own, mechanism="SCRAM-SHA-256").librdkafka()}), closed)
    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    denial = ("--add", "--deny-principal", f"User:{user}", "--operation", "Write")
    tool(ACLS, *denial, "--topic", topic)
    denied = produced(Producer({**own.librdkafka()}), topic)
    assert denied is not None
    assert denied.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    tool(ACLS, "--remove", "--force", "--topic", topic)

    tool(CONFIGS, *of_user, "--alter", "--add-config", "producer_byte_rate=1024")
    assert "producer_byte_rate=1024.0" in tool(CONFIGS, *of_user, "--describe")
    await_throttle(own, topic)
    tool(CONFIGS, *of_user, "--alter", "--delete-config", "producer_byte_rate")

    tool(CONFIGS, *of_user, "--alter", "--delete-config", "SCRAM-SHA-256,SCRAM-SHA-512")
    assert "SCRAM" not in tool(CONFIGS, *of_user, "--describe")
    await_refusal(own)


@proves("kafka-topics", "oauthbearer")
@proves("kafka-configs", "oauthbearer")
@proves("kafka-acls", "oauthbearer")
@proves("kafka-consumer-groups", "oauthbearer")
def test_the_tools_log_in_by_tokens_of_an_issuer(
    mill: Mill, java_tools: JavaTools, tmp_path: Path
) -> None:
    config = tmp_path / "client.properties"
    config.write_text(mill.java("keeper"), encoding="utf-8")
    server = ("--bootstrap-server", mill.address, "--command-config", str(config))
    topic = mill.kafka.topic("by-tokens", 1)
    of_topic = ("--topic", topic)

    assert topic in java_tools.run(TOPICS, *server, "--list")
    altered = ("--entity-type", "topics", "--entity-name", topic, "--alter")
    java_tools.run(CONFIGS, *server, *altered, "--add-config", "retention.ms=60000")
    rule = ("--add", "--allow-principal", "User:oauth:keeper", "--operation", "All")
    java_tools.run(ACLS, *server, *rule, *of_topic)
    listed = "\n".join(java_tools.run(ACLS, *server, "--list", *of_topic))
    assert "principal=User:oauth:keeper, host=*, operation=ALL, permissionType=ALLOW" in listed
    moved = ("--group", topic, *of_topic, "--reset-offsets", "--to-earliest", "--execute")
    java_tools.run(GROUPS, *server, *moved)
    assert topic in java_tools.run(GROUPS, *server, "--list")


def await_throttle(access: KafkaAccess, topic: str) -> None:
    """Fails if a producer that sends much more than its rate is not told to wait."""
    throttles: list[ThrottleEvent] = []
    producer = Producer({**access.librdkafka(), "throttle_cb": throttles.append})
    for _ in range(20):
        producer.produce(topic, b"x" * 1_000, partition=0)

    def step() -> None:
        producer.poll(0.1)

    poll_until(lambda: any(one.throttle_time > 0 for one in throttles), step, "a throttle")
    producer.purge()


def await_refusal(access: KafkaAccess) -> None:
    """Fails if the user is not refused."""
    errors: list[KafkaError] = []
    producer = Producer({**access.librdkafka(), "error_cb": errors.append})

    def refusals() -> list[KafkaError]:
        return [one for one in errors if one.code() == KafkaError._AUTHENTICATION]  # noqa: SLF001

    def step() -> None:
        producer.poll(0.1)

    poll_until(lambda: bool(refusals()), step, "a refusal")
