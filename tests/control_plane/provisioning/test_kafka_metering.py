"""Usage windows of a cluster of Apache Kafka, from what is seen of it."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.json import decode, encode

from control_plane.provisioning.engines.kafka.metering import (
    Cursor,
    Look,
    MeterState,
    PartitionSeen,
    acknowledge,
    close,
    is_due,
    next_offset,
)
from control_plane.provisioning.engines.kafka.node_usage import (
    NodeUse,
    TopicUse,
    decode_node_use,
    safe_end,
    since,
)
from control_plane.provisioning.errors import UsageReportInvalidError
from control_plane.provisioning.usage import HOUR_MS, UsagePage, UsageWindow, decode_page
from tests.control_plane.provisioning.log_files import TOPIC_ID

HOUR = 480_000 * HOUR_MS
METER = "3f0c2b1e-8a57-4c0b-9c58-0d6a1f1d7c11"
EMPTY = MeterState(METER)
ADA, BOB = "User:hk_ada", "User:hk_bob"


def node(
    started_at_ms: int = HOUR, *, read: int = 0, connections: int = 0, **asked: Any
) -> NodeUse:
    requests = {f"User:hk_{who}": counts for who, counts in asked.items()}
    return NodeUse(started_at_ms, connections, {"orders": TopicUse(read, requests)})


def partition(
    next_offset: int, size: int = 0, *, index: int = 0, stored: int = 0, leaving: bool = False
) -> PartitionSeen:
    return PartitionSeen(TOPIC_ID, "orders", index, stored, next_offset, size, next_offset, leaving)


def look(at_ms: int, *partitions: PartitionSeen, **nodes: NodeUse) -> Look:
    numbered = dict(enumerate(nodes.values(), 1)) or {1: node()}
    return Look(at_ms, numbered, partitions)


def checked(state: MeterState) -> tuple[UsageWindow, ...]:
    """The windows that wait, held against the contract of every engine."""
    page = UsagePage(
        state.meter_id, 60, state.acknowledged_through, state.closed_through, state.windows
    )
    return decode_page(encode(page), broker_id=1, after=state.acknowledged_through).windows


class TestAppended:
    def test_is_what_the_log_has_since_it_was_counted_last(self) -> None:
        first = close(EMPTY, look(HOUR + 10_000, partition(5, 500, stored=600)))
        (window,) = checked(first)
        (one,) = window.appended
        assert (one.first_offset, one.next_offset, one.bytes, one.records) == (0, 5, 500, 5)
        assert (window.stored_bytes, window.partitions) == (600, 1)
        second = close(first, look(HOUR + 20_000, partition(5)))
        assert checked(second)[1].appended == ()
        assert next_offset(second, f"{TOPIC_ID}/0") == 5

    @pytest.mark.parametrize(
        ("asked", "whose"),
        [
            ({"ada": (0, 3)}, ADA),
            ({"ada": (0, 3), "bob": (9, 0)}, ADA),
            ({"ada": (0, 3), "bob": (0, 1)}, "unknown"),
            ({}, "unknown"),
        ],
        ids=["one", "another reads", "two", "nobody is known"],
    )
    def test_belongs_to_who_alone_wrote(self, asked: Mapping[str, Any], whose: str) -> None:
        state = close(EMPTY, look(HOUR + 1, partition(5, 500), one=node(**asked)))
        ((share,),) = [one.by_principal for one in checked(state)[0].appended]
        assert (share.principal, share.bytes, share.records) == (whose, 500, 5)

    def test_of_a_deleted_topic_counts_and_is_not_kept(self) -> None:
        state = close(EMPTY, look(HOUR + 1, partition(5, 500, stored=600, leaving=True)))
        (window,) = checked(state)
        assert [one.bytes for one in window.appended] == [500]
        assert (window.stored_bytes, window.partitions) == (0, 0)

    def test_markers_alone_move_on_without_a_share(self) -> None:
        seen = PartitionSeen(TOPIC_ID, "orders", 0, 78, 1, 0, 0)
        ((one,),) = [window.appended for window in checked(close(EMPTY, look(HOUR + 1, seen)))]
        assert (one.next_offset, one.bytes, one.by_principal) == (1, 0, ())


class TestTraffic:
    def test_counts_what_was_added_over_all_nodes(self) -> None:
        first = look(HOUR + 1, partition(0), a=node(read=10, ada=(1, 2)), b=node(read=5))
        second = look(HOUR + 2, partition(0), a=node(read=30, ada=(4, 2)), b=node(read=6))
        state = close(close(EMPTY, first), second)
        (before,), (after,) = (window.traffic for window in checked(state))
        assert (before.principal, before.read_bytes, before.read_requests) == (ADA, 15, 1)
        assert (after.read_bytes, after.read_requests, after.produce_requests) == (21, 3, 0)

    def test_a_process_that_began_anew_counts_from_nothing(self) -> None:
        state = close(EMPTY, look(HOUR + 1, partition(0), a=node(read=10, ada=(1, 0))))
        again = node(HOUR + 2, read=7, ada=(1, 0))
        state = close(state, look(HOUR + 3, partition(0), a=again, b=node()))
        assert [one.read_bytes for one in checked(state)[1].traffic] == [7]

    def test_of_several_readers_is_nobodys(self) -> None:
        seen = node(read=10, ada=(1, 0), bob=(2, 0))
        (window,) = checked(close(EMPTY, look(HOUR + 1, partition(0), a=seen)))
        assert {one.principal: one.read_bytes for one in window.traffic} == {
            ADA: 0,
            BOB: 0,
            "unknown": 10,
        }

    def test_what_the_service_itself_reads_costs_nothing(self) -> None:
        (window,) = checked(close(EMPTY, look(HOUR + 1, partition(0), a=node(read=10))))
        assert window.traffic == ()

    def test_a_topic_that_was_made_anew_counts_from_nothing(self) -> None:
        assert since(node(read=10), node(read=4))["orders"].read_bytes == 4


class TestTime:
    def test_begins_with_the_cluster_and_goes_on_without_gaps(self) -> None:
        state = close(EMPTY, look(HOUR + 5_000, a=node(HOUR + 1_000, connections=2)))
        state = close(state, look(HOUR + 9_000, a=node(HOUR + 1_000, connections=1), b=node()))
        spans = [(one.started_at_ms - HOUR, one.ended_at_ms - HOUR) for one in checked(state)]
        assert spans == [(1_000, 5_000), (5_000, 9_000)]
        assert [one.running_ms for one in checked(state)] == [4_000, 4_000]
        assert [one.connections for one in checked(state)] == [2, 1]

    def test_time_without_brokers_lies_between_windows(self) -> None:
        state = close(EMPTY, look(HOUR + 5_000))
        state = close(state, look(HOUR + 60_000, a=node(HOUR + 50_000), b=node(HOUR + 55_000)))
        assert checked(state)[1].started_at_ms == HOUR + 50_000

    def test_no_window_crosses_a_full_hour_and_the_longest_has_what_was_counted(self) -> None:
        state = close(EMPTY, look(HOUR + 5_000))
        at_ms = HOUR + 2 * HOUR_MS + 1_000
        state = close(state, look(at_ms, partition(5, 500, stored=9)))
        *_, begun, whole, rest = checked(state)
        assert (begun.ended_at_ms, whole.ended_at_ms, rest.ended_at_ms) == (
            HOUR + HOUR_MS,
            HOUR + 2 * HOUR_MS,
            at_ms,
        )
        assert [len(one.appended) for one in (begun, whole, rest)] == [0, 1, 0]
        assert {one.stored_bytes for one in (begun, whole, rest)} == {9}

    def test_a_clock_that_went_back_closes_nothing(self) -> None:
        state = close(EMPTY, look(HOUR + 5_000))
        assert close(state, look(HOUR + 5_000)) is state
        assert close(state, look(HOUR + 4_000)) is state

    def test_a_window_is_due_after_a_multiple_of_its_length(self) -> None:
        assert is_due(EMPTY, HOUR, 60)
        state = close(EMPTY, look(HOUR + 5_000))
        assert not is_due(state, HOUR + 59_999, 60)
        assert is_due(state, HOUR + 60_000, 60)


class TestState:
    def test_acknowledged_windows_are_forgotten_and_numbers_go_on(self) -> None:
        state = EMPTY
        for second in (1, 2, 3):
            state = close(state, look(HOUR + second))
        state = acknowledge(state, 2)
        assert (state.acknowledged_through, state.closed_through) == (2, 3)
        assert [one.number for one in checked(state)] == [3]
        assert acknowledge(state, 1).acknowledged_through == 2

    def test_a_partition_that_is_missed_once_is_not_counted_again(self) -> None:
        state = close(EMPTY, look(HOUR + 1, partition(5, 500)))
        state = close(state, look(HOUR + 2))
        assert state.cursors == {f"{TOPIC_ID}/0": Cursor(5, is_missed=True)}
        seen = PartitionSeen(TOPIC_ID, "orders", 0, 0, 7, 20, 2)
        back = close(state, look(HOUR + 3, seen))
        assert checked(back)[2].appended[0].first_offset == 5
        assert close(state, look(HOUR + 3)).cursors == {}

    def test_is_read_as_it_was_written(self) -> None:
        seen = look(HOUR + 1, partition(5, 500), a=node(read=3, ada=(1, 1)))
        state = close(EMPTY, seen)
        assert decode(encode(state), type=MeterState) == state


@pytest.mark.parametrize(
    ("ends", "replicas", "safe"),
    [
        ([10, 9, 7], 3, 9),
        ([10, 9], 3, 9),
        ([10], 3, None),
        ([], 3, None),
        ([10], 1, 10),
        ([10, 9], 2, 9),
    ],
)
def test_only_what_two_brokers_have_is_counted(
    ends: list[int], replicas: int, safe: int | None
) -> None:
    assert safe_end(ends, replicas) == safe


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"started_at_ms":1,"connections":0,"topics":{"a b":{}}}',
        b'{"started_at_ms":1,"connections":0,"topics":{"a":{"read_bytes":-1}}}',
        b'{"started_at_ms":1,"connections":0,"topics":{},"replicas":[["a",0,-1,0]]}',
    ],
)
def test_an_answer_that_can_not_be_is_refused(raw: bytes) -> None:
    with pytest.raises(UsageReportInvalidError):
        decode_node_use(raw)
