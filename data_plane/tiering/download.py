"""Writes the data directory of an edition. What an earlier attempt has whole is kept."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from data_plane.tiering.bucket import Bucket
from data_plane.tiering.documents import DirectoryEntry, Edition, RemoteFile
from data_plane.tiering.editions import Editions
from data_plane.tiering.hashing import file_digest
from data_plane.tiering.layout import Layout
from data_plane.tiering.limits import TRANSFERS_MAX
from data_plane.tiering.verify import read_sound

PART_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What lies in the directory, and how much of it lay there before."""

    files: int
    bytes: int
    kept_files: int


def download(bucket: Bucket, layout: Layout, edition: Edition, target: Path) -> Downloaded:
    """Write every file of an edition into `target`, durably, and nothing else.

    Raises ObjectMissingError or ObjectDamagedError, naming the object; every other file may then
    be there.
    """
    target.mkdir(mode=0o700, exist_ok=True)

    def directory(entry: DirectoryEntry) -> int:
        return _directory(bucket, layout, entry, target)

    with ThreadPoolExecutor(TRANSFERS_MAX) as pool:
        kept = sum(pool.map(directory, edition.directories))
    _sync(target)
    return Downloaded(edition.files, edition.bytes, kept)


def _directory(bucket: Bucket, layout: Layout, entry: DirectoryEntry, target: Path) -> int:
    """Write a directory; return how many of its files were there."""
    index = Editions(bucket, layout).index(entry)
    directory = target / entry.path
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = {file.name for file in index.files}
    for path in directory.iterdir():
        if path.is_file() and path.name not in wanted:
            path.unlink()
    kept = 0
    for file in index.files:
        path = directory / file.name
        if _is_there(path, file):
            kept += 1
        else:
            _write(bucket, layout.file(entry.path, file), file, path)
    _sync(directory)
    if entry.path:
        _sync(directory.parent)
    return kept


def _write(bucket: Bucket, key: str, file: RemoteFile, path: Path) -> None:
    part = path.with_name(path.name + PART_SUFFIX)
    with part.open("wb") as stream:
        for piece in read_sound(bucket, key, file):
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def _is_there(path: Path, file: RemoteFile) -> bool:
    return path.is_file() and path.stat().st_size == file.bytes and file_digest(path) == file.sha256


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
