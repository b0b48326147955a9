"""What a remote copy asks of an object store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as a listing tells it."""

    key: str
    bytes: int
    modified_at: datetime


class Bucket(Protocol):
    """Objects by name. Every call raises BucketUnavailableError; thread-safe."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield the objects whose names begin with `prefix`, in order."""
        ...

    def read(self, key: str) -> Iterator[bytes]:
        """Yield the content in pieces of at most READ_BYTES; raises ObjectMissingError."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Write a small object."""
        ...

    def upload(self, key: str, path: Path) -> None:
        """Write the content of a file; the object is there whole or not at all."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; what is not there is no error."""
        ...

    def abandon_uploads(self, prefix: str) -> None:
        """Let go of the parts of uploads that nobody finishes any more."""
        ...


def read_document(bucket: Bucket, key: str, bytes_max: int) -> bytes:
    """Return the content of a small object; one that is longer is cut off there."""
    content = bytearray()
    for piece in bucket.read(key):
        content += piece
        if len(content) > bytes_max:
            break
    return bytes(content[:bytes_max])
