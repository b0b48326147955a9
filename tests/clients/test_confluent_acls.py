"""confluent-kafka's admin client keeps the access rules of a cluster, and a producer feels them."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

# `confluent_kafka.admin` documents this name as its own but does not mark it as exported.
from confluent_kafka.admin._acl import AclOperation

from tests.clients.acl_admin import about, admin, create, delete, produced, rule
from tests.clients.samples import PATIENCE_SECONDS
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster

pytestmark = pytest.mark.xdist_group("clients-confluent")


def opened(access: KafkaAccess) -> Producer:
    """A producer that knows of no refusal; librdkafka keeps one until its metadata is old."""
    return Producer({**access.librdkafka()})


def test_rules_are_made_described_and_deleted_and_hold_on_open_connections(
    kafka_cluster: KafkaCluster,
) -> None:
    topic, access = kafka_cluster.topic("ruled", 1), kafka_cluster.access()
    client = admin(access.librdkafka())
    producer = opened(access)
    assert produced(producer, topic) is None
    reader = rule(topic, "User:somebody", AclOperation.READ)

    create(client, reader)
    refused = produced(producer, topic)
    writer = rule(topic, f"User:{access.username}", AclOperation.WRITE)
    create(client, writer)
    allowed = produced(opened(access), topic)
    described = client.describe_acls(about(topic), request_timeout=PATIENCE_SECONDS)

    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert allowed is None
    assert sorted(described.result(PATIENCE_SECONDS)) == sorted([reader, writer])
    assert sorted(delete(client, about(topic))) == sorted([reader, writer])
    assert produced(opened(access), topic) is None


def test_a_rule_that_can_not_hold_is_refused_in_words(kafka_cluster: KafkaCluster) -> None:
    client = admin(kafka_cluster.access().librdkafka())

    with pytest.raises(KafkaException) as refused:
        create(client, rule("orders", "somebody", AclOperation.READ))

    error = refused.value.args[0]
    assert isinstance(error, KafkaError)
    assert error.code() == KafkaError.INVALID_REQUEST
    assert "User:<name>" in error.str()
