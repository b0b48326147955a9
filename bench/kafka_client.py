"""One connection of a harness to a broker: asks, waits, and tells what was answered."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from bench import kafka_wire as wire

ANSWER_SECONDS_MAX = 60.0
READY_SECONDS_MAX = 90.0
POLL_SECONDS = 0.002

NONE = 0
UNKNOWN_TOPIC_OR_PARTITION = 3
NOT_LEADER_OR_FOLLOWER = 6
TOPIC_ALREADY_EXISTS = 36
STARTING = frozenset({UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, 5, 14, 15, 16})
"""Codes with which a broker says that it is not ready for a request yet."""


class RefusedError(Exception):
    """The broker answered with an error code."""

    def __init__(self, what: str, code: int) -> None:
        super().__init__(f"{what} was answered with error code {code}")
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Appended:
    """Where a batch lies."""

    offset: int
    at: float
    """When the answer was there, by time.monotonic()."""


class Connection:
    """A connection on loopback; raises OSError when the broker goes away."""

    def __init__(self, port: int, seconds: float = ANSWER_SECONDS_MAX) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def ask(self, key: int, version: int, body: bytes) -> wire.Answer:
        """Send one request and read its answer, behind the correlation id."""
        number = next(self._numbers)
        self._socket.sendall(wire.frame(key, version, number, body))
        answer = wire.Answer(self._read(int.from_bytes(self._read(4))))
        if answer.int32() != number:
            raise wire.WireError("an answer to another request")
        return answer

    def _read(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = self._socket.recv(min(count - len(parts), 1 << 20))
            if not part:
                raise ConnectionResetError("the broker closed the connection")
            parts += part
        return bytes(parts)

    def create_topic(
        self, name: str, partitions: int = 1, settings: Mapping[str, str] | None = None
    ) -> None:
        answer = self.ask(
            wire.CREATE_TOPICS, 4, wire.create_topic(name, partitions, settings or {})
        )
        answer.take(8)
        answer.text()
        _check("CreateTopics", answer.int16(), fine=TOPIC_ALREADY_EXISTS)

    def await_topic(self, name: str, partitions: int = 1) -> None:
        """Wait until the broker serves every partition; raises TimeoutError."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        for partition in range(partitions):
            while True:
                try:
                    self.offset(name, partition, wire.LATEST)
                    break
                except RefusedError as error:
                    if error.code not in STARTING:
                        raise
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"{name} is not served") from error
                    time.sleep(POLL_SECONDS)

    def delete_topic(self, name: str) -> None:
        answer = self.ask(wire.DELETE_TOPICS, 3, wire.delete_topic(name))
        answer.take(8)
        answer.text()
        _check("DeleteTopics", answer.int16())

    def init_producer(self) -> wire.Producer:
        answer = self.ask(wire.INIT_PRODUCER_ID, 1, wire.init_producer_id())
        answer.int32()
        _check("InitProducerId", answer.int16())
        return wire.Producer(id=answer.int64(), epoch=answer.int16())

    def produce(self, topic: str, partition: int, records: bytes) -> Appended:
        """Append one batch and wait for its acknowledgement."""
        answer = self.ask(wire.PRODUCE, 7, wire.produce(topic, partition, records))
        answer.int32()
        answer.text()
        answer.take(8)
        _check("Produce", answer.int16())
        return Appended(offset=answer.int64(), at=time.monotonic())

    def fetch(self, topic: str, partition: int, offset: int) -> bytes:
        """Record batches from an offset on, as the broker sends them."""
        answer = self.ask(wire.FETCH, 4, wire.fetch(topic, partition, offset))
        answer.take(8)
        answer.text()
        answer.take(8)
        _check("Fetch", answer.int16())
        answer.take(16)
        for _ in range(max(answer.int32(), 0)):
            answer.take(16)
        return answer.blob()

    def offset(self, topic: str, partition: int, at: int) -> int:
        """The earliest or the latest offset."""
        answer = self.ask(wire.LIST_OFFSETS, 1, wire.list_offset(topic, partition, at))
        answer.int32()
        answer.text()
        answer.take(8)
        _check("ListOffsets", answer.int16())
        answer.int64()
        return answer.int64()

    def read_all(self, topic: str, partition: int) -> list[wire.Record]:
        """Every record from the earliest offset to the high watermark."""
        records: list[wire.Record] = []
        offset = self.offset(topic, partition, wire.EARLIEST)
        end = self.offset(topic, partition, wire.LATEST)
        while offset < end:
            found = [
                record
                for record in wire.records_in(self.fetch(topic, partition, offset))
                if record.offset >= offset
            ]
            if not found:
                raise wire.WireError(f"nothing can be read at offset {offset} of {end}")
            records += found
            offset = found[-1].offset + 1
        return records


def _check(what: str, code: int, fine: int = NONE) -> None:
    if code not in (NONE, fine):
        raise RefusedError(what, code)


def connect_when_ready(port: int, seconds: float = READY_SECONDS_MAX) -> Connection:
    """Connect as soon as the broker listens; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return Connection(port)
        except OSError as error:
            if time.monotonic() > deadline:
                raise TimeoutError("the broker does not listen") from error
            time.sleep(POLL_SECONDS)


def produce_when_ready(port: int, topic: str, partition: int, records: bytes) -> Appended:
    """Append one batch as soon as the broker takes it; raises TimeoutError."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while True:
        try:
            with connect_when_ready(port) as connection:
                return connection.produce(topic, partition, records)
        except RefusedError as error:
            if error.code not in STARTING or time.monotonic() > deadline:
                raise
        except ConnectionError as error:
            if time.monotonic() > deadline:
                raise TimeoutError("the broker does not take a batch") from error
        time.sleep(POLL_SECONDS)
