"""Reads segments of the native broker's logs, with nothing of the broker's own code.

A segment is a header of 64 bytes (topic id at 8, partition at 24) and then record batches in
Kafka's format, version 2: https://kafka.apache.org/documentation/#recordbatch
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SEGMENT = re.compile(r"[0-9]{20}\.log")
SEGMENT_HEADER = struct.Struct(">8x16si")
SEGMENT_HEADER_BYTES = 64

# Base offset, length of what follows, then after 9 bytes the attributes, the last offset delta, and
# after 30 more bytes the count of records.
BATCH_HEADER = struct.Struct(">qi9xhi30xi")
CONTROL_BIT = 0x20
LENGTH_ENDS_AT = 12

TopicPartition = tuple[str, int]  # topic id, partition


class ScanError(Exception):
    """A segment does not hold what it must; says where."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One record batch: its bytes, header included."""

    first_offset: int
    next_offset: int
    size_bytes: int
    records: int


@dataclass(kw_only=True)
class Log:
    """What one partition holds."""

    first_offset: int
    next_offset: int
    size_bytes: int = 0
    records: int = 0

    def add(self, batch: Batch) -> None:
        if batch.first_offset != self.next_offset:
            raise ScanError(f"offset {batch.first_offset} where {self.next_offset} is due")
        self.next_offset = batch.next_offset
        self.size_bytes += batch.size_bytes
        self.records += batch.records


def scan(directory: Path, topic_ids: Collection[str]) -> Mapping[TopicPartition, Log]:
    """The partitions of topics that have segments under `directory`; nobody may write to them."""
    found: dict[TopicPartition, Log] = {}
    for path in sorted(directory.rglob("*.log")):
        if SEGMENT.fullmatch(path.name):
            content = path.read_bytes()
            partition = identity(content)
            if partition[0] not in topic_ids:
                continue
            for batch in batches(content):
                start = batch.first_offset
                log = found.setdefault(partition, Log(first_offset=start, next_offset=start))
                log.add(batch)
    return found


def identity(segment: bytes) -> TopicPartition:
    """The partition that a segment says it belongs to."""
    topic, partition = SEGMENT_HEADER.unpack_from(segment)
    return base64.urlsafe_b64encode(topic).decode().rstrip("="), partition


def batches(segment: bytes) -> Iterator[Batch]:
    """The batches of a segment, which must end with the last of them."""
    at = SEGMENT_HEADER_BYTES
    while at < len(segment):
        if at + BATCH_HEADER.size > len(segment):
            raise ScanError(f"a torn batch header at {at}")
        first, length, attributes, last_delta, records = BATCH_HEADER.unpack_from(segment, at)
        size = LENGTH_ENDS_AT + length
        if length <= 0 or at + size > len(segment):
            raise ScanError(f"a torn batch at {at}")
        # A transaction marker is the broker's own: it takes an offset and is on nobody's account.
        is_marker = attributes & CONTROL_BIT != 0
        yield Batch(
            first_offset=first,
            next_offset=first + last_delta + 1,
            size_bytes=0 if is_marker else size,
            records=0 if is_marker else records,
        )
        at += size
