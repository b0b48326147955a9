from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.usage.errors import UsageRangeConflictError
from control_plane.usage.plan import (
    Cursor,
    Granularity,
    Partition,
    Plan,
    instant,
    partitions_of,
    plan_page,
)
from control_plane.usage.rollups import additions
from tests.fixtures.memory_meter import STARTS_AT, MemoryMeter, topic_id_of

ORDERS = topic_id_of("orders")
SIZES = st.integers(1, 2**31)


@dataclass
class Books:
    """Cursors that a plan's moves are carried out on."""

    cursors: dict[Partition, Cursor] = field(default_factory=dict[Partition, Cursor])

    def take(self, meter: MemoryMeter, *, after: int = 0, lost_through: int = 0) -> Plan:
        plan = plan_page(meter.page(after, 20), self.cursors, lost_through)
        self.carry_out(plan)
        return plan

    def carry_out(self, plan: Plan) -> None:
        for move in plan.moves:
            assert self.cursors.get((move.topic_id, move.partition)) == move.before
            self.cursors[move.topic_id, move.partition] = move.after


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def meter() -> MemoryMeter:
    return MemoryMeter()


def counted_bytes(plan: Plan) -> int:
    return sum(one.bytes for window in plan.windows for one in window.ranges)


class TestCounting:
    def test_ranges_of_one_page_follow_each_other(self, books: Books, meter: MemoryMeter) -> None:
        for size in (100, 20, 3):
            meter.append(size=size)
            meter.close()
        plan = books.take(meter)
        assert counted_bytes(plan) == 123
        assert [move.before for move in plan.moves] == [None]
        assert books.cursors[ORDERS, 0] == Cursor(30, meter.meter_id, 3)

    def test_traffic_joins_what_a_principal_wrote_and_read(
        self, books: Books, meter: MemoryMeter
    ) -> None:
        meter.append(partition=0, size=10, records=1)
        meter.append(partition=1, size=5, records=2)
        meter.append(partition=1, size=7, records=3, principal="User:hk_2")
        meter.read(size=99)
        meter.close()
        (window,) = books.take(meter).windows
        mine = window.traffic[ORDERS, "User:hk_1"]
        assert (mine.bytes_in, mine.records_in, mine.produce_requests) == (15, 3, 2)
        assert (mine.bytes_out, mine.read_requests) == (99, 1)
        assert (window.total.bytes_in, window.total.records_in) == (22, 6)

    def test_a_log_that_began_before_it_was_counted_is_counted_from_there(
        self, books: Books, meter: MemoryMeter
    ) -> None:
        meter.offsets["orders", 0] = 500
        meter.append(size=10)
        meter.close()
        plan = books.take(meter)
        assert (counted_bytes(plan), plan.discrepancies) == (10, [])

    def test_partitions_of_a_page_are_those_written_to(self, meter: MemoryMeter) -> None:
        meter.append(partition=3)
        meter.read("flights", size=1)
        meter.close()
        assert partitions_of(meter.page(0, 20)) == {(ORDERS, 3)}


class TestConflict:
    @pytest.mark.parametrize("counted_up_to", [9, 11])
    def test_a_range_that_does_not_follow_is_refused(
        self, books: Books, meter: MemoryMeter, counted_up_to: int
    ) -> None:
        meter.offsets["orders", 0] = 10
        meter.append()
        meter.close()
        books.cursors[ORDERS, 0] = Cursor(counted_up_to, meter.meter_id, 1)
        with pytest.raises(UsageRangeConflictError) as refused:
            books.take(meter)
        assert f"{ORDERS} partition 0 from offset 10 on" in refused.value.detail
        assert f"counted up to {counted_up_to}" in refused.value.detail

    def test_within_a_page_too(self, books: Books, meter: MemoryMeter) -> None:
        meter.append()
        meter.close()
        meter.offsets["orders", 0] += 1
        meter.append()
        meter.close()
        with pytest.raises(UsageRangeConflictError):
            books.take(meter)

    def test_windows_that_were_lost_excuse_a_gap_but_no_overlap(
        self, books: Books, meter: MemoryMeter
    ) -> None:
        meter.offsets["orders", 0] = 10
        meter.append()
        meter.close()
        books.cursors[ORDERS, 0] = Cursor(11, meter.meter_id, 5)
        with pytest.raises(UsageRangeConflictError):
            books.take(meter, lost_through=5)
        books.cursors[ORDERS, 0] = Cursor(4, meter.meter_id, 5)
        plan = books.take(meter, lost_through=5)
        assert [one.is_counted for one in plan.discrepancies] == [True]
        assert counted_bytes(plan) == 1000


class TestAnotherMeter:
    """The broker's data was restored or replaced, or its usage files were lost."""

    def test_what_it_goes_on_with_is_counted(self, books: Books, meter: MemoryMeter) -> None:
        meter.append()
        meter.close()
        books.take(meter)
        other = MemoryMeter(offsets={("orders", 0): 10})
        other.append(size=7)
        other.close()
        plan = books.take(other)
        assert (counted_bytes(plan), plan.discrepancies) == (7, [])

    def test_what_was_counted_is_not_counted_again(self, books: Books, meter: MemoryMeter) -> None:
        meter.append(records=30)
        meter.close()
        books.take(meter)
        other = MemoryMeter()
        for records in (10, 15, 10, 1):  # up to 10, 25, over 30 to 35, then 36
            other.append(records=records, size=records)
            other.close()
        plan = books.take(other)
        assert [len(window.ranges) for window in plan.windows] == [0, 0, 0, 1]
        assert [one.is_counted for one in plan.discrepancies] == [False] * 3
        assert counted_bytes(plan) == 1
        assert sum(window.total.bytes_in for window in plan.windows) == 1
        assert books.cursors[ORDERS, 0] == Cursor(36, other.meter_id, 4)

    def test_what_the_first_never_reported_is_told(self, books: Books, meter: MemoryMeter) -> None:
        meter.append()
        meter.close()
        books.take(meter)
        other = MemoryMeter(offsets={("orders", 0): 15})
        other.append(size=7)
        other.close()
        plan = books.take(other)
        assert [one.is_counted for one in plan.discrepancies] == [True]
        assert counted_bytes(plan) == 7


class TestSums:
    def test_stored_bytes_are_floored_once_per_window(
        self, books: Books, meter: MemoryMeter
    ) -> None:
        started_at_ms = int(STARTS_AT.timestamp()) * 1000
        for number in range(2):
            begins = started_at_ms + number * 500
            meter.close(
                stored_bytes=3, started_at_ms=begins, ended_at_ms=begins + 500, running_ms=500
            )
        plan = books.take(meter)
        assert [window.stored_byte_seconds for window in plan.windows] == [1, 1]
        added = additions(plan.windows)[Granularity.DAY, Granularity.DAY.floor(STARTS_AT)]
        assert (added.stored_byte_seconds, added.running_ms) == (2, 1000)

    def test_a_window_counts_in_its_hour_and_its_day(
        self, books: Books, meter: MemoryMeter
    ) -> None:
        meter.next_starts_at = instant(1_795_391_940_000)  # 23:59 of a day
        for size in (1, 20):
            meter.append(size=size)
            meter.close()
        found = additions(books.take(meter).windows)
        assert {
            (granularity.value, at.isoformat()): added.total.bytes_in
            for (granularity, at), added in found.items()
        } == {
            ("hour", "2026-11-22T23:00:00+00:00"): 1,
            ("day", "2026-11-22T00:00:00+00:00"): 1,
            ("hour", "2026-11-23T00:00:00+00:00"): 20,
            ("day", "2026-11-23T00:00:00+00:00"): 20,
        }


class TestReplay:
    """However pages are cut, and whichever is collected again, the same is counted."""

    @given(
        windows=st.lists(
            st.lists(
                st.tuples(st.sampled_from(["orders", "flights"]), st.integers(0, 2), SIZES),
                max_size=4,
            ),
            max_size=12,
        ),
        cuts=st.lists(st.integers(1, 5), max_size=12),
        crashes=st.sets(st.integers(0, 12)),
    )
    def test_counts_the_same(
        self, windows: list[list[tuple[str, int, int]]], cuts: list[int], crashes: set[int]
    ) -> None:
        meter, books, counted, after = MemoryMeter(), Books(), 0, 0
        for window in windows:
            for topic, partition, size in window:
                meter.append(topic, partition, size=size, records=size)
            meter.close()
        for number, length in enumerate([*cuts, *[1] * len(windows)]):
            page = meter.page(after, length)
            plan = plan_page(page, books.cursors, 0)
            if number in crashes or not page.windows:  # nothing was written: the page comes again
                continue
            books.carry_out(plan)
            counted += counted_bytes(plan)
            with_moves = any(window.appended for window in page.windows)
            if with_moves:
                with pytest.raises(UsageRangeConflictError):
                    plan_page(page, books.cursors, 0)
            after = page.windows[-1].number
        uncounted = sum(size for window in windows[after:] for _topic, _partition, size in window)
        assert counted + uncounted == sum(size for window in windows for _, _, size in window)
