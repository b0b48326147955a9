"""Puts an edition of a cluster into a bucket.

Everything that it needs comes first, the edition itself last: whoever dies before has changed
nothing that anybody reads. What is there already is not sent again, so that a pass that died costs
the next one nothing but looking.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from data_plane.tiering.bucket import Bucket
from data_plane.tiering.documents import (
    FORMAT,
    DirectoryEntry,
    DirectoryIndex,
    Edition,
    RemoteFile,
    digest,
    encode,
)
from data_plane.tiering.editions import Editions
from data_plane.tiering.errors import TieringError
from data_plane.tiering.hashing import file_digest
from data_plane.tiering.layout import EditionName, Layout
from data_plane.tiering.limits import TRANSFERS_MAX

SEGMENT = ".log"


@dataclass(frozen=True, slots=True)
class Twin:
    """A data directory of the cluster that nobody writes, and what its broker said of it."""

    path: Path
    taken_at_ms: int
    topics: int
    partitions: int


@dataclass(frozen=True, slots=True)
class Sent:
    """What had to be sent, and what was in the bucket before."""

    files: int = 0
    segments: int = 0
    bytes: int = 0
    known_files: int = 0

    def __add__(self, other: "Sent") -> "Sent":
        return Sent(
            self.files + other.files,
            self.segments + other.segments,
            self.bytes + other.bytes,
            self.known_files + other.known_files,
        )


class InterruptedUploadError(TieringError):
    """The process is to end; what was sent is found again by the next pass."""

    code = "upload_interrupted"


class Upload:
    """One pass over one cluster. `checks` looks for what the edition before says is there."""

    def __init__(
        self, bucket: Bucket, layout: Layout, *, checks: bool, stopping: Event | None = None
    ) -> None:
        self._bucket = bucket
        self._layout = layout
        self._editions = Editions(bucket, layout)
        self._checks = checks
        self._stopping = stopping or Event()
        self._failed = Event()

    def run(
        self, twin: Twin, before: Edition | None, *, number: int, lineage: str
    ) -> tuple[Edition, Sent]:
        """Upload what is missing, then the edition; return it."""
        entries = {} if before is None else {entry.path: entry for entry in before.directories}
        directories: list[DirectoryEntry] = []
        sent = Sent()

        def directory(path: str) -> tuple[DirectoryEntry, Sent]:
            return self._directory(twin.path, path, entries.get(path))

        with ThreadPoolExecutor(TRANSFERS_MAX) as pool:
            try:
                for entry, part in pool.map(directory, list(_directories(twin.path))):
                    directories.append(entry)
                    sent += part
            except BaseException:
                self._failed.set()
                pool.shutdown(cancel_futures=True)
                raise
        edition = Edition(
            format=FORMAT,
            cluster_id=self._layout.cluster_id,
            number=number,
            lineage=lineage,
            taken_at_ms=twin.taken_at_ms,
            topics=twin.topics,
            partitions=twin.partitions,
            directories=tuple(directories),
        )
        content = encode(edition)
        name = EditionName(number, digest(content))
        self._bucket.put(self._layout.edition(name), content)
        return edition, sent

    def _directory(
        self, root: Path, path: str, before: DirectoryEntry | None
    ) -> tuple[DirectoryEntry, Sent]:
        known = {} if before is None else self._known(before)
        beginning = self._layout.directory(path)
        there: dict[str, int] | None = None
        files: list[RemoteFile] = []
        sent = Sent()
        for source in sorted(one for one in (root / path).iterdir() if one.is_file()):
            if self._stopping.is_set() or self._failed.is_set():
                raise InterruptedUploadError("the uploader was told to stop")
            file, is_known = _describe(source, known.get(source.name))
            files.append(file)
            key = self._layout.file(path, file)
            if self._checks or not is_known:
                if there is None:
                    there = {one.key: one.bytes for one in self._bucket.list(beginning)}
                is_known = there.get(key) == file.bytes
            if is_known:
                sent += Sent(known_files=1)
                continue
            self._bucket.upload(key, source)
            is_segment = source.suffix == SEGMENT
            sent += Sent(files=1, segments=int(is_segment), bytes=file.bytes)
        index = DirectoryIndex(FORMAT, path, tuple(files))
        content = encode(index)
        entry = DirectoryEntry(path, digest(content), len(files), index.bytes)
        if self._checks or before is None or before.sha256 != entry.sha256:
            self._bucket.put(self._layout.index(path, entry.sha256), content)
        return entry, sent

    def _known(self, before: DirectoryEntry) -> dict[str, RemoteFile]:
        return {file.name: file for file in self._editions.index(before).files}


def _directories(root: Path) -> Iterator[str]:
    """Yield every directory with a file of its own, below `root` and itself."""
    for directory, _, names in os.walk(root):
        if names:
            path = Path(directory).relative_to(root).as_posix()
            yield "" if path == "." else path


def _describe(source: Path, known: RemoteFile | None) -> tuple[RemoteFile, bool]:
    """Return what a file is, and whether the edition before had it. Linked ones are not read again.

    A file that has another name too is a closed segment or its index, which nobody writes.
    """
    stat = source.stat()
    is_linked = stat.st_nlink > 1
    inode, modified_ns = (stat.st_ino, stat.st_mtime_ns) if is_linked else (None, None)
    if (
        known is not None
        and is_linked
        and (known.bytes, known.inode, known.modified_ns) == (stat.st_size, inode, modified_ns)
    ):
        return known, True
    found = RemoteFile(source.name, stat.st_size, file_digest(source), inode, modified_ns)
    is_same = known is not None and (known.bytes, known.sha256) == (found.bytes, found.sha256)
    return found, is_same
