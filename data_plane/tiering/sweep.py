"""Removes what no edition needs any more: what retention, compaction and deleted topics left.

Editions go first, then the files and indexes that only they had. An object that is young may
belong to an edition that is still to come, and stays. Killed anywhere, the next sweep goes on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from data_plane.tiering.bucket import Bucket, Stored
from data_plane.tiering.documents import DirectoryEntry, Edition
from data_plane.tiering.editions import Editions
from data_plane.tiering.keeping import kept
from data_plane.tiering.layout import Layout
from data_plane.tiering.limits import DELETED_AT_ONCE_MAX, UNREFERENCED_SECONDS_MIN


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed."""

    editions: int
    objects: int
    bytes: int


class Sweep:
    """One search for what is not needed. `now` is what the bucket's times are compared with."""

    def __init__(self, bucket: Bucket, layout: Layout, *, now: datetime, keep_days: int) -> None:
        self._bucket = bucket
        self._layout = layout
        self._editions = Editions(bucket, layout)
        self._now = now
        self._keep_days = keep_days

    def run(self) -> Swept:
        """Remove editions that are not kept, and objects that no kept one has."""
        listed = self._editions.list()
        numbers = kept(
            (one.taken for one in listed),
            now_ms=round(self._now.timestamp() * 1000),
            days=self._keep_days,
        )
        dropped = [one.name for one in listed if one.name.number not in numbers]
        editions = [self._editions.read(one.name) for one in listed if one.name.number in numbers]
        if not editions:
            return Swept(0, 0, 0)
        self._bucket.delete([self._layout.edition(name) for name in dropped])
        entries = _by_path(editions)
        unneeded = [*self._files(entries), *self._indexes(entries)]
        for first in range(0, len(unneeded), DELETED_AT_ONCE_MAX):
            part = unneeded[first : first + DELETED_AT_ONCE_MAX]
            self._bucket.delete([stored.key for stored in part])
        removed_bytes = sum(stored.bytes for stored in unneeded)
        return Swept(len(dropped), len(unneeded), removed_bytes)

    def _files(self, entries: Mapping[str, Sequence[DirectoryEntry]]) -> Iterator[Stored]:
        beginning = self._layout.files
        listed = self._bucket.list(beginning)
        for path, group in groupby(listed, lambda one: self._layout.path_of(one.key, beginning)):
            needed = {
                self._layout.file(path, file)
                for entry in entries.get(path, ())
                for file in self._editions.index(entry).files
            }
            yield from self._old(stored for stored in group if stored.key not in needed)

    def _indexes(self, entries: Mapping[str, Sequence[DirectoryEntry]]) -> Iterator[Stored]:
        beginning = self._layout.indexes
        for stored in self._bucket.list(beginning):
            path = self._layout.path_of(stored.key, beginning)
            needed = {self._layout.index(path, entry.sha256) for entry in entries.get(path, ())}
            if stored.key not in needed:
                yield from self._old([stored])

    def _old(self, objects: Iterable[Stored]) -> Iterator[Stored]:
        before = self._now - timedelta(seconds=UNREFERENCED_SECONDS_MIN)
        return (stored for stored in objects if stored.modified_at < before)


def _by_path(editions: Iterable[Edition]) -> dict[str, list[DirectoryEntry]]:
    """Return the different indexes of each directory."""
    found: dict[str, dict[str, DirectoryEntry]] = {}
    for edition in editions:
        for entry in edition.directories:
            found.setdefault(entry.path, {})[entry.sha256] = entry
    return {path: list(entries.values()) for path, entries in found.items()}
