"""The part of confluent_kafka's admin client that is used here, with the types it lacks."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    TopicCollection,
    TopicPartition,
)

# `confluent_kafka.admin` documents these names as its own but does not mark them as exported.
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._cluster import DescribeClusterResult
from confluent_kafka.admin._config import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
)
from confluent_kafka.admin._group import (
    ConsumerGroupDescription,
    ConsumerGroupListing,
    ListConsumerGroupsResult,
)
from confluent_kafka.admin._listoffsets import ListOffsetsResultInfo, OffsetSpec
from confluent_kafka.admin._metadata import ClusterMetadata
from confluent_kafka.admin._topic import TopicDescription
from confluent_kafka.cimpl import NewPartitions, NewTopic

__all__ = [
    "AclOperation",
    "AlterConfigOpType",
    "ClusterMetadata",
    "ConfigEntry",
    "ConfigResource",
    "ConfigSource",
    "ConsumerGroupDescription",
    "ConsumerGroupListing",
    "ConsumerGroupState",
    "ConsumerGroupTopicPartitions",
    "KafkaAdmin",
    "ListConsumerGroupsResult",
    "ListOffsetsResultInfo",
    "NewPartitions",
    "NewTopic",
    "OffsetSpec",
    "TopicCollection",
    "TopicDescription",
    "TopicPartition",
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

    def list_consumer_groups(
        self, *, request_timeout: float
    ) -> Future[ListConsumerGroupsResult]: ...

    def describe_consumer_groups(
        self, group_ids: list[str], /, *, request_timeout: float
    ) -> dict[str, Future[ConsumerGroupDescription]]: ...

    def list_consumer_group_offsets(
        self, request: list[ConsumerGroupTopicPartitions], /, *, request_timeout: float
    ) -> dict[str, Future[ConsumerGroupTopicPartitions]]: ...

    def alter_consumer_group_offsets(
        self, request: list[ConsumerGroupTopicPartitions], /, *, request_timeout: float
    ) -> dict[str, Future[ConsumerGroupTopicPartitions]]: ...

    def delete_consumer_groups(
        self, group_ids: list[str], /, *, request_timeout: float
    ) -> dict[str, Future[None]]: ...

    def list_offsets(
        self, offsets: dict[TopicPartition, OffsetSpec], /, *, request_timeout: float
    ) -> dict[TopicPartition, Future[ListOffsetsResultInfo]]: ...

    def describe_cluster(
        self, *, include_authorized_operations: bool, request_timeout: float
    ) -> Future[DescribeClusterResult]: ...

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
