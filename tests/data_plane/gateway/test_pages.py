"""Pages never lose a record at their end, and step over offsets that hold none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from data_plane.gateway.pages import PageBuilder
from data_plane.gateway.records import StoredRecord


def record(offset: int, size: int = 1) -> StoredRecord:
    return StoredRecord(offset, None, None, None, b"v" * size)


# A partition: records of these sizes, each after a gap that compaction or markers left.
partitions = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=30)


def stored(partition: list[tuple[int, int]]) -> list[StoredRecord]:
    records: list[StoredRecord] = []
    offset = 0
    for gap, size in partition:
        offset += gap
        records.append(record(offset, size))
        offset += 1
    return records


@given(partition=partitions, bytes_max=st.integers(1, 60), records_max=st.integers(1, 5))
def test_page_after_page_returns_every_record_once(
    partition: list[tuple[int, int]], bytes_max: int, records_max: int
) -> None:
    records = stored(partition)
    returned: list[StoredRecord] = []
    position = 0
    while remaining := [one for one in records if one.offset >= position]:
        page = PageBuilder(position, bytes_max, records_max)
        for one in remaining:
            if page.is_full or not page.add(one):
                break
        assert page.records, "a page that can not go on"
        assert len(page.records) <= records_max
        assert len(page.records) == 1 or sum(r.size_bytes for r in page.records) <= bytes_max
        returned.extend(page.records)
        position = page.next_offset

    assert returned == records


def test_a_record_larger_than_the_page_is_returned_alone() -> None:
    page = PageBuilder(0, 10)

    assert page.add(record(0, 50))
    assert page.is_full
    assert page.next_offset == 1


def test_the_next_offset_is_past_a_gap_before_a_record() -> None:
    page = PageBuilder(5, 10)

    assert page.add(record(9))
    assert page.next_offset == 10


def test_a_gap_at_the_end_is_stepped_over_and_never_back() -> None:
    page = PageBuilder(5, 10)

    page.skip_to(8)
    assert (page.records, page.next_offset) == ([], 8)
    page.skip_to(6)
    assert page.next_offset == 8


def test_a_record_that_does_not_fit_stays_for_the_next_page() -> None:
    page = PageBuilder(0, 10)

    assert page.add(record(0, 6))
    assert not page.add(record(1, 6))
    assert page.next_offset == 1
