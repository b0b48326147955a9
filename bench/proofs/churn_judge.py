"""What a group that churned must not have done, and how long its rebalances took. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Event = Mapping[str, Any]
"""A line of a member, see `churn_member.py`."""

Offsets = Mapping[int, int]
"""By partition."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Everything that was seen of a group.

    `ends` are the topic's end offsets, `looks` what somebody outside of the group found committed,
    in the order of time; `members` has the lines of each member.
    """

    ends: Offsets
    looks: Sequence[Offsets]
    members: Sequence[Sequence[Event]]
    joined: int
    left: int
    killed: int


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Counts of what went wrong, and seconds."""

    unseen: int
    went_back: int
    rebalances: int
    rebalance_median_seconds: float
    rebalance_p99_seconds: float

    @property
    def sound(self) -> bool:
        return self.unseen == 0 and self.went_back == 0


def judge(observed: Observed) -> Judgement:
    """Compare what was seen with what was written, and each look with what was committed before."""
    events = [event for member in observed.members for event in member]
    pauses = sorted(pause for member in observed.members for pause in pauses_of(member))
    return Judgement(
        unseen=count_unseen(observed.ends, events),
        went_back=count_steps_back(observed.looks, committed_last(events)),
        rebalances=len(pauses),
        rebalance_median_seconds=percentile(pauses, 50),
        rebalance_p99_seconds=percentile(pauses, 99),
    )


def count_unseen(ends: Offsets, events: Iterable[Event]) -> int:
    """Records that no member processed."""
    seen = {
        (partition, offset)
        for event in events
        if event["event"] == "seen"
        for partition, offset in event["offsets"]
    }
    written = ((partition, offset) for partition, end in ends.items() for offset in range(end))
    return sum(one not in seen for one in written)


def committed_last(events: Iterable[Event]) -> dict[int, int]:
    """The highest offset of each partition whose commit was acknowledged to a member."""
    highest: dict[int, int] = {}
    for event in events:
        if event["event"] == "committed":
            for partition, offset in event["offsets"]:
                highest[partition] = max(highest.get(partition, 0), offset)
    return highest


def count_steps_back(looks: Sequence[Offsets], acknowledged: Offsets) -> int:
    """Looks that found less than an earlier one, and partitions that end below a commit."""
    highest: dict[int, int] = {}
    steps = 0
    for look in looks:
        for partition, offset in look.items():
            steps += offset < highest.get(partition, 0)
            highest[partition] = max(offset, highest.get(partition, 0))
    last: Offsets = looks[-1] if looks else {}
    return steps + sum(last.get(partition, 0) < end for partition, end in acknowledged.items())


def pauses_of(member: Iterable[Event]) -> list[float]:
    """Seconds from each time a member gave its partitions up until it was assigned some again."""
    pauses: list[float] = []
    revoked: float | None = None
    for event in member:
        if event["event"] == "revoked":
            revoked = event["at"]
        elif event["event"] == "assigned" and revoked is not None:
            pauses.append(event["at"] - revoked)
            revoked = None
    return pauses


def percentile(ordered: Sequence[float], share: int) -> float:
    """The value below which `share` percent lie; 0 of nothing."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
