"""A Kafka connection by hand: from any loopback address, over TLS or not, with a login by PLAIN."""

from __future__ import annotations

import asyncio
import ssl
import struct
from dataclasses import dataclass

from bench.proofs.produce_frames import crc32c

CONNECT_SECONDS = 5.0
"""Whoever waits longer for one answer counts it as a failure."""

LENGTH_BYTES = 4
CORRELATION_BYTES = 4


@dataclass(slots=True)
class Wire:
    """An open connection; requests go one after the other."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, key: int, version: int, body: bytes) -> bytes:
        """Send a request and return the body of its answer, in time or TimeoutError."""
        header = struct.pack(">hhih", key, version, 1, -1)
        self.writer.write(struct.pack(">i", len(header) + len(body)) + header + body)
        async with asyncio.timeout(CONNECT_SECONDS):
            length = int.from_bytes(await self.reader.readexactly(LENGTH_BYTES))
            answer = await self.reader.readexactly(length)
        return answer[CORRELATION_BYTES:]


async def login(port: int, source: str, username: str, tls: ssl.SSLContext | None = None) -> Wire:
    """Connect and log in as `username`, whose secret is its name; ConnectionError if refused."""
    name = "localhost" if tls is not None else None
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=tls, server_hostname=name, local_addr=(source, 0)
        )
    wire = Wire(reader, writer)
    await wire.ask(17, 1, _text("PLAIN"))
    token = f"\0{username}\0{username}".encode()
    answer = await wire.ask(36, 0, struct.pack(">i", len(token)) + token)
    if answer[:2] != b"\0\0":
        raise ConnectionError("the login was refused")
    return wire


async def create_topic(wire: Wire, topic: str, configs: dict[str, str]) -> None:
    """Make a topic of one partition."""
    entries = b"".join(_text(name) + _text(value) for name, value in configs.items())
    body = struct.pack(">i", 1) + _text(topic) + struct.pack(">ihii", 1, -1, 0, len(configs))
    answer = await wire.ask(19, 4, body + entries + struct.pack(">ib", 10_000, 0))
    name_ends = 4 + 4 + 2 + len(topic)
    code = int.from_bytes(answer[name_ends : name_ends + 2], signed=True)
    assert code == 0, f"the topic was refused with {code}"


async def produce(wire: Wire, topic: str, records: bytes) -> int:
    """Produce a batch to partition 0, acknowledged by all; return the error code."""
    body = struct.pack(">hhi", -1, -1, 10_000) + struct.pack(">i", 1) + _text(topic)
    answer = await wire.ask(0, 7, body + struct.pack(">iii", 1, 0, len(records)) + records)
    code_at = 4 + 2 + len(topic) + 4 + 4
    return int.from_bytes(answer[code_at : code_at + 2], signed=True)


async def limit_producer(wire: Wire, user: str, bytes_per_second: float) -> None:
    """Give a user a quota (AlterClientQuotas version 0)."""
    entity = struct.pack(">i", 1) + _text("user") + _text(user)
    operation = struct.pack(">i", 1) + _text("producer_byte_rate")
    operation += struct.pack(">db", bytes_per_second, 0)
    answer = await wire.ask(49, 0, struct.pack(">i", 1) + entity + operation + b"\0")
    code = int.from_bytes(answer[8:10], signed=True)
    assert code == 0, f"the quota was refused with {code}"


def batch_of(codec: int, payload: bytes, *, records: int) -> bytes:
    """A record batch with this payload, whatever it is, under a right checksum."""
    head = struct.pack(">hiqqqhii", codec, records - 1, 0, 0, -1, -1, -1, records)
    checked = head + payload
    after_length = struct.pack(">ibI", -1, 2, crc32c(checked)) + checked
    return struct.pack(">qi", 0, len(after_length)) + after_length


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()
