"""The producers of a process: found or made per caller, bounded, and closed when they idle."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import structlog

from control_plane.kit.clock import Clock
from data_plane.gateway.budget import ByteBudget
from data_plane.gateway.deliveries import Deliveries, Outcome
from data_plane.gateway.endpoints import ClientCredentials, Route
from data_plane.gateway.errors import CredentialBusyError, GatewayBusyError
from data_plane.gateway.limits import (
    CLOSE_SECONDS_MAX,
    IN_FLIGHT_BYTES_MAX,
    METADATA_THREADS,
    PRODUCER_IDLE_SECONDS,
    PRODUCERS_MAX,
)
from data_plane.gateway.producers import CredentialProducer
from data_plane.gateway.records import NewRecord

_log = structlog.get_logger(__name__)


class ProducerPool:
    """Lends producers. Belongs to one event loop."""

    def __init__(
        self,
        credentials: ClientCredentials,
        clock: Clock,
        *,
        producers_max: int = PRODUCERS_MAX,
        bytes_max: int = IN_FLIGHT_BYTES_MAX,
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._producers_max = producers_max
        self._budget = ByteBudget(bytes_max)
        self._producers: OrderedDict[Route, CredentialProducer] = OrderedDict()
        self._threads = ThreadPoolExecutor(METADATA_THREADS, "gateway-metadata")
        self._closing: set[asyncio.Future[None]] = set()

    def __len__(self) -> int:
        return len(self._producers)

    @asynccontextmanager
    async def producer(self, route: Route) -> AsyncGenerator["Sender"]:
        """Lend the producer of `route`; it stays open at least as long as it is lent."""
        producer = self._find(route)
        producer.borrow()
        try:
            yield Sender(producer, self._budget)
        finally:
            producer.give_back()
            if producer.is_broken:
                self._discard(route, producer)

    def sweep(self) -> None:
        """Close the producers that nobody has used for a while."""
        horizon = self._clock.monotonic() - PRODUCER_IDLE_SECONDS
        idle = [p for p in self._producers.values() if p.is_idle and p.used_at < horizon]
        for producer in idle:
            self._discard(producer.route, producer)

    async def close(self) -> None:
        """Wait a while for what is in flight, give up the rest, and close everything."""
        producers = list(self._producers.values())
        for producer in producers:
            self._discard(producer.route, producer)
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_SECONDS_MAX)
        for producer in producers:
            producer.give_up()
        while self._closing:
            await asyncio.wait(self._closing)
        self._threads.shutdown()

    def _find(self, route: Route) -> CredentialProducer:
        producer = self._producers.get(route)
        if producer is not None and producer.is_broken:
            self._discard(route, producer)
            producer = None
        if producer is None:
            self._make_room()
            producer = CredentialProducer(route, self._credentials, self._threads, self._clock)
            self._producers[route] = producer
        self._producers.move_to_end(route)
        return producer

    def _make_room(self) -> None:
        if len(self._producers) < self._producers_max:
            return
        oldest = next((p for p in self._producers.values() if p.is_idle), None)
        if oldest is None:
            raise GatewayBusyError("every producer of this process is in use")
        self._discard(oldest.route, oldest)

    def _discard(self, route: Route, producer: CredentialProducer) -> None:
        if self._producers.get(route) is producer:
            del self._producers[route]
        if producer.is_closing:
            return
        producer.is_closing = True
        closing = asyncio.ensure_future(self._close(producer))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _close(self, producer: CredentialProducer) -> None:
        await producer.idle()
        await asyncio.get_running_loop().run_in_executor(self._threads, producer.close)
        _log.debug("producer closed", principal=producer.route.principal)


class Sender:
    """A lent producer, with the bytes it may have in flight."""

    def __init__(self, producer: CredentialProducer, process_budget: ByteBudget) -> None:
        self._producer = producer
        self._process_budget = process_budget

    async def check_topic(self, topic: str) -> None:
        """Raise TopicNotFoundError unless the cluster has the topic.

        Raises ClusterUnreachableError and ClusterRefusedCredentialError where it can not tell.
        """
        await self._producer.check_topic(topic)

    async def send(
        self, topic: str, records: Sequence[NewRecord], patience_seconds: float
    ) -> "asyncio.Task[list[Outcome]]":
        """Hand records over in order; return the task that ends with their outcomes.

        Waits for room as long as is said, then raises CredentialBusyError or GatewayBusyError,
        and what check_topic raises; nothing was sent then.
        """
        await self._producer.check_topic(topic, records)
        cost = sum(record.cost_bytes for record in records)
        await self._take(cost, patience_seconds)
        return self._start(topic, records, cost)

    async def _take(self, cost: int, patience_seconds: float) -> None:
        own = self._producer.budget
        try:
            async with asyncio.timeout(patience_seconds):
                await own.take(cost)
        except TimeoutError:
            raise CredentialBusyError("this credential has too many bytes in flight") from None
        try:
            async with asyncio.timeout(patience_seconds):
                await self._process_budget.take(cost)
        except TimeoutError:
            own.give_back(cost)
            raise GatewayBusyError("too many bytes are in flight in this process") from None
        except asyncio.CancelledError:
            own.give_back(cost)
            raise

    def _start(
        self, topic: str, records: Sequence[NewRecord], cost: int
    ) -> "asyncio.Task[list[Outcome]]":
        deliveries = self._producer.send(topic, records)
        task = asyncio.ensure_future(self._settle(deliveries, cost))
        self._producer.in_flight.add(task)
        task.add_done_callback(self._producer.in_flight.discard)
        return task

    async def _settle(self, deliveries: Deliveries, cost: int) -> list[Outcome]:
        try:
            return await deliveries.outcomes()
        finally:
            self._producer.budget.give_back(cost)
            self._process_budget.give_back(cost)
