"""Collects the outcomes of the records of one request, which arrive on a producer's thread."""

import asyncio
import threading
from collections.abc import Callable

from confluent_kafka import KafkaError, Message

from control_plane.kit.errors import AppError
from data_plane.gateway.records import Delivered

CREATE_TIME_OR_APPEND_TIME = frozenset({1, 2})  # confluent_kafka.TIMESTAMP_*

Outcome = Delivered | AppError


class Deliveries:
    """One slot a record, in the order of the request; `outcomes()` waits for all of them."""

    def __init__(self, count: int, to_error: Callable[[KafkaError, int], AppError]) -> None:
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._to_error = to_error
        self._lock = threading.Lock()
        self._slots: list[Outcome | None] = [None] * count
        self._pending = count

    def settle(self, index: int, outcome: Outcome) -> None:
        """Record what became of a record. Called once a record, on any thread."""
        with self._lock:
            assert self._slots[index] is None
            self._slots[index] = outcome
            self._pending -= 1
            is_last = self._pending == 0
        if is_last:
            self._loop.call_soon_threadsafe(self._done.set_result, None)

    def callback(self, index: int) -> Callable[[KafkaError | None, Message], None]:
        """Return the delivery callback of one record."""

        def delivered(error: KafkaError | None, message: Message) -> None:
            self.settle(index, self._outcome(index, error, message))

        return delivered

    async def outcomes(self) -> list[Outcome]:
        """Wait until every record has its outcome. Safe to cancel: the records go on."""
        await asyncio.shield(self._done)
        return [slot for slot in self._slots if slot is not None]

    def _outcome(self, index: int, error: KafkaError | None, message: Message) -> Outcome:
        if error is not None:
            return self._to_error(error, index)
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        kind, timestamp_ms = message.timestamp()
        known = timestamp_ms if kind in CREATE_TIME_OR_APPEND_TIME else None
        return Delivered(partition, offset, known)
