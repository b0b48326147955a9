"""Files of a partition as Apache Kafka lays them down, for tests of whoever reads them."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_HEADER = struct.Struct(">qiibIhiqqqhii")
TOPIC_ID = "AQEBAQEBQQGBAQEBAQEBAQ"


@dataclass(frozen=True)
class Batch:
    """A record batch of `records` with so many bytes of content."""

    base_offset: int
    records: int
    content_bytes: int = 100
    is_control: bool = False
    magic: int = 2

    @property
    def size(self) -> int:
        return _HEADER.size + self.content_bytes

    def encode(self) -> bytes:
        head = _HEADER.pack(
            *(self.base_offset, self.size - 12, 0, self.magic, 0, 0x20 if self.is_control else 0),
            *(self.records - 1, 0, 0, -1, -1, -1, self.records),
        )
        return head + bytes(self.content_bytes)


def write_segment(directory: Path, *batches: Batch, suffix: str = "") -> Path:
    """Write a segment that begins with the first batch."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{batches[0].base_offset:020}.log{suffix}"
    path.write_bytes(b"".join(one.encode() for one in batches))
    return path


def write_partition(
    logs: Path, name: str, batches: Sequence[Batch] = (), topic_id: str = TOPIC_ID
) -> Path:
    """Write the directory of a replica."""
    directory = logs / name
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "partition.metadata").write_text(f"version: 0\ntopic_id: {topic_id}")
    if batches:
        write_segment(directory, *batches)
    return directory
