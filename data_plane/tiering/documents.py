"""What describes a remote copy: an index for each directory, and an edition that names them all.

Both are JSON, immutable, and named after the SHA-256 of their bytes. Whoever reads one checks that
before it believes a word. Paths are relative to a broker's data directory, with slashes.
"""

import hashlib
import re
from typing import TypeVar

import msgspec

from data_plane.tiering.errors import FormatUnknownError, ObjectDamagedError

FORMAT = 1

_PATH = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*)(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class RemoteFile(_Document, frozen=True):
    """A file of a directory. `inode` and `modified_ns` tell a linked one again without reading."""

    name: str
    bytes: int
    sha256: str
    inode: int | None = None
    modified_ns: int | None = None


class DirectoryIndex(_Document, frozen=True):
    """All files of one directory; the data directory itself has an empty path."""

    format: int
    path: str
    files: tuple[RemoteFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


class DirectoryEntry(_Document, frozen=True):
    """A directory of an edition, and the SHA-256 of its index."""

    path: str
    sha256: str
    files: int
    bytes: int


class Edition(_Document, frozen=True):
    """A whole state of a cluster, of one moment. `lineage` is the directory that it came from."""

    format: int
    cluster_id: str
    number: int
    lineage: str
    taken_at_ms: int
    topics: int
    partitions: int
    directories: tuple[DirectoryEntry, ...]

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.directories)

    @property
    def files(self) -> int:
        return sum(entry.files for entry in self.directories)


class _Head(msgspec.Struct, frozen=True):
    format: int


_Kind = TypeVar("_Kind", DirectoryIndex, Edition)


def encode(document: DirectoryIndex | Edition) -> bytes:
    """Return the bytes of a document: equal ones for equal documents."""
    return msgspec.json.encode(document) + b"\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def decode_index(content: bytes, sha256: str, path: str) -> DirectoryIndex:
    """Read the index of a directory.

    Raises ObjectDamagedError where it is not the one that `sha256` names, FormatUnknownError where
    another version wrote it.
    """
    index = _decode(content, sha256, DirectoryIndex)
    names = {file.name for file in index.files}
    if index.path != path or len(names) != len(index.files) or not all(map(_is_sound, index.files)):
        raise ObjectDamagedError(f"the index of '{path}' describes something else")
    return index


def decode_edition(content: bytes, sha256: str) -> Edition:
    """Read an edition; raises as `decode_index`."""
    edition = _decode(content, sha256, Edition)
    paths = {entry.path for entry in edition.directories}
    if len(paths) != len(edition.directories) or not all(
        is_path(entry.path) and _SHA256.fullmatch(entry.sha256) for entry in edition.directories
    ):
        raise ObjectDamagedError(f"edition {edition.number} describes what is no data directory")
    return edition


def is_path(path: str) -> bool:
    """Whether this is a directory below a data directory, and none beside it."""
    return path == "" or _PATH.fullmatch(path) is not None


def _is_sound(file: RemoteFile) -> bool:
    return (
        _NAME.fullmatch(file.name) is not None
        and _SHA256.fullmatch(file.sha256) is not None
        and file.bytes >= 0
    )


def _decode(content: bytes, sha256: str, kind: type[_Kind]) -> _Kind:
    if digest(content) != sha256:
        raise ObjectDamagedError(f"a document does not have the checksum {sha256}")
    try:
        version = msgspec.json.decode(content, type=_Head).format
        if version != FORMAT:
            raise FormatUnknownError(
                f"a document has format {version} and this version of headrace knows {FORMAT}"
            )
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise FormatUnknownError(f"a document can not be read: {error}") from error
