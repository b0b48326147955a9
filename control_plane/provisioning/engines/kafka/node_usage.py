"""What a node of Apache Kafka tells of how it is used, and what that says of a cluster; pure."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import DecodeError, Meta, Struct
from msgspec.json import Decoder

from control_plane.provisioning.errors import UsageReportInvalidError
from control_plane.provisioning.usage import (
    CONNECTIONS_MAX,
    PARTITIONS_MAX,
    Bytes,
    Count,
    InstantMs,
    Offset,
    PrincipalName,
    TopicName,
)

_QUORUM = 2

Requests = tuple[Count, Count]


class TopicUse(Struct, frozen=True):
    """One topic since the node's process began: bytes read, and by whom it was asked for.

    `requests` are by principal: how many fetches, how many produce requests.
    """

    read_bytes: Bytes = 0
    requests: dict[PrincipalName, Requests] = {}


class ReplicaTold(Struct, frozen=True, array_like=True):
    """One replica that the node has; `bytes` of all its segments."""

    topic: TopicName
    partition: Annotated[int, Meta(ge=0, lt=PARTITIONS_MAX)]
    end_offset: Offset
    bytes: Bytes


class NodeUse(Struct, frozen=True):
    """A node's process since it began; `connections` are those of customers."""

    started_at_ms: InstantMs
    connections: Annotated[int, Meta(ge=0, le=CONNECTIONS_MAX)]
    topics: dict[TopicName, TopicUse]
    replicas: Annotated[tuple[ReplicaTold, ...], Meta(max_length=PARTITIONS_MAX)] = ()


_DECODER = Decoder(NodeUse)


def decode_node_use(raw: bytes) -> NodeUse:
    """Read a node's answer; raise UsageReportInvalidError for what can not be."""
    try:
        return _DECODER.decode(raw)
    except (DecodeError, RecursionError) as error:
        raise UsageReportInvalidError(f"what a broker counted: {error}") from error


def since(before: NodeUse | None, now: NodeUse) -> Mapping[str, TopicUse]:
    """Return what was added by topic; a process that is another one began to count anew.

    A topic that was made anew under its name did too.
    """
    is_same = before is not None and before.started_at_ms == now.started_at_ms
    known = before.topics if before is not None and is_same else {}
    return {topic: _added(known.get(topic, TopicUse()), use) for topic, use in now.topics.items()}


def summed(parts: Sequence[Mapping[str, TopicUse]]) -> Mapping[str, TopicUse]:
    """Add up what nodes counted."""
    total: dict[str, TopicUse] = {}
    for part in parts:
        for topic, use in part.items():
            known = total.get(topic, TopicUse())
            requests = dict(known.requests)
            for principal, (reads, writes) in use.requests.items():
                earlier = requests.get(principal, (0, 0))
                requests[principal] = (earlier[0] + reads, earlier[1] + writes)
            total[topic] = TopicUse(known.read_bytes + use.read_bytes, requests)
    return total


def safe_end(ends: Sequence[int], replicas: int) -> int | None:
    """Return below which offset records are on two brokers at least; None if that is not known.

    `ends` are those of the replicas that answer. A topic of one replica has only that.
    """
    if replicas == 1:
        return max(ends, default=None)
    return sorted(ends)[-_QUORUM] if len(ends) >= _QUORUM else None


def _added(before: TopicUse, now: TopicUse) -> TopicUse:
    requests: dict[str, tuple[int, int]] = {}
    for principal, (reads, writes) in now.requests.items():
        earlier = before.requests.get(principal, (0, 0))
        added = reads - earlier[0], writes - earlier[1]
        if any(added):
            requests[principal] = added
    is_anew = now.read_bytes < before.read_bytes
    read = now.read_bytes if is_anew else now.read_bytes - before.read_bytes
    return TopicUse(read, requests)
