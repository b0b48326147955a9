"""Request frames written by hand, so that a proof does not lean on a client library.

Shapes: Kafka's CreateTopics version 4 and Produce version 7, record batch version 2 (KIP-98).
"""

from __future__ import annotations

import struct
import time

CASTAGNOLI = 0x82F63B78
CREATE_TOPICS, PRODUCE = 19, 0


def marker(correlation: int) -> bytes:
    """Bytes that occur in one record and nowhere else."""
    return b"ack-after-sync:" + correlation.to_bytes(4)


def create_topic_frame(correlation: int, topic: str) -> bytes:
    """One topic with one partition."""
    body = struct.pack(">i", 1) + _string(topic) + struct.pack(">ihii", 1, -1, 0, 0)
    return _frame(CREATE_TOPICS, 4, correlation, body + struct.pack(">ib", 10_000, 0))


def produce_frame(correlation: int, topic: str, value: bytes) -> bytes:
    """One record to partition 0, acks = all."""
    records = batch(value)
    body = struct.pack(">hhi", -1, -1, 10_000) + struct.pack(">i", 1) + _string(topic)
    body += struct.pack(">iii", 1, 0, len(records)) + records
    return _frame(PRODUCE, 7, correlation, body)


def batch(value: bytes) -> bytes:
    """A record batch of one record without key, headers or producer id."""
    record = b"\x00" + _varint(0) + _varint(0) + _varint(-1) + _varint(len(value)) + value
    record += _varint(0)
    record = _varint(len(record)) + record
    now_ms = int(time.time() * 1000)
    checked = struct.pack(">hiqqqhii", 0, 0, now_ms, now_ms, -1, -1, -1, 1) + record
    crc = crc32c(checked)
    after_length = struct.pack(">ibI", -1, 2, crc) + checked
    return struct.pack(">qi", 0, len(after_length)) + after_length


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), bit by bit: slow, short and independent of the broker's."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (CASTAGNOLI if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def _frame(key: int, version: int, correlation: int, body: bytes) -> bytes:
    payload = struct.pack(">hhi", key, version, correlation) + _string("proof") + body
    return struct.pack(">i", len(payload)) + payload


def _string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def _varint(number: int) -> bytes:
    zigzag = (number << 1) ^ (number >> 63)
    out = bytearray()
    while zigzag >> 7:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes(out) + bytes([zigzag])
