"""Reads a remote copy whole and says what of it is not what was uploaded."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from data_plane.tiering.bucket import Bucket
from data_plane.tiering.documents import DirectoryEntry, Edition, RemoteFile
from data_plane.tiering.editions import Editions
from data_plane.tiering.errors import (
    FormatUnknownError,
    ObjectDamagedError,
    ObjectMissingError,
    TieringError,
)
from data_plane.tiering.layout import Layout
from data_plane.tiering.limits import PROBLEMS_MAX, TRANSFERS_MAX


@dataclass(frozen=True, slots=True)
class Problem:
    """An object that is not as it should be: `missing`, `damaged` or `unknown`."""

    key: str
    kind: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read, and the first thousand problems of `problems_count`."""

    files: int
    bytes: int
    problems: tuple[Problem, ...]
    problems_count: int


def verify(bucket: Bucket, layout: Layout, edition: Edition) -> Verified:
    """Read every object of an edition and compare its checksum."""
    files = size = count = 0
    problems: list[Problem] = []

    def directory(entry: DirectoryEntry) -> tuple[int, int, list[Problem]]:
        return _directory(bucket, layout, entry)

    with ThreadPoolExecutor(TRANSFERS_MAX) as pool:
        for found_files, found_bytes, found in pool.map(directory, edition.directories):
            files += found_files
            size += found_bytes
            count += len(found)
            problems += found[: PROBLEMS_MAX - len(problems)]
    return Verified(files, size, tuple(problems), count)


def read_sound(bucket: Bucket, key: str, file: RemoteFile) -> Iterator[bytes]:
    """Yield an object's content; raises ObjectDamagedError once it is not what it should be."""
    found, size = hashlib.sha256(), 0
    for piece in bucket.read(key):
        found.update(piece)
        size += len(piece)
        if size > file.bytes:
            break
        yield piece
    if size != file.bytes or found.hexdigest() != file.sha256:
        raise ObjectDamagedError(f"{key} is not what was uploaded: its checksum does not match")


def _directory(
    bucket: Bucket, layout: Layout, entry: DirectoryEntry
) -> tuple[int, int, list[Problem]]:
    try:
        index = Editions(bucket, layout).index(entry)
    except (ObjectMissingError, ObjectDamagedError, FormatUnknownError) as error:
        return 0, 0, [Problem(layout.index(entry.path, entry.sha256), _kind(error))]
    problems: list[Problem] = []
    size = 0
    for file in index.files:
        key = layout.file(entry.path, file)
        try:
            size += sum(len(piece) for piece in read_sound(bucket, key, file))
        except (ObjectMissingError, ObjectDamagedError) as error:
            problems.append(Problem(key, _kind(error)))
    return len(index.files), size, problems


def _kind(error: TieringError) -> str:
    if isinstance(error, ObjectMissingError):
        return "missing"
    return "damaged" if isinstance(error, ObjectDamagedError) else "unknown"
