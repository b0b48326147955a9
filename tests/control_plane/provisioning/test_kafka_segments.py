from pathlib import Path

import pytest

from control_plane.provisioning.engines.kafka.segments import Place, appended
from tests.control_plane.provisioning.log_files import Batch, write_segment

A, B, C = Batch(0, 3), Batch(3, 2, 50), Batch(5, 5)
ALL = A.size + B.size + C.size


def test_counts_the_batches_of_a_range(tmp_path: Path) -> None:
    write_segment(tmp_path, A, B)
    write_segment(tmp_path, C)
    whole = appended(tmp_path, 0, 10)
    assert (whole.next_offset, whole.bytes, whole.records) == (10, ALL, 10)
    part = appended(tmp_path, 3, 5)
    assert (part.next_offset, part.bytes, part.records) == (5, B.size, 2)


def test_a_batch_that_is_not_whole_within_the_range_waits(tmp_path: Path) -> None:
    write_segment(tmp_path, A, B, C)
    found = appended(tmp_path, 0, 8)
    assert (found.next_offset, found.records) == (5, 5)


def test_markers_take_offsets_alone(tmp_path: Path) -> None:
    write_segment(tmp_path, A, Batch(3, 1, is_control=True))
    found = appended(tmp_path, 0, 4)
    assert (found.next_offset, found.bytes, found.records) == (4, A.size, 3)


def test_goes_on_where_it_was_and_reads_nothing_again(tmp_path: Path) -> None:
    path = write_segment(tmp_path, A, B)
    first = appended(tmp_path, 0, 5)
    assert first.place == Place(0, A.size + B.size, 5)
    assert appended(tmp_path, 5, 5, first.place).bytes == 0
    # Whoever began at the beginning again would find no batch.
    path.write_bytes(bytes(A.size + B.size) + C.encode())
    second = appended(tmp_path, 5, 10, first.place)
    assert (second.bytes, second.records) == (C.size, 5)
    assert appended(tmp_path, 5, 10).bytes == 0


def test_a_file_that_was_written_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    write_segment(tmp_path, A, B)
    place = appended(tmp_path, 0, 5).place
    write_segment(tmp_path, Batch(0, 3, 7), Batch(3, 2, 900), C)
    assert appended(tmp_path, 5, 10, place).bytes == C.size


def test_what_retention_is_about_to_delete_is_counted(tmp_path: Path) -> None:
    write_segment(tmp_path, A, B, suffix=".deleted")
    write_segment(tmp_path, C)
    assert appended(tmp_path, 0, 10).bytes == ALL


def test_what_compaction_replaced_is_not_counted_again(tmp_path: Path) -> None:
    write_segment(tmp_path, A, C)
    write_segment(tmp_path, A, B, suffix=".deleted")
    found = appended(tmp_path, 0, 10)
    assert (found.next_offset, found.bytes) == (10, A.size + C.size)


@pytest.mark.parametrize(
    "end",
    [bytes(4096), C.encode()[:30], Batch(5, 5, magic=1).encode()],
    ids=["room that is not written", "a torn batch", "another format"],
)
def test_ends_at_what_is_no_batch(tmp_path: Path, end: bytes) -> None:
    path = write_segment(tmp_path, A, B)
    path.write_bytes(path.read_bytes() + end)
    found = appended(tmp_path, 0, 10)
    assert (found.next_offset, found.bytes) == (5, A.size + B.size)


def test_batches_larger_than_what_is_read_at_once_are_passed_over(tmp_path: Path) -> None:
    large = [Batch(one, 1, 200_000) for one in range(5)]
    write_segment(tmp_path, *large)
    assert appended(tmp_path, 0, 5).bytes == sum(one.size for one in large)


def test_a_partition_that_is_gone_has_nothing(tmp_path: Path) -> None:
    assert appended(tmp_path / "gone", 4, 10).next_offset == 4
