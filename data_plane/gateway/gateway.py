"""The gateway of a process: its producers, its readers, and what keeps them tidy."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from control_plane.kit.clock import Clock
from data_plane.gateway.consumer_pool import ConsumerPool
from data_plane.gateway.endpoints import ClientCredentials
from data_plane.gateway.limits import SWEEP_SECONDS
from data_plane.gateway.producer_pool import ProducerPool


class Gateway:
    """Everything that HTTP routes produce and consume by. Belongs to one event loop."""

    def __init__(self, credentials: ClientCredentials, clock: Clock) -> None:
        self.producers = ProducerPool(credentials, clock)
        self.consumers = ConsumerPool(credentials, clock)
        self._entered = 0
        self._sweeping: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """Close what idles while the process serves, and everything when it ends.

        A process that serves several sockets enters this once for each; the last one out closes.
        """
        self._entered += 1
        if self._entered == 1:
            self._sweeping = asyncio.create_task(self._sweep(), name="gateway-sweep")
        try:
            yield
        finally:
            self._entered -= 1
            if self._entered == 0:
                await self._close()

    async def _close(self) -> None:
        assert self._sweeping is not None
        self._sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeping
        await self.producers.close()
        await self.consumers.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.producers.sweep()
            self.consumers.sweep()
