"""Reads groups and their offsets by an open admin client."""

from collections.abc import Iterable, Mapping
from enum import Enum

from confluent_kafka import KafkaError

from control_plane.groups.errors import REFUSALS, not_found
from control_plane.groups.groups import Group, GroupMember, ListedGroup, PartitionName
from control_plane.groups.lag import PartitionOffsets
from control_plane.kafka.admin import (
    ConsumerGroupDescription,
    ConsumerGroupListing,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaAdmin,
    ListOffsetsResultInfo,
    OffsetSpec,
    topic_names,
)
from control_plane.kafka.answers import REQUEST_SECONDS_MAX, answer, answer_unless, kafka_error
from control_plane.kafka.log_offsets import EARLIEST, LATEST, NEWEST, list_offsets

# Kafka's own names, where librdkafka's differ.
_STATES: Mapping[Enum, str] = {
    ConsumerGroupState.PREPARING_REBALANCING: "preparing_rebalance",
    ConsumerGroupState.COMPLETING_REBALANCING: "completing_rebalance",
}

_NO_OFFSET = 0  # offsets below it are librdkafka's words for none


def read_groups(client: KafkaAdmin) -> list[ListedGroup]:
    """Return every group that the caller may see."""
    result = answer(client.list_consumer_groups(request_timeout=REQUEST_SECONDS_MAX), REFUSALS)
    for error in result.errors or []:
        raise REFUSALS.to_app_error(kafka_error(error)) from error
    return [_listed(group) for group in result.valid or []]


def find_group(client: KafkaAdmin, group_id: str) -> Group | None:
    """Return the group with its members, None where there is none."""
    futures = client.describe_consumer_groups([group_id], request_timeout=REQUEST_SECONDS_MAX)
    found = answer_unless(futures[group_id], REFUSALS, KafkaError.GROUP_ID_NOT_FOUND)
    # Versions from before KIP-1043 tell a group that is not there as dead.
    if found is None or found.state == ConsumerGroupState.DEAD:
        return None
    return _group(found)


def get_group(client: KafkaAdmin, group_id: str) -> Group:
    """Return the group with its members; raise GroupNotFoundError."""
    group = find_group(client, group_id)
    if group is None:
        raise not_found(group_id)
    return group


def read_committed(client: KafkaAdmin, group_id: str) -> dict[PartitionName, int]:
    """Return what a group has committed."""
    wanted = [ConsumerGroupTopicPartitions(group_id)]
    futures = client.list_consumer_group_offsets(wanted, request_timeout=REQUEST_SECONDS_MAX)
    found = answer(futures[group_id], REFUSALS)
    return {
        PartitionName(one.topic, one.partition): one.offset
        for one in found.topic_partitions or []
        if one.offset >= _NO_OFFSET
    }


def read_offsets(
    client: KafkaAdmin, committed: Mapping[PartitionName, int], names: Iterable[PartitionName]
) -> dict[PartitionName, PartitionOffsets]:
    """Return where the group and each of the partitions stand."""
    wanted = sorted(set(names))
    starts = list_offsets(client, wanted, EARLIEST, REFUSALS)
    ends = list_offsets(client, wanted, LATEST, REFUSALS)
    return {
        name: PartitionOffsets(committed.get(name), _offset(starts[name]), _offset(ends[name]))
        for name in wanted
    }


def read_newest(client: KafkaAdmin, names: Iterable[PartitionName]) -> dict[PartitionName, int]:
    """Return the newest time of a record (ms since 1970) of each partition that has records."""
    found = list_offsets(client, names, NEWEST, REFUSALS)
    return {
        PartitionName(*name): info.timestamp
        for name, info in found.items()
        if info is not None and info.timestamp >= 0
    }


def read_first_since(
    client: KafkaAdmin, names: Iterable[PartitionName], at_ms: int
) -> dict[PartitionName, int | None]:
    """Return the first offset of a time or later in each partition, None where there is none."""
    found = list_offsets(client, names, OffsetSpec.for_timestamp(at_ms), REFUSALS)
    return {PartitionName(*name): _offset(info) for name, info in found.items()}


def read_partitions(client: KafkaAdmin, topics: Iterable[str]) -> dict[str, int]:
    """Return how many partitions each topic has; raise TopicNotFoundError."""
    wanted = sorted(set(topics))
    futures = client.describe_topics(topic_names(wanted), request_timeout=REQUEST_SECONDS_MAX)
    return {topic: len(answer(futures[topic], REFUSALS).partitions) for topic in wanted}


def _offset(info: ListOffsetsResultInfo | None) -> int | None:
    return None if info is None or info.offset < _NO_OFFSET else info.offset


def _state(state: Enum) -> str:
    return _STATES.get(state, state.name.lower())


def _listed(group: ConsumerGroupListing) -> ListedGroup:
    return ListedGroup(
        group_id=group.group_id,
        state=_state(group.state),
        type=group.type.name.lower(),
        is_simple=group.is_simple_consumer_group,
    )


def _group(found: ConsumerGroupDescription) -> Group:
    return Group(
        group_id=found.group_id,
        state=_state(found.state),
        type=found.type.name.lower(),
        is_simple=found.is_simple_consumer_group,
        assignor=found.partition_assignor,
        coordinator=(found.coordinator.host, found.coordinator.port),
        members=[
            GroupMember(
                member_id=member.member_id,
                instance_id=member.group_instance_id or None,
                client_id=member.client_id,
                host=member.host.removeprefix("/"),  # as Java writes addresses
                partitions=sorted(
                    PartitionName(one.topic, one.partition)
                    for one in member.assignment.topic_partitions
                ),
            )
            for member in found.members
        ],
    )
