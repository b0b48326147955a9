"""Which directory a remote copy came from.

A broker that lost its disk starts with nothing. It must not be taken for a cluster whose topics
were all deleted, so a directory bears the mark of the copy that is made of it.
"""

import msgspec

from data_plane.tiering.documents import FORMAT, Edition
from data_plane.tiering.errors import ForeignCopyError, FormatUnknownError

MARK = "tier.json"
"""Its name in the data directory."""


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The copy that belongs to a directory, and the last edition that was put there from it."""

    format: int
    lineage: str
    number: int


def encode_mark(mark: Mark) -> bytes:
    return msgspec.json.encode(mark) + b"\n"


def decode_mark(content: bytes) -> Mark:
    """Read a mark; raises FormatUnknownError."""
    try:
        mark = msgspec.json.decode(content, type=Mark)
    except msgspec.DecodeError as error:
        raise FormatUnknownError(f"{MARK} can not be read: {error}") from error
    if mark.format != FORMAT:
        raise FormatUnknownError(
            f"{MARK} has format {mark.format} and this version of headrace knows {FORMAT}"
        )
    return mark


def next_mark(mark: Mark | None, newest: Edition | None, new_lineage: str) -> Mark:
    """Return the mark of the next edition, which is written down before it is uploaded.

    Raises ForeignCopyError where the bucket holds what was not uploaded from this directory.
    """
    if newest is None:
        lineage = new_lineage if mark is None else mark.lineage
        return Mark(FORMAT, lineage, 1 if mark is None else mark.number + 1)
    if mark is None or mark.lineage != newest.lineage:
        raise ForeignCopyError(
            f"the bucket holds cluster {newest.cluster_id} of another data directory, which this "
            "one would cover: restore it with `headrace tier restore`, or use another prefix"
        )
    if newest.number > mark.number:
        raise ForeignCopyError(
            f"the bucket holds edition {newest.number} of cluster {newest.cluster_id}, which "
            f"another directory has uploaded after edition {mark.number} of this one: "
            "stop its uploader, or use another prefix"
        )
    return Mark(FORMAT, mark.lineage, mark.number + 1)
