"""confluent-kafka's admin client as a keeper of access rules, and a producer that feels them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Protocol, cast

from confluent_kafka import KafkaError, Message, Producer
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


def admin(options: Mapping[str, str]) -> AclAdmin:
    """An admin client with librdkafka's options."""
    settings: dict[str, str | int | float | bool] = {**options}
    return AdminClient(settings)


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


def produced(producer: Producer, topic: str) -> KafkaError | None:
    """What becomes of one record."""
    outcomes: list[KafkaError | None] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        outcomes.append(error)

    producer.produce(topic, "value", partition=0, on_delivery=delivered)
    assert producer.flush(PATIENCE_SECONDS) == 0
    (outcome,) = outcomes
    return outcome
