"""How many bytes and records of a partition lie in a range of offsets, as its files have it.

Only headers of record batches are read (message format 2, KIP-98): what a broker counts of its
own is gone with its process, its log is not.
"""

import os
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# Offset, length behind it, leader epoch, format, checksum, attributes, last offset's delta, two
# timestamps, producer's id, epoch and sequence, number of records.
_HEADER = struct.Struct(">qiibIhiqqqhii")
_LENGTH_IS_BEHIND = 12
_FORMAT = 2
_IS_CONTROL = 0x20
_CHUNK_BYTES = 64 * 1024

_SEGMENT = re.compile(r"(\d{20})\.log(\.deleted)?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a partition's files the batch begins that has `next_offset`, or follows it."""

    segment: int
    position: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class Appended:
    """Whole batches in a row: up to which offset, their bytes and records, and where they end.

    Transactions' markers take offsets, and count neither bytes nor records.
    """

    next_offset: int
    bytes: int
    records: int
    place: Place | None


@dataclass(frozen=True, slots=True)
class _Batch:
    base_offset: int
    next_offset: int
    ends_at: int
    bytes: int
    records: int


def appended(directory: Path, first: int, end: int, known: Place | None = None) -> Appended:
    """Count the batches with offsets in [first, end); `known` spares reading what was read before.

    What compaction or retention has removed is left out. A file that goes meanwhile ends the
    count before it.
    """
    next_offset, size, records, place = first, 0, 0, known
    for base, path, position in _places(directory, first, end, known):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            break
        try:
            for batch in _batches(descriptor, position):
                if batch.next_offset > end:
                    break
                if batch.base_offset < first:
                    continue
                next_offset = batch.next_offset
                size += batch.bytes
                records += batch.records
                place = Place(base, batch.ends_at, next_offset)
        finally:
            os.close(descriptor)
    return Appended(next_offset, size, records, place)


def _places(
    directory: Path, first: int, end: int, known: Place | None
) -> Iterator[tuple[int, Path, int]]:
    """Yield the files that may hold such batches, in order, and where in each to begin."""
    found = sorted(_segments(directory).items())
    for index, (base, path) in enumerate(found):
        is_before = index + 1 < len(found) and found[index + 1][0] <= first
        if is_before or base >= end:
            continue
        is_known = known is not None and (known.segment, known.next_offset) == (base, first)
        position = known.position if known is not None and is_known else 0
        # A file that was written anew since has something else there.
        yield base, path, position if _begins_batch(path, position, first) else 0


def _segments(directory: Path) -> Mapping[int, Path]:
    """Return files by their first offset; of those that Kafka is about to delete the oldest.

    What compaction replaced is about to be deleted too, and stands in newer files already.
    """
    present: dict[int, Path] = {}
    leaving: dict[int, Path] = {}
    try:
        files = list(directory.iterdir())
    except FileNotFoundError:
        return {}
    for file in files:
        match = _SEGMENT.fullmatch(file.name)
        if match is not None:
            (leaving if match[2] else present)[int(match[1])] = file
    oldest = min(present, default=None)
    gone = {base: path for base, path in leaving.items() if oldest is None or base < oldest}
    return {**gone, **present}


def _begins_batch(path: Path, position: int, first: int) -> bool:
    if position == 0:
        return True
    try:
        with path.open("rb") as file:
            head = os.pread(file.fileno(), _HEADER.size, position)
    except FileNotFoundError:
        return False
    # At the end of the file nothing was appended since.
    return not head or (len(head) == _HEADER.size and _HEADER.unpack(head)[0] == first)


def _batches(descriptor: int, position: int) -> Iterator[_Batch]:
    chunk, begins_at = b"", position
    while True:
        within = position - begins_at
        if within + _HEADER.size > len(chunk):
            chunk, begins_at, within = os.pread(descriptor, _CHUNK_BYTES, position), position, 0
            if len(chunk) < _HEADER.size:
                return
        fields = _HEADER.unpack_from(chunk, within)
        base, size, attributes, last = (
            fields[0],
            fields[1] + _LENGTH_IS_BEHIND,
            fields[5],
            fields[6],
        )
        if fields[3] != _FORMAT or size < _HEADER.size:
            return  # room that is not written yet
        position += size
        is_control = bool(attributes & _IS_CONTROL)
        yield _Batch(
            base_offset=base,
            next_offset=base + last + 1,
            ends_at=position,
            bytes=0 if is_control else size,
            records=0 if is_control else fields[12],
        )
