"""confluent-kafka's admin client against a cluster."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TypeVar

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from control_plane.kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    KafkaAdmin,
)
from tests.clients.samples import PATIENCE_SECONDS
from tests.fixtures.kafka_access import KafkaCluster

pytestmark = pytest.mark.xdist_group("clients-confluent")

ResultT = TypeVar("ResultT")


class Topic:
    """A topic as an administrator handles it."""

    def __init__(self, cluster: KafkaCluster, label: str) -> None:
        options: dict[str, str | int | float | bool] = {**cluster.access().librdkafka()}
        self._client: KafkaAdmin = AdminClient(options)
        self._name = cluster.topic(label)

    def alter(self, *entries: ConfigEntry) -> None:
        """Change configurations; raises what the broker refuses."""
        resource = ConfigResource(
            ConfigResource.Type.TOPIC, self._name, incremental_configs=list(entries)
        )
        answer(
            self._client.incremental_alter_configs(
                [resource], request_timeout=PATIENCE_SECONDS, validate_only=False
            )
        )

    def value(self, name: str) -> tuple[str | None, bool]:
        """The value of a configuration, and whether it is the default."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, self._name)
        futures = self._client.describe_configs([resource], request_timeout=PATIENCE_SECONDS)
        entry = answer(futures)[name]
        return entry.value, entry.is_default


def answer(futures: dict[ConfigResource, Future[ResultT]]) -> ResultT:
    """The answer about the only resource that was asked about."""
    (future,) = futures.values()
    return future.result(PATIENCE_SECONDS)


def changed(
    name: str, value: str | None, operation: AlterConfigOpType = AlterConfigOpType.SET
) -> ConfigEntry:
    return ConfigEntry(name, value, incremental_operation=operation)


def test_configurations_are_set_put_back_and_lists_grow_and_shrink(
    kafka_cluster: KafkaCluster,
) -> None:
    topic = Topic(kafka_cluster, "confluent-configured")
    topic.alter(changed("retention.ms", "60000"), changed("segment.ms", "7000"))
    topic.alter(changed("segment.ms", None, AlterConfigOpType.DELETE))
    assert topic.value("retention.ms") == ("60000", False)
    assert topic.value("segment.ms") == ("604800000", True)
    topic.alter(changed("cleanup.policy", "delete", AlterConfigOpType.SUBTRACT))
    assert topic.value("cleanup.policy") == ("", False)
    topic.alter(changed("cleanup.policy", "delete", AlterConfigOpType.APPEND))
    assert topic.value("cleanup.policy") == ("delete", False)


def test_a_change_that_can_not_be_is_refused_by_name_and_changes_nothing(
    kafka_cluster: KafkaCluster,
) -> None:
    topic = Topic(kafka_cluster, "confluent-refused")

    with pytest.raises(KafkaException) as refused:
        topic.alter(changed("segment.ms", "7000"), changed("cleanup.policy", "compost"))

    error = refused.value.args[0]
    assert isinstance(error, KafkaError)
    assert error.code() == KafkaError.INVALID_CONFIG
    assert "there are no other policies" in error.str()
    assert topic.value("segment.ms") == ("604800000", True)
