"""Where a reset takes a group's offsets. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from control_plane.groups.errors import OffsetResetInvalidError
from control_plane.groups.groups import PartitionName
from control_plane.groups.lag import PartitionOffsets


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """A topic, and which of its partitions: None for all of them."""

    topic: str
    partitions: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class ToEarliest:
    """The first records that are there."""


@dataclass(frozen=True, slots=True)
class ToLatest:
    """Behind the last records: only what is still to come."""


@dataclass(frozen=True, slots=True)
class ToTime:
    """The first records of this time or later; behind the last ones where there are none."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ShiftBy:
    """So many records on, or back where negative, from what is committed."""

    records: int


@dataclass(frozen=True, slots=True)
class ToOffset:
    """The same offset in every partition."""

    offset: int


@dataclass(frozen=True, slots=True)
class ToOffsets:
    """For each partition an offset exactly, or None for no committed offset: how one undoes."""

    offsets: Mapping[PartitionName, int | None]


Target = ToEarliest | ToLatest | ToTime | ShiftBy | ToOffset | ToOffsets


@dataclass(frozen=True, slots=True)
class OffsetChange:
    """A partition's committed offset before and after; `is_clamped`: what was asked for is outside.

    None is no committed offset.
    """

    name: PartitionName
    before: PartitionOffsets
    after: int | None
    is_clamped: bool = False

    @property
    def lag_after(self) -> int | None:
        log = self.before
        return PartitionOffsets(self.after, log.log_start, log.log_end).lag


def plan_reset(
    target: Target,
    offsets: Mapping[PartitionName, PartitionOffsets],
    found: Mapping[PartitionName, int | None],
) -> list[OffsetChange]:
    """Return what a reset changes, in the order of topics and partitions.

    `found` has, for a time, the first offset of that time or later, None where there is none.
    Raises OffsetResetInvalidError where the target means nothing in a partition.
    """
    return [_change(target, name, offsets[name], found.get(name)) for name in sorted(offsets)]


def _change(
    target: Target, name: PartitionName, now: PartitionOffsets, found: int | None
) -> OffsetChange:
    if isinstance(target, ToOffsets):
        return OffsetChange(name, now, target.offsets[name])
    if now.log_start is None or now.log_end is None:
        raise OffsetResetInvalidError(
            f"the cluster has no partition {name.partition} of topic {name.topic!r} any more",
            advice="name the topics whose offsets shall change, or delete the offsets of this one",
        )
    wanted = _wanted(target, name, now, found)
    after = min(max(wanted, now.log_start), now.log_end)
    return OffsetChange(name, now, after, is_clamped=after != wanted)


def _wanted(
    target: ToEarliest | ToLatest | ToTime | ShiftBy | ToOffset,
    name: PartitionName,
    now: PartitionOffsets,
    found: int | None,
) -> int:
    assert now.log_start is not None
    assert now.log_end is not None
    match target:
        case ToEarliest():
            return now.log_start
        case ToLatest():
            return now.log_end
        case ToTime():
            return now.log_end if found is None else found
        case ToOffset(offset):
            return offset
        case ShiftBy(records):
            if now.committed is None:
                raise OffsetResetInvalidError(
                    f"the group has no offset in partition {name.partition} of topic "
                    f"{name.topic!r} that could be shifted",
                    advice="reset it to earliest, latest, a time or an offset",
                )
            return now.committed + records
