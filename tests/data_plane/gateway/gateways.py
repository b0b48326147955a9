"""Short ways to produce and read by a gateway in tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from control_plane.kit.clock import Clock, SystemClock
from data_plane.gateway.consumer_pool import ConsumerPool
from data_plane.gateway.consumers import ReadRequest, Start
from data_plane.gateway.deliveries import Outcome
from data_plane.gateway.endpoints import Route
from data_plane.gateway.pages import RecordPage
from data_plane.gateway.producer_pool import ProducerPool
from data_plane.gateway.records import Delivered, NewRecord
from tests.data_plane.gateway.conftest import NoCredentials

T = TypeVar("T")

PATIENCE_SECONDS = 10.0
READ_BYTES = 1024 * 1024


class TestGateway:
    """Producers and readers of a test; `with_gateway` closes them."""

    __test__ = False

    def __init__(
        self, clock: Clock | None = None, producers_max: int = 8, bytes_max: int = 1 << 27
    ) -> None:
        self.producers = ProducerPool(
            NoCredentials(),
            clock or SystemClock(),
            producers_max=producers_max,
            bytes_max=bytes_max,
        )
        self.consumers = ConsumerPool(NoCredentials(), clock or SystemClock(), readers_max=32)

    async def send(
        self, route: Route, topic: str, records: Sequence[NewRecord]
    ) -> asyncio.Task[list[Outcome]]:
        async with self.producers.producer(route) as sender:
            return await sender.send(topic, records, PATIENCE_SECONDS)

    async def produce(
        self, route: Route, topic: str, records: Sequence[NewRecord]
    ) -> list[Delivered]:
        outcomes = await (await self.send(route, topic, records))
        delivered = [outcome for outcome in outcomes if isinstance(outcome, Delivered)]
        assert len(delivered) == len(records), outcomes
        return delivered

    async def read(
        self,
        route: Route,
        topic: str,
        start: Start = "earliest",
        *,
        partition: int = 0,
        bytes_max: int = READ_BYTES,
        wait_seconds: float = 0.0,
    ) -> RecordPage:
        request = ReadRequest(topic, partition, start, bytes_max, wait_seconds)
        return await self.consumers.read(route, request, lambda page: page)

    async def close(self) -> None:
        await self.producers.close()
        await self.consumers.close()


def with_gateway(
    scenario: Callable[[TestGateway], Awaitable[T]], make: Callable[[], TestGateway] = TestGateway
) -> T:
    """Run a scenario with a gateway, and close it."""

    async def run() -> T:
        async with _open(make) as gateway:
            return await scenario(gateway)

    return asyncio.run(run())


@asynccontextmanager
async def _open(make: Callable[[], TestGateway]) -> AsyncGenerator[TestGateway]:
    gateway = make()
    try:
        yield gateway
    finally:
        await gateway.close()


def numbered(count: int, partition: int | None = 0, size: int = 0) -> list[NewRecord]:
    """Records whose values tell their number."""
    return [
        NewRecord(None, str(number).encode().ljust(size, b"."), partition=partition)
        for number in range(count)
    ]


def numbers(page: RecordPage) -> list[int]:
    """The numbers of a page's records."""
    return [int((record.value or b"").rstrip(b".")) for record in page.records]
