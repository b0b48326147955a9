"""The few messages of the Kafka protocol that harnesses send, written by hand.

A harness that judges a broker must not lean on the broker's codec nor on a client library that
retries, batches and reconnects as it likes. Shapes: CreateTopics 4, DeleteTopics 3, InitProducerId
1, Produce 7, Fetch 4, ListOffsets 1 and record batches of version 2 (KIP-98).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

PRODUCE, FETCH, LIST_OFFSETS = 0, 1, 2
CREATE_TOPICS, DELETE_TOPICS, INIT_PRODUCER_ID = 19, 20, 22
CLIENT_ID = "headrace-bench"
TIMEOUT_MS = 30_000
FETCH_BYTES = 8 << 20
EARLIEST, LATEST = -2, -1

CASTAGNOLI = 0x82F63B78
BATCH = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, CRC, attributes, last offset delta, two timestamps,
producer id, epoch, base sequence, count of records."""

LENGTH_ENDS_AT = 12
CONTINUES = 0x80
"""The bit of a varint's byte that another one follows."""

CRC_ENDS_AT = 21


class WireError(Exception):
    """An answer that can not be read."""


def _table() -> tuple[int, ...]:
    rows: list[int] = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (CASTAGNOLI if crc & 1 else 0)
        rows.append(crc)
    return tuple(rows)


_CRC_ROWS = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), independent of the broker's."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_ROWS[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True)
class Producer:
    """Who an idempotent producer is; `NOBODY` is none."""

    id: int
    epoch: int


NOBODY = Producer(id=-1, epoch=-1)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record as it was read. `sound` tells that its batch had the right CRC."""

    offset: int
    value: bytes
    sound: bool


def batch(values: Sequence[bytes], producer: Producer, sequence: int, timestamp_ms: int) -> bytes:
    """A record batch of values without keys or headers."""
    records = b"".join(_record(number, value) for number, value in enumerate(values))
    last = len(values) - 1
    numbers = (0, 0, -1, 2, 0, 0, last, timestamp_ms, timestamp_ms)
    head = BATCH.pack(*numbers, producer.id, producer.epoch, sequence, len(values))
    checked = head[CRC_ENDS_AT:] + records
    length = len(head) - LENGTH_ENDS_AT + len(records)
    return struct.pack(">qiibI", 0, length, -1, 2, crc32c(checked)) + checked


def records_in(data: bytes) -> Iterator[Record]:
    """The records of whole batches, whether or not their CRC is right; a partial batch ends it."""
    at = 0
    while at + BATCH.size <= len(data):
        base, length, *_ = BATCH.unpack_from(data, at)
        end = at + LENGTH_ENDS_AT + length
        if length < BATCH.size - LENGTH_ENDS_AT or end > len(data):
            return
        yield from _records_of(data[at:end], base)
        at = end


def _records_of(whole: bytes, base: int) -> Iterator[Record]:
    fields = BATCH.unpack_from(whole)
    sound = fields[4] == crc32c(whole[CRC_ENDS_AT:])
    at, count = BATCH.size, fields[-1]
    try:
        for _ in range(count):
            size, at = _read_varint(whole, at)
            end = at + size
            _, inner = _read_varint(whole, at + 1)
            delta, inner = _read_varint(whole, inner)
            key, inner = _read_varint(whole, inner)
            length, inner = _read_varint(whole, inner + max(key, 0))
            value = whole[inner : inner + max(length, 0)]
            yield Record(offset=base + delta, value=value, sound=sound)
            at = end
    except IndexError:
        # Only a batch whose bytes are wrong ends early, and that must be seen.
        yield Record(offset=base, value=b"", sound=False)


def _record(number: int, value: bytes) -> bytes:
    body = b"\x00" + varint(0) + varint(number) + varint(-1) + varint(len(value)) + value
    body += varint(0)
    return varint(len(body)) + body


def varint(number: int) -> bytes:
    """A number in zigzag and seven bits a byte."""
    zigzag = (number << 1) ^ (number >> 63)
    out = bytearray()
    while zigzag >> 7:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes(out) + bytes([zigzag])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    zigzag = shift = 0
    while True:
        byte = data[at]
        at += 1
        zigzag |= (byte & 0x7F) << shift
        if not byte & CONTINUES:
            return (zigzag >> 1) ^ -(zigzag & 1), at
        shift += 7


def frame(key: int, version: int, correlation: int, body: bytes) -> bytes:
    """A whole request."""
    payload = struct.pack(">hhi", key, version, correlation) + text(CLIENT_ID) + body
    return struct.pack(">i", len(payload)) + payload


def text(value: str) -> bytes:
    return struct.pack(">h", len(value)) + value.encode()


def create_topic(name: str, partitions: int, settings: Mapping[str, str]) -> bytes:
    """The body of a request for one topic."""
    body = struct.pack(">i", 1) + text(name) + struct.pack(">ihi", partitions, 1, 0)
    body += struct.pack(">i", len(settings))
    body += b"".join(text(key) + text(value) for key, value in settings.items())
    return body + struct.pack(">ib", TIMEOUT_MS, 0)


def delete_topic(name: str) -> bytes:
    return struct.pack(">i", 1) + text(name) + struct.pack(">i", TIMEOUT_MS)


def init_producer_id() -> bytes:
    return struct.pack(">hi", -1, TIMEOUT_MS)


def produce(topic: str, partition: int, records: bytes) -> bytes:
    """The body of a request with one batch, acknowledged by all replicas."""
    body = struct.pack(">hhii", -1, -1, TIMEOUT_MS, 1) + text(topic)
    return body + struct.pack(">iii", 1, partition, len(records)) + records


def fetch(topic: str, partition: int, offset: int, size: int = FETCH_BYTES) -> bytes:
    """The body of a request that answers at once with what there is."""
    body = struct.pack(">iiiibi", -1, 0, 0, size, 0, 1) + text(topic)
    return body + struct.pack(">iiqi", 1, partition, offset, size)


def list_offset(topic: str, partition: int, at: int) -> bytes:
    body = struct.pack(">ii", -1, 1) + text(topic)
    return body + struct.pack(">iiq", 1, partition, at)


class Answer:
    """An answer that is read from its front; raises WireError where it is too short."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if count < 0 or len(part) < count:
            raise WireError(f"an answer of {len(self._data)} bytes ends too early")
        self._at += count
        return part

    def int16(self) -> int:
        return int.from_bytes(self.take(2), signed=True)

    def int32(self) -> int:
        return int.from_bytes(self.take(4), signed=True)

    def int64(self) -> int:
        return int.from_bytes(self.take(8), signed=True)

    def text(self) -> str:
        length = self.int16()
        return "" if length < 0 else self.take(length).decode()

    def blob(self) -> bytes:
        length = self.int32()
        return b"" if length < 0 else self.take(length)
