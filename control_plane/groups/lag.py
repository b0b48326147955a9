"""How far a group is behind, from offsets and times. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from control_plane.groups.groups import GroupMember, PartitionName


@dataclass(frozen=True, slots=True)
class PartitionOffsets:
    """Where a group and a partition stand.

    `committed` is None where the group has committed nothing, `log_start` and `log_end` where there
    is no such partition any more.
    """

    committed: int | None
    log_start: int | None
    log_end: int | None

    @property
    def next_unread(self) -> int | None:
        """The first record that the group has not read and that is still there."""
        if self.committed is None or self.log_start is None:
            return None
        return max(self.committed, self.log_start)

    @property
    def lag(self) -> int | None:
        """Records that are there and unread: those that retention removed are not waited for."""
        if self.next_unread is None or self.log_end is None:
            return None
        return max(self.log_end - self.next_unread, 0)


@dataclass(frozen=True, slots=True)
class PartitionTimes:
    """Milliseconds since 1970: of the first unread record, and of the newest of the partition."""

    first_unread_ms: int
    newest_ms: int

    @property
    def lag_ms(self) -> int:
        """How much older the first unread record is than the newest; times may be in any order."""
        return max(self.newest_ms - self.first_unread_ms, 0)


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """How far a group is behind in one partition, and who reads it.

    `times` is None where nothing is unread or known, or where it was not looked up.
    """

    name: PartitionName
    offsets: PartitionOffsets
    member: GroupMember | None
    times: PartitionTimes | None = None

    @property
    def lag_ms(self) -> int | None:
        """Behind by so much time; 0 where nothing is unread, None where it is not known."""
        if self.times is not None:
            return self.times.lag_ms
        return 0 if self.offsets.lag == 0 else None


@dataclass(frozen=True, slots=True)
class LagTotals:
    """A group's lag over all its partitions.

    `lag_ms` is that of the partition that is furthest behind among those that were looked up;
    `is_lag_ms_complete` says whether these were all that have unread records.
    """

    partitions: int
    lag: int
    max_lag: int
    lag_ms: int | None
    is_lag_ms_complete: bool


def partition_lags(
    offsets: Mapping[PartitionName, PartitionOffsets], members: Iterable[GroupMember]
) -> list[PartitionLag]:
    """Return the lag of every partition, in the order of topics and partitions."""
    readers = {name: member for member in members for name in member.partitions}
    return [PartitionLag(name, offsets[name], readers.get(name)) for name in sorted(offsets)]


def to_look_up(
    lags: Sequence[PartitionLag], preferred: AbstractSet[PartitionName], count_max: int
) -> dict[PartitionName, int]:
    """Return of which partitions, from which offset on, the times are worth a look.

    First the `preferred` ones, then those with most unread records, never more than `count_max`.
    """
    behind = [one for one in lags if one.offsets.lag]
    behind.sort(key=lambda one: (one.name not in preferred, -(one.offsets.lag or 0), one.name))
    return {
        one.name: one.offsets.next_unread
        for one in behind[:count_max]
        if one.offsets.next_unread is not None
    }


def with_times(
    lags: Sequence[PartitionLag], times: Mapping[PartitionName, PartitionTimes]
) -> list[PartitionLag]:
    return [replace(one, times=times.get(one.name)) for one in lags]


def totals(lags: Sequence[PartitionLag]) -> LagTotals:
    """Sum up. Partitions without a committed offset have no lag."""
    known = [one.offsets.lag for one in lags if one.offsets.lag is not None]
    spans = [one.lag_ms for one in lags if one.lag_ms is not None]
    return LagTotals(
        partitions=len(lags),
        lag=sum(known),
        max_lag=max(known, default=0),
        lag_ms=max(spans, default=None),
        is_lag_ms_complete=all(one.lag_ms is not None for one in lags if one.offsets.lag),
    )
