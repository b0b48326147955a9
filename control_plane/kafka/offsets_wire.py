"""Sizes of partitions and offsets of all groups, asked of one broker over one connection.

For what looks at many clusters again and again: an admin client of confluent_kafka for each of
them would cost threads and memory that stay. Layouts are those of https://kafka.apache.org/protocol.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby

from control_plane.kafka.connection import BrokerConnection
from control_plane.kafka.errors import ClusterRequestFailedError
from control_plane.kafka.wire import ApiKey, Reader, Writer

LATEST = -1
EARLIEST = -2

_DESCRIBE_LOG_DIRS_VERSION = 1
_LIST_GROUPS_VERSION = 0
_OFFSET_FETCH_VERSION = 2
_LIST_OFFSETS_VERSION = 1
_NO_REPLICA = -1
_NO_OFFSET = 0  # offsets below it stand for none

Partition = tuple[str, int]  # topic and partition


def read_sizes(broker: BrokerConnection) -> dict[Partition, int]:
    """Return the bytes of every partition that the broker keeps."""
    return broker.ask(
        ApiKey.DESCRIBE_LOG_DIRS,
        _DESCRIBE_LOG_DIRS_VERSION,
        Writer().null_array().done(),
        _sizes,
    )


def list_group_ids(broker: BrokerConnection) -> list[str]:
    """Return the ids of the groups that the broker coordinates."""
    return broker.ask(ApiKey.LIST_GROUPS, _LIST_GROUPS_VERSION, b"", _group_ids)


def read_committed(broker: BrokerConnection, group_id: str) -> dict[Partition, int]:
    """Return all that a group has committed; nothing of one that is gone."""
    body = Writer().text(group_id).null_array().done()
    return broker.ask(ApiKey.OFFSET_FETCH, _OFFSET_FETCH_VERSION, body, _committed)


def read_log_offsets(
    broker: BrokerConnection, partitions: Iterable[Partition], at: int
) -> dict[Partition, int]:
    """Return the first (EARLIEST) or the next (LATEST) offset of partitions that there are."""
    topics = [
        (topic, [index for _, index in found])
        for topic, found in groupby(sorted(set(partitions)), key=lambda one: one[0])
    ]
    body = (
        Writer()
        .int32(_NO_REPLICA)
        .array(
            topics,
            lambda writer, topic: writer.text(topic[0]).array(
                topic[1], lambda inner, index: inner.int32(index).int64(at)
            ),
        )
    )
    return broker.ask(ApiKey.LIST_OFFSETS, _LIST_OFFSETS_VERSION, body.done(), _log_offsets)


def _sizes(answer: Reader) -> dict[Partition, int]:
    answer.int32()  # throttled for so long
    found: dict[Partition, int] = {}
    for directory in answer.array(_directory):
        found.update(directory)
    return found


def _directory(answer: Reader) -> Mapping[Partition, int]:
    _require_none(answer.int16(), "sizes")
    answer.text()
    topics = answer.array(lambda one: (one.text(), one.array(_size)))
    return {(topic, index): size for topic, sizes in topics for index, size in sizes}


def _size(answer: Reader) -> tuple[int, int]:
    index, size = answer.int32(), answer.int64()
    answer.int64()  # how far it lags behind where it is moved to
    answer.boolean()
    return index, size


def _group_ids(answer: Reader) -> list[str]:
    _require_none(answer.int16(), "groups")
    return [group_id for group_id, _ in answer.array(lambda one: (one.text(), one.text()))]


def _committed(answer: Reader) -> dict[Partition, int]:
    topics = answer.array(lambda one: (one.text(), one.array(_commit)))
    _require_none(answer.int16(), "offsets of a group")
    return {
        (topic, index): offset
        for topic, commits in topics
        for index, offset in commits
        if offset >= _NO_OFFSET
    }


def _commit(answer: Reader) -> tuple[int, int]:
    index, offset = answer.int32(), answer.int64()
    answer.nullable_text()
    _require_none(answer.int16(), "an offset of a group")
    return index, offset


def _log_offsets(answer: Reader) -> dict[Partition, int]:
    topics = answer.array(lambda one: (one.text(), one.array(_log_offset)))
    return {
        (topic, index): offset
        for topic, offsets in topics
        for index, error, offset in offsets
        if not error  # a partition that is gone, or that has no leader now
    }


def _log_offset(answer: Reader) -> tuple[int, int, int]:
    index, error = answer.int32(), answer.int16()
    answer.int64()
    return index, error, answer.int64()


def _require_none(error: int, what: str) -> None:
    if error:
        raise ClusterRequestFailedError(f"the cluster refused to tell {what}: error {error}")
