"""The file of a backup: gzipped lines of JSON, the last of which vouches for all others.

The first line says what it is, then come the rows of each table, table by table, and at the end
how many there are and the SHA-256 of everything before. Both sides stream. Pure but for the
streams that are passed in.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Self, cast

from api.backups.errors import BackupDamagedError, BackupError
from api.backups.values import decode_row, encode_row

FORMAT = 1
KIND = "headrace-backup"
LINE_BYTES_MAX = 64 * 1024 * 1024
COMPRESSION_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup is of.

    ``schema`` is the database's revision. ``key_check`` and ``files`` are sealed under the master
    key, which is in no backup. ``settings`` are told to people.
    """

    created_at: str
    version: str
    schema: str
    installation_id: str
    key_check: str
    files: Mapping[str, str]
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was: its columns, and rows of values in their order."""

    name: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[Any, ...]]


def write(stream: IO[bytes], header: Header, tables: Iterable[Table]) -> dict[str, int]:
    """Write a backup; return how many rows there are of each table."""
    digest, counts = hashlib.sha256(), dict[str, int]()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=COMPRESSION_LEVEL, mtime=0) as out:

        def put(value: object) -> None:
            line = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
            digest.update(line)
            out.write(line)

        fields = {name: getattr(header, name) for name in Header.__dataclass_fields__}
        put({"kind": KIND, "format": FORMAT, **fields})
        for table in tables:
            put({"table": table.name, "columns": table.columns})
            counts[table.name] = 0
            for row in table.rows:
                put(encode_row(row))
                counts[table.name] += 1
        end = {"end": True, "rows": counts, "sha256": digest.hexdigest()}
        out.write(json.dumps(end).encode() + b"\n")
    return counts


class Reader:
    """Reads a backup as a stream; whether it is whole is known when the last table was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines = _lines(stream)
        self._digest = hashlib.sha256()
        self._pending: dict[str, Any] | None = None
        self._counts: dict[str, int] = {}
        self.header = self._read_header()

    def tables(self) -> Generator[Table]:
        """Yield the tables, each of which is read before the next one.

        Raises BackupDamagedError, at the latest after the last table.
        """
        while True:
            line = self._pending or self._next()
            self._pending = None
            if not isinstance(line, dict):
                raise BackupDamagedError("the backup is damaged: rows of no table")
            if line.get("end") is True:
                self._check(line)
                return
            name, columns = _table(line)
            self._counts[name] = 0
            yield Table(name, columns, self._rows(name, len(columns)))

    @property
    def rows(self) -> int:
        """How many rows have been read."""
        return sum(self._counts.values())

    def _rows(self, name: str, width: int) -> Generator[tuple[Any, ...]]:
        while True:
            line = self._next()
            if isinstance(line, dict):
                self._pending = line
                return
            row = decode_row(line)
            if len(row) != width:
                raise BackupDamagedError(f"the backup is damaged: a row of {name} is cut short")
            self._counts[name] += 1
            yield row

    def _next(self) -> dict[str, Any] | list[Any]:
        raw = next(self._lines, None)
        if raw is None:
            raise BackupDamagedError("the backup is cut short; make it again, or fetch it again")
        line = _parsed(raw)
        if not (isinstance(line, dict) and line.get("end") is True):
            self._digest.update(raw)
        return line

    def _read_header(self) -> Header:
        found = self._next()
        if not isinstance(found, dict) or found.get("kind") != KIND:
            raise BackupDamagedError("this is no backup of headrace")
        if found.get("format") != FORMAT:
            raise BackupError(
                f"the backup has format {found.get('format')} and this version of headrace knows "
                f"{FORMAT}; upgrade headrace"
            )
        try:
            return Header(**{name: found[name] for name in Header.__dataclass_fields__})
        except KeyError as error:
            raise BackupDamagedError(f"the backup is damaged: it tells no {error}") from error

    def _check(self, end: Mapping[str, Any]) -> None:
        if end.get("sha256") != self._digest.hexdigest():
            raise BackupDamagedError("the backup is damaged: its checksum is another one")
        if end.get("rows") != self._counts:
            raise BackupDamagedError("the backup is damaged: rows are missing")
        if next(self._lines, None) is not None:
            raise BackupDamagedError("the backup is damaged: something follows its end")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()


def _table(line: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    try:
        return str(line["table"]), tuple(map(str, line["columns"]))
    except (KeyError, TypeError) as error:
        raise BackupDamagedError("the backup is damaged: a table expected") from error


def _parsed(raw: bytes) -> dict[str, Any] | list[Any]:
    try:
        line: Any = json.loads(raw)
    except ValueError as error:
        raise BackupDamagedError("the backup is damaged: a line is no JSON") from error
    if isinstance(line, dict):
        return cast("dict[str, Any]", line)
    if isinstance(line, list):
        return cast("list[Any]", line)
    raise BackupDamagedError("the backup is damaged: a line is neither a row nor a table")


def _lines(stream: IO[bytes]) -> Generator[bytes]:
    with gzip.GzipFile(fileobj=stream, mode="rb") as file:
        while True:
            try:
                line = file.readline(LINE_BYTES_MAX)
            except (OSError, EOFError, zlib.error) as error:
                raise BackupDamagedError(f"the backup can not be read: {error}") from error
            if not line:
                return
            if not line.endswith(b"\n"):
                raise BackupDamagedError("the backup is damaged: a line has no end")
            yield line
