"""Usage windows of a cluster of Apache Kafka, out of what is seen of it now and then; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from control_plane.provisioning.engines.kafka.node_usage import (
    NodeUse,
    TopicUse,
    since,
    summed,
)
from control_plane.provisioning.usage import (
    HOUR_MS,
    AppendedRange,
    PrincipalShare,
    TopicTraffic,
    UsageWindow,
)

FORMAT = 1
# Of whom nobody knows what part is whose.
UNKNOWN = "unknown"


class Cursor(Struct, frozen=True):
    """Up to where a partition was counted; `is_missed` when it was not there the last time."""

    next_offset: int
    is_missed: bool = False


class MeterState(Struct, frozen=True):
    """What a meter remembers; `windows` are closed and not acknowledged.

    Cursors are by topic id and partition, as ``id/0``, nodes by their ids.
    """

    meter_id: str
    format: int = FORMAT
    acknowledged_through: int = 0
    closed_through: int = 0
    ended_at_ms: int | None = None
    cursors: dict[str, Cursor] = {}
    nodes: dict[int, NodeUse] = {}
    windows: tuple[UsageWindow, ...] = ()


@dataclass(frozen=True, slots=True)
class PartitionSeen:
    """One partition of a customer: what was appended since it was counted last, None for nothing.

    One that `is_leaving` belongs to a topic that was deleted.
    """

    topic_id: str
    topic: str
    partition: int
    stored_bytes: int
    next_offset: int
    appended_bytes: int
    appended_records: int
    is_leaving: bool = False

    @property
    def key(self) -> str:
        return f"{self.topic_id}/{self.partition}"


@dataclass(frozen=True, slots=True)
class Look:
    """All of a cluster at one moment: the nodes that answer, and every partition."""

    at_ms: int
    nodes: Mapping[int, NodeUse]
    partitions: Sequence[PartitionSeen]

    @property
    def running_since_ms(self) -> int:
        return min(node.started_at_ms for node in self.nodes.values())


def next_offset(state: MeterState, key: str) -> int:
    """Return up to where a partition was counted."""
    cursor = state.cursors.get(key)
    return 0 if cursor is None else cursor.next_offset


def is_due(state: MeterState, now_ms: int, window_seconds: int) -> bool:
    """Tell whether a multiple of the windows' length has passed since the last one ended."""
    length_ms = window_seconds * 1000
    return state.ended_at_ms is None or state.ended_at_ms < now_ms - now_ms % length_ms


def close(state: MeterState, look: Look) -> MeterState:
    """Close what was used until `look`: one window, or several where full hours lie between.

    What was counted falls into the longest of them, the last of those. Nothing is closed while the
    clock is behind the end of the last window.
    """
    begins_ms = look.running_since_ms
    if state.ended_at_ms is not None:
        begins_ms = max(state.ended_at_ms, begins_ms)
    spans = _spans(begins_ms, look.at_ms)
    if not spans:
        return state
    longest = max(spans, key=lambda span: (span[1] - span[0], span[0]))
    windows = [
        _window(state, look, span, number, is_full=span == longest)
        for number, span in enumerate(spans, state.closed_through + 1)
    ]
    return replace(
        state,
        closed_through=windows[-1].number,
        ended_at_ms=look.at_ms,
        cursors=_cursors(state, look),
        nodes={
            **state.nodes,
            **{one: replace(use, replicas=()) for one, use in look.nodes.items()},
        },
        windows=(*state.windows, *windows),
    )


def acknowledge(state: MeterState, through: int) -> MeterState:
    """Forget the windows through this one, which is closed."""
    return replace(
        state,
        acknowledged_through=max(through, state.acknowledged_through),
        windows=tuple(one for one in state.windows if one.number > through),
    )


def _spans(begins_ms: int, ends_ms: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    while begins_ms < ends_ms:
        hour_ends_ms = begins_ms - begins_ms % HOUR_MS + HOUR_MS
        spans.append((begins_ms, min(hour_ends_ms, ends_ms)))
        begins_ms = hour_ends_ms
    return spans


def _window(
    state: MeterState, look: Look, span: tuple[int, int], number: int, *, is_full: bool
) -> UsageWindow:
    begins_ms, ends_ms = span
    present = [one for one in look.partitions if not one.is_leaving]
    use = summed([since(state.nodes.get(one), node) for one, node in look.nodes.items()])
    return UsageWindow(
        number=number,
        started_at_ms=begins_ms,
        ended_at_ms=ends_ms,
        running_ms=ends_ms - begins_ms,
        stored_bytes=sum(one.stored_bytes for one in present),
        partitions=len(present),
        connections=sum(node.connections for node in look.nodes.values()),
        appended=_appended(state, look, use) if is_full else (),
        traffic=_traffic(look, use) if is_full else (),
    )


def _appended(
    state: MeterState, look: Look, use: Mapping[str, TopicUse]
) -> tuple[AppendedRange, ...]:
    return tuple(
        AppendedRange(
            topic_id=one.topic_id,
            topic=one.topic,
            partition=one.partition,
            first_offset=next_offset(state, one.key),
            next_offset=one.next_offset,
            bytes=one.appended_bytes,
            records=one.appended_records,
            by_principal=_shares(one, _alone(use.get(one.topic), kind=1)),
        )
        for one in look.partitions
        if one.next_offset > next_offset(state, one.key)
    )


def _shares(seen: PartitionSeen, principal: str) -> tuple[PrincipalShare, ...]:
    if seen.appended_bytes == 0:
        return ()
    return (PrincipalShare(principal, seen.appended_bytes, seen.appended_records),)


def _traffic(look: Look, use: Mapping[str, TopicUse]) -> tuple[TopicTraffic, ...]:
    """Return what was asked of topics; what nobody but the service itself read counts for none."""
    topic_ids = {one.topic: one.topic_id for one in look.partitions if one.is_leaving}
    topic_ids |= {one.topic: one.topic_id for one in look.partitions if not one.is_leaving}
    found: list[TopicTraffic] = []
    for topic, used in sorted(use.items()):
        topic_id = topic_ids.get(topic)
        if topic_id is None or not used.requests:
            continue
        is_read = any(reads for reads, _ in used.requests.values())
        reader = _alone(used, kind=0) if is_read else None
        asked = dict(used.requests)
        if reader is not None:
            asked.setdefault(reader, (0, 0))
        found.extend(
            TopicTraffic(
                topic_id=topic_id,
                topic=topic,
                principal=principal,
                read_bytes=used.read_bytes if principal == reader else 0,
                read_requests=reads,
                produce_requests=writes,
            )
            for principal, (reads, writes) in sorted(asked.items())
        )
    return tuple(found)


def _alone(use: TopicUse | None, *, kind: int) -> str:
    """Return who alone read (kind 0) or wrote (kind 1); UNKNOWN where that is not one."""
    whose = [] if use is None else [who for who, asked in use.requests.items() if asked[kind]]
    return whose[0] if len(whose) == 1 else UNKNOWN


def _cursors(state: MeterState, look: Look) -> dict[str, Cursor]:
    """Return the cursors moved on; one of a partition that is missed twice in turn is dropped."""
    seen = {
        one.key: Cursor(max(one.next_offset, next_offset(state, one.key)))
        for one in look.partitions
    }
    missed = {
        key: replace(cursor, is_missed=True)
        for key, cursor in state.cursors.items()
        if key not in seen and not cursor.is_missed
    }
    return {**missed, **seen}
