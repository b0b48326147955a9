"""confluent-kafka's admin client keeps the access rules of a cluster, and a producer feels them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

# `confluent_kafka.admin` documents these names as its own but does not mark them as exported.
from confluent_kafka.admin._acl import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
)
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from tests.clients.samples import PATIENCE_SECONDS
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster

pytestmark = pytest.mark.xdist_group("clients-confluent")

FILTER = cast("Callable[..., AclBindingFilter]", AclBindingFilter)
"""Its texts may be None for "any", which its annotations leave out."""


class AclAdmin(Protocol):
    """The part of the admin client that keeps access rules, with the types it lacks."""

    def create_acls(
        self, acls: list[AclBinding], *, request_timeout: float
    ) -> dict[AclBinding, Future[None]]: ...

    def describe_acls(
        self, acl_binding_filter: AclBindingFilter, *, request_timeout: float
    ) -> Future[list[AclBinding]]: ...

    def delete_acls(
        self, acl_binding_filters: list[AclBindingFilter], *, request_timeout: float
    ) -> dict[AclBindingFilter, Future[list[AclBinding]]]: ...


def admin(access: KafkaAccess) -> AclAdmin:
    options: dict[str, str | int | float | bool] = {**access.librdkafka()}
    return AdminClient(options)


def rule(topic: str, principal: str, operation: AclOperation) -> AclBinding:
    pattern, allow = ResourcePatternType.LITERAL, AclPermissionType.ALLOW
    return AclBinding(ResourceType.TOPIC, topic, pattern, principal, "*", operation, allow)


def about(topic: str) -> AclBindingFilter:
    """Every rule that decides about a topic."""
    return FILTER(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.MATCH,
        None,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def create(client: AclAdmin, binding: AclBinding) -> None:
    """Make a rule; raises what the broker refuses."""
    (future,) = client.create_acls([binding], request_timeout=PATIENCE_SECONDS).values()
    future.result(PATIENCE_SECONDS)


def delete(client: AclAdmin, wanted: AclBindingFilter) -> list[AclBinding]:
    """Remove rules; those that were removed."""
    (future,) = client.delete_acls([wanted], request_timeout=PATIENCE_SECONDS).values()
    return future.result(PATIENCE_SECONDS)


def opened(access: KafkaAccess) -> Producer:
    """A producer that knows of no refusal; librdkafka keeps one until its metadata is old."""
    return Producer({**access.librdkafka()})


def produced(producer: Producer, topic: str) -> KafkaError | None:
    """What becomes of one record."""
    outcomes: list[KafkaError | None] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        outcomes.append(error)

    producer.produce(topic, "value", partition=0, on_delivery=delivered)
    assert producer.flush(PATIENCE_SECONDS) == 0
    (outcome,) = outcomes
    return outcome


def test_rules_are_made_described_and_deleted_and_hold_on_open_connections(
    kafka_cluster: KafkaCluster,
) -> None:
    topic, access = kafka_cluster.topic("ruled", 1), kafka_cluster.access()
    client = admin(access)
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
    client = admin(kafka_cluster.access())

    with pytest.raises(KafkaException) as refused:
        create(client, rule("orders", "somebody", AclOperation.READ))

    error = refused.value.args[0]
    assert isinstance(error, KafkaError)
    assert error.code() == KafkaError.INVALID_REQUEST
    assert "User:<name>" in error.str()
