"""The part of confluent_kafka's admin client that topics use, with the types it lacks."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol

from confluent_kafka import TopicCollection

# `confluent_kafka.admin` documents these names as its own but does not mark them as exported.
from confluent_kafka.admin._config import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
)
from confluent_kafka.admin._metadata import ClusterMetadata
from confluent_kafka.admin._topic import TopicDescription
from confluent_kafka.cimpl import NewPartitions, NewTopic

__all__ = [
    "AlterConfigOpType",
    "ClusterMetadata",
    "ConfigEntry",
    "ConfigResource",
    "ConfigSource",
    "KafkaAdmin",
    "NewPartitions",
    "NewTopic",
    "TopicCollection",
    "TopicDescription",
]


class KafkaAdmin(Protocol):
    """An open admin client; leaving it as a context manager closes it."""

    def list_topics(self, *, timeout: float) -> ClusterMetadata: ...

    def create_topics(
        self, new_topics: list[NewTopic], /, *, request_timeout: float, validate_only: bool
    ) -> dict[str, Future[None]]: ...

    def create_partitions(
        self, new_partitions: list[NewPartitions], /, *, request_timeout: float, validate_only: bool
    ) -> dict[str, Future[None]]: ...

    def delete_topics(
        self, topics: list[str], /, *, request_timeout: float
    ) -> dict[str, Future[None]]: ...

    def describe_topics(
        self, topics: TopicCollection, /, *, request_timeout: float
    ) -> dict[str, Future[TopicDescription]]: ...

    def describe_configs(
        self, resources: list[ConfigResource], /, *, request_timeout: float
    ) -> dict[ConfigResource, Future[dict[str, ConfigEntry]]]: ...

    def incremental_alter_configs(
        self, resources: list[ConfigResource], /, *, request_timeout: float, validate_only: bool
    ) -> dict[ConfigResource, Future[None]]: ...

    def __enter__(self) -> object: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> bool | None: ...


def topic_resource(name: str) -> ConfigResource:
    return ConfigResource(ConfigResource.Type.TOPIC, name)


def topic_changes(name: str, changes: Mapping[str, str | None]) -> ConfigResource:
    """The topic with what its configuration is changed to; None stands for the default."""
    entries = [
        ConfigEntry(
            entry,
            value,
            incremental_operation=(
                AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET
            ),
        )
        for entry, value in changes.items()
    ]
    return ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)


def topic_names(names: Sequence[str]) -> TopicCollection:
    return TopicCollection(list(names))
