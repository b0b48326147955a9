"""What a consumer group is, as the cluster itself tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class PartitionName(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group in a list. `is_simple`: nobody ever joined it, programs only keep offsets in it."""

    group_id: str
    state: str
    type: str
    is_simple: bool


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A consumer that is in a group now, and what it reads."""

    member_id: str
    instance_id: str | None
    client_id: str
    host: str
    partitions: Sequence[PartitionName]


@dataclass(frozen=True, slots=True)
class Group:
    """A group with its members; `coordinator` is the address of the broker that keeps it."""

    group_id: str
    state: str
    type: str
    is_simple: bool
    assignor: str
    coordinator: tuple[str, int]
    members: Sequence[GroupMember]
