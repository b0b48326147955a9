"""Checksums of files."""

import hashlib
from pathlib import Path

from data_plane.tiering.limits import READ_BYTES


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, reading a piece at a time."""
    found = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(READ_BYTES):
            found.update(piece)
    return found.hexdigest()
