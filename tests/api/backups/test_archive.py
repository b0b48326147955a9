"""The file of a backup: whole or refused, and values come back as what they were."""

import gzip
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest

from api.backups import archive
from api.backups.archive import Header, Reader, Table
from api.backups.errors import BackupDamagedError, BackupError

HEADER = Header(
    created_at="2026-05-04T03:02:01+00:00",
    version="0.1.0",
    schema="0001",
    installation_id="in_one",
    key_check="",
    files={},
    settings={},
)
ROWS: tuple[tuple[Any, ...], ...] = (
    (
        1,
        date(2026, 5, 4),
        None,
        True,
        2.5,
        datetime(2026, 5, 4, 3, 2, 1, 5, UTC),
        b"\x00\xff",
        {"a": [1]},
    ),
    (2, "ü\n", "", False, 0.1, None, b"", []),
)
COLUMNS = ("id", "text", "note", "flag", "share", "at", "bytes", "json")


def written(*tables: Table) -> bytes:
    stream = BytesIO()
    archive.write(stream, HEADER, tables)
    return stream.getvalue()


def read(content: bytes) -> list[tuple[str, list[tuple[Any, ...]]]]:
    with Reader(BytesIO(content)) as reader:
        return [(table.name, list(table.rows)) for table in reader.tables()]


@pytest.fixture
def whole() -> bytes:
    return written(
        Table("one", COLUMNS, ROWS), Table("two", ("id",), ()), Table("z", ("id",), [(3,)])
    )


def test_rows_come_back_as_what_they_were(whole: bytes) -> None:
    assert read(whole) == [("one", list(ROWS)), ("two", []), ("z", [(3,)])]
    assert Reader(BytesIO(whole)).header == HEADER


def test_the_same_rows_make_the_same_file(whole: bytes) -> None:
    again = written(
        Table("one", COLUMNS, ROWS), Table("two", ("id",), ()), Table("z", ("id",), [(3,)])
    )
    assert again == whole


def test_a_file_that_was_cut_or_changed_anywhere_is_refused(whole: bytes) -> None:
    for length in range(0, len(whole), 7):
        with pytest.raises(BackupDamagedError):
            read(whole[:length])
    lines = gzip.decompress(whole).splitlines(keepends=True)
    for index in range(1, len(lines) - 1):
        for changed in (
            [*lines[:index], *lines[index + 1 :]],
            [*lines[:index], lines[index], *lines[index:]],
            [*lines[:index], lines[index].replace(b"e", b"f", 1), *lines[index + 1 :]],
        ):
            if changed == lines:
                continue
            with pytest.raises(BackupDamagedError):
                read(gzip.compress(b"".join(changed)))


def test_something_else_and_a_later_format_are_told_apart(whole: bytes) -> None:
    with pytest.raises(BackupDamagedError, match="no backup"):
        read(gzip.compress(b'{"kind": "another"}\n'))
    later = gzip.decompress(whole).replace(b'"format":1', b'"format":2', 1)
    with pytest.raises(BackupError, match="upgrade headrace"):
        read(gzip.compress(later))
