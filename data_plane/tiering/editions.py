"""The editions of a cluster that a bucket has."""

from dataclasses import dataclass

from data_plane.tiering.bucket import Bucket, read_document
from data_plane.tiering.documents import (
    DirectoryEntry,
    DirectoryIndex,
    Edition,
    decode_edition,
    decode_index,
)
from data_plane.tiering.errors import EditionMissingError, ObjectDamagedError
from data_plane.tiering.keeping import Taken
from data_plane.tiering.layout import EditionName, Layout
from data_plane.tiering.limits import DOCUMENT_BYTES_MAX, LISTED_EDITIONS_MAX


@dataclass(frozen=True, slots=True)
class ListedEdition:
    """An edition, by the name and the time of its object."""

    name: EditionName
    taken: Taken


class Editions:
    """Reads what is known of a cluster's copy."""

    def __init__(self, bucket: Bucket, layout: Layout) -> None:
        self._bucket = bucket
        self._layout = layout

    def list(self) -> list[ListedEdition]:
        """Return all, the oldest first."""
        found: list[ListedEdition] = []
        for stored in self._bucket.list(self._layout.editions):
            name = self._layout.edition_name(stored.key)
            if name is None:
                continue
            at_ms = round(stored.modified_at.timestamp() * 1000)
            found.append(ListedEdition(name, Taken(name.number, at_ms)))
            if len(found) > LISTED_EDITIONS_MAX:
                raise ObjectDamagedError(
                    f"there are more than {LISTED_EDITIONS_MAX} editions under "
                    f"{self._layout.editions}: remove the oldest"
                )
        return found

    def newest(self) -> Edition | None:
        listed = self.list()
        return self.read(listed[-1].name) if listed else None

    def pick(self, number: int | None) -> Edition:
        """Return this edition, the newest without a number; raises EditionMissingError."""
        listed = self.list()
        wanted = [one for one in listed if number is None or one.name.number == number]
        if not wanted:
            what = "no edition" if number is None else f"no edition {number}"
            raise EditionMissingError(
                f"the bucket has {what} of cluster {self._layout.cluster_id}; "
                "`headrace tier list` tells which there are"
            )
        return self.read(wanted[-1].name)

    def read(self, name: EditionName) -> Edition:
        key = self._layout.edition(name)
        content = read_document(self._bucket, key, DOCUMENT_BYTES_MAX)
        edition = decode_edition(content, name.sha256)
        if edition.number != name.number or edition.cluster_id != self._layout.cluster_id:
            raise ObjectDamagedError(f"{key} is another edition than its name says")
        return edition

    def index(self, entry: DirectoryEntry) -> DirectoryIndex:
        """Return the index of a directory of an edition."""
        key = self._layout.index(entry.path, entry.sha256)
        content = read_document(self._bucket, key, DOCUMENT_BYTES_MAX)
        return decode_index(content, entry.sha256, entry.path)
