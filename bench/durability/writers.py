"""Idempotent producers that never give up: what was not answered is sent again as it was."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import kafka_wire as wire
from bench.kafka_client import STARTING, Connection, RefusedError

TOPIC = "kept"
STORAGE_ERROR = 56
RETRIED = STARTING | {STORAGE_ERROR}
VALUES_MAX = 4
PADDING_BYTES_MAX = 600
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.002


@dataclass(kw_only=True)
class Writer:
    """One producer on one partition. A value is its number, its place, and padding."""

    number: int
    partition: int
    rng: random.Random
    identity: wire.Producer | None = None
    next_sequence: int = 0
    acknowledged: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    """Offset and value of every acknowledged record, in order."""
    pending: list[bytes] = field(default_factory=list[bytes])
    """Values whose outcome is unknown: sent, and not answered."""
    _batch: bytes = b""

    def send_one(self, connection: Connection) -> None:
        """Send the pending batch again, or else a new one; takes note of the acknowledgement."""
        if self.identity is None:
            self.identity = connection.init_producer()
        if not self.pending:
            self.pending = [self._value(index) for index in range(self.rng.randint(1, VALUES_MAX))]
            now_ms = int(time.time() * 1_000)
            self._batch = wire.batch(self.pending, self.identity, self.next_sequence, now_ms)
        appended = connection.produce(TOPIC, self.partition, self._batch)
        self.acknowledged += [
            (appended.offset + index, value) for index, value in enumerate(self.pending)
        ]
        self.next_sequence += len(self.pending)
        self.pending = []

    def _value(self, index: int) -> bytes:
        padding = "x" * self.rng.randrange(PADDING_BYTES_MAX)
        return f"{self.number}/{self.next_sequence + index}/{padding}".encode()


def make(count: int, partitions: int, seed: int, first: int = 0) -> list[Writer]:
    """Producers from number `first` on, spread over the partitions; one seed decides the rest."""
    return [
        Writer(number=number, partition=number % partitions, rng=random.Random(seed + number))
        for number in range(first, first + count)
    ]


def write(writer: Writer, port: int, batches: int) -> None:
    """Get so many batches acknowledged; raises OSError when the broker goes away meanwhile."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with Connection(port) as connection:
        while batches > 0:
            try:
                writer.send_one(connection)
                batches -= 1
            except RefusedError as error:
                if error.code not in RETRIED or time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)


class Load:
    """Writers on threads of their own until they are told to stop or the broker goes away."""

    def __init__(self, writers: Sequence[Writer], port: int) -> None:
        self._stopping = threading.Event()
        self._faults: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(writer, port), daemon=True)
            for writer in writers
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, writer: Writer, port: int) -> None:
        try:
            with Connection(port) as connection:
                while not self._stopping.is_set():
                    self._send(writer, connection)
        except OSError:
            return  # the broker was killed, or its disk has failed
        except (RefusedError, wire.WireError) as error:
            self._faults.append(error)

    def _send(self, writer: Writer, connection: Connection) -> None:
        try:
            writer.send_one(connection)
        except RefusedError as error:
            if error.code not in RETRIED:
                raise
            time.sleep(POLL_SECONDS)

    def end(self) -> None:
        """Wait until every writer has stopped; raises what a broker must never answer."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS * 2)
            if thread.is_alive():
                raise TimeoutError("a writer waits for an answer for ever")
        if self._faults:
            raise self._faults[0]
