"""The records of the demo: data sets that ship inside the vega-datasets package."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

PARTITIONS: Final = 4

DATA_SETS: Final[Mapping[str, str]] = {
    "seattle-temps": "date",
    "sf-temps": "date",
    "seattle-weather": "date",
    "airports": "iata",
}
"""File in the package, and the column that becomes the key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A record with the partition it goes to; `headers` names its data set and its row."""

    partition: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]

    @property
    def identity(self) -> tuple[tuple[str, bytes], ...]:
        """What tells this record from every other of a load."""
        return self.headers

    @property
    def size_bytes(self) -> int:
        """Bytes of key, value and headers."""
        extra = sum(len(name) + len(content) for name, content in self.headers)
        return len(self.key) + len(self.value) + extra


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A record as it was read, with its offset."""

    record: Record
    offset: int


def load_records() -> list[Record]:
    """Every row of the data sets, in their order; the same key always goes to one partition."""
    return [
        _record(name, number, row[column], row)
        for name, column in DATA_SETS.items()
        for number, row in enumerate(_rows(name))
    ]


def by_partition(records: Iterable[Record]) -> dict[int, list[Record]]:
    """The records of each partition, in order."""
    parts: dict[int, list[Record]] = {partition: [] for partition in range(PARTITIONS)}
    for record in records:
        parts[record.partition].append(record)
    return parts


def fingerprint(records: Iterable[Record]) -> str:
    """A hash of everything in the records and of their order in each partition."""
    total = hashlib.sha256()
    for partition, ordered in sorted(by_partition(records).items()):
        part = hashlib.sha256()
        for record in ordered:
            for field in (record.key, record.value, *_flat(record.headers)):
                part.update(len(field).to_bytes(4))
                part.update(field)
        total.update(partition.to_bytes(4) + part.digest())
    return total.hexdigest()


def _record(name: str, number: int, key: str, row: Mapping[str, str]) -> Record:
    content = f"{name}/{key}".encode()
    return Record(
        partition=zlib.crc32(content) % PARTITIONS,
        key=content,
        value=json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode(),
        headers=(("data-set", name.encode()), ("row", str(number).encode())),
    )


def _rows(name: str) -> Iterable[Mapping[str, str]]:
    source = files("vega_datasets").joinpath("_data", f"{name}.csv")
    return csv.DictReader(io.StringIO(source.read_text(encoding="utf-8"), newline=""))


def _flat(headers: Iterable[tuple[str, bytes]]) -> Iterable[bytes]:
    for name, content in headers:
        yield name.encode()
        yield content
