"""How far behind: in records and in time, within what is there, within a bound of look-ups."""

import pytest

from control_plane.groups.groups import GroupMember, PartitionName
from control_plane.groups.lag import (
    PartitionOffsets,
    PartitionTimes,
    partition_lags,
    to_look_up,
    totals,
    with_times,
)


def place(partition: int) -> PartitionName:
    return PartitionName("t", partition)


@pytest.mark.parametrize(
    ("offsets", "lag"),
    [
        (PartitionOffsets(4, 0, 10), 6),
        (PartitionOffsets(4, 8, 10), 2),  # what retention removed is not waited for
        (PartitionOffsets(10, 0, 10), 0),
        (PartitionOffsets(12, 0, 10), 0),  # behind the end of a log that was cut
        (PartitionOffsets(None, 0, 10), None),
        (PartitionOffsets(4, None, None), None),
    ],
)
def test_lag_counts_the_records_that_are_there(offsets: PartitionOffsets, lag: int | None) -> None:
    assert offsets.lag == lag


def test_records_out_of_order_are_never_behind_by_less_than_nothing() -> None:
    assert PartitionTimes(first_unread_ms=50, newest_ms=20).lag_ms == 0
    assert PartitionTimes(first_unread_ms=20, newest_ms=50).lag_ms == 30


def test_looks_up_what_is_shown_then_what_is_furthest_behind() -> None:
    offsets = {place(index): PartitionOffsets(index, 3, 10) for index in range(11)}
    lags = partition_lags(offsets, [])
    assert to_look_up(lags, {place(8)}, 3) == {place(8): 8, place(0): 3, place(1): 3}
    assert place(10) not in to_look_up(lags, {place(10)}, 100)


def test_totals_say_whether_every_time_is_known() -> None:
    reader = GroupMember("m", None, "c", "h", [place(0)])
    offsets = {
        place(0): PartitionOffsets(4, 0, 10),
        place(1): PartitionOffsets(8, 0, 10),
        place(2): PartitionOffsets(None, 0, 10),
        place(3): PartitionOffsets(10, 0, 10),
    }
    lags = partition_lags(offsets, [reader])
    assert [one.member for one in lags] == [reader, None, None, None]
    known = with_times(lags, {place(0): PartitionTimes(1, 5)})
    summed = totals(known)
    assert (summed.partitions, summed.lag, summed.max_lag) == (4, 8, 6)
    assert (summed.lag_ms, summed.is_lag_ms_complete) == (4, False)
    whole = totals(
        with_times(lags, {place(0): PartitionTimes(1, 5), place(1): PartitionTimes(1, 9)})
    )
    assert (whole.lag_ms, whole.is_lag_ms_complete) == (8, True)
    assert totals([]).lag_ms is None
