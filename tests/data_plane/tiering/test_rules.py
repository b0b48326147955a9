"""Which editions stay, what a directory may cover, and what no document may say."""

import pytest

from data_plane.tiering.documents import (
    FORMAT,
    DirectoryEntry,
    DirectoryIndex,
    Edition,
    RemoteFile,
    decode_edition,
    decode_index,
    digest,
    encode,
)
from data_plane.tiering.errors import ForeignCopyError, FormatUnknownError, ObjectDamagedError
from data_plane.tiering.keeping import DAY_MS, HOUR_MS, Taken, kept
from data_plane.tiering.layout import EditionName, Layout
from data_plane.tiering.lineage import Mark, decode_mark, encode_mark, next_mark

SHA = "a" * 64
NOW_MS = 1_000 * DAY_MS


def index(name: str = "00.log", sha256: str = SHA) -> DirectoryIndex:
    return DirectoryIndex(FORMAT, "topics/t-0", (RemoteFile(name, 3, sha256),))


def edition(number: int = 4, path: str = "topics/t-0", lineage: str = "tier_1") -> Edition:
    entries = (DirectoryEntry(path, SHA, 1, 3),)
    return Edition(FORMAT, "lkc_1", number, lineage, 5, 1, 1, entries)


def test_the_newest_of_hours_and_days_are_kept() -> None:
    every_ten_minutes = [
        Taken(number, NOW_MS - (10_000 - number) * HOUR_MS // 6) for number in range(1, 10_001)
    ]
    numbers = kept(every_ten_minutes, now_ms=NOW_MS, days=7)
    assert {10_000, 9_999, 9_998} <= numbers
    assert 9_990 not in numbers
    assert 25 <= len(numbers) <= 3 + 25 + 8
    assert min(numbers) >= 10_000 - 7 * 24 * 6
    assert kept(every_ten_minutes[:5], now_ms=NOW_MS, days=0) == {5, 4, 3}
    assert kept([], now_ms=NOW_MS, days=7) == frozenset()


def test_a_document_is_read_as_it_was_written() -> None:
    content = encode(index())
    assert decode_index(content, digest(content), "topics/t-0") == index()
    content = encode(edition())
    assert decode_edition(content, digest(content)) == edition()


def test_a_document_with_another_checksum_is_damaged() -> None:
    content = encode(edition())
    with pytest.raises(ObjectDamagedError):
        decode_edition(content.replace(b"lkc_1", b"lkc_2"), digest(content))


@pytest.mark.parametrize("name", ["../00.log", "/etc/passwd", "..", "", ".hidden", "a\n"])
def test_no_file_lies_beside_its_directory(name: str) -> None:
    content = encode(index(name))
    with pytest.raises(ObjectDamagedError):
        decode_index(content, digest(content), "topics/t-0")


@pytest.mark.parametrize("path", ["..", "topics/../..", "/topics", "topics//t", "topics/"])
def test_no_directory_lies_beside_the_data(path: str) -> None:
    content = encode(edition(path=path))
    with pytest.raises(ObjectDamagedError):
        decode_edition(content, digest(content))


@pytest.mark.parametrize("content", [b'{"format":2}', b"[]", b"{", b"\xff"])
def test_what_another_version_wrote_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(FormatUnknownError):
        decode_edition(content, digest(content))
    with pytest.raises(FormatUnknownError):
        decode_mark(content)


def test_names_tell_editions_and_directories() -> None:
    layout = Layout("backups/", "lkc_1")
    name = EditionName(7, SHA)
    assert layout.edition_name(layout.edition(name)) == name
    assert layout.edition_name(f"{layout.editions}else") is None
    for path in ("", "groups", "topics/t-0"):
        key = layout.file(path, RemoteFile("f", 1, SHA))
        assert layout.path_of(key, layout.files) == path


def test_a_directory_covers_only_its_own_copy() -> None:
    first = next_mark(None, None, "tier_1")
    assert first == Mark(FORMAT, "tier_1", 1)
    assert decode_mark(encode_mark(first)) == first
    own = Mark(FORMAT, "tier_1", 4)
    assert next_mark(own, edition(), "tier_2").number == 5
    assert next_mark(own, None, "tier_2") == Mark(FORMAT, "tier_1", 5)
    foreign = (None, Mark(FORMAT, "tier_9", 4), Mark(FORMAT, "tier_1", 3))
    for mark in foreign:
        with pytest.raises(ForeignCopyError):
            next_mark(mark, edition(), "tier_2")


def test_names_that_differ_in_content_differ() -> None:
    layout = Layout("", "lkc_1")
    one, other = (layout.file("groups", RemoteFile("f", 1, sha)) for sha in (SHA, "b" * 64))
    assert one != other
