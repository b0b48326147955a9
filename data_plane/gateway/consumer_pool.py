"""The readers of a process: found or made per caller, bounded, and closed when they idle."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from control_plane.kit.clock import Clock
from data_plane.gateway.consumers import PartitionReader, ReadRequest
from data_plane.gateway.endpoints import ClientCredentials, Route
from data_plane.gateway.errors import CredentialBusyError, GatewayBusyError, TopicNotFoundError
from data_plane.gateway.limits import READER_IDLE_SECONDS, READERS_MAX, READERS_PER_CREDENTIAL_MAX
from data_plane.gateway.pages import RecordPage
from data_plane.gateway.producers import TOPIC_NAME

T = TypeVar("T")


class ConsumerPool:
    """Reads on threads of its own, so that waiting for records holds up nothing else.

    Belongs to one event loop.
    """

    def __init__(
        self, credentials: ClientCredentials, clock: Clock, *, readers_max: int = READERS_MAX
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._readers_max = readers_max
        self._idle: list[PartitionReader] = []  # the longest unused first
        self._busy: Counter[Route] = Counter()
        self._working: set[asyncio.Future[Any]] = set()
        self._closing: set[asyncio.Future[None]] = set()
        self._threads = ThreadPoolExecutor(readers_max, "gateway-reader")

    async def quiet(self) -> None:
        """Wait until no read is under way, a cancelled one included."""
        while self._working:
            await asyncio.wait(self._working)

    async def read(
        self, route: Route, request: ReadRequest, encode: Callable[[RecordPage], T]
    ) -> T:
        """Read as the caller of `route` and return the encoded page, encoded off the event loop.

        A cancelled read ends within a quarter of a second. Raises what PartitionReader.read
        raises, and CredentialBusyError and GatewayBusyError.
        """
        if not TOPIC_NAME.fullmatch(request.topic):
            raise TopicNotFoundError(request.topic)
        reader = self._take(route, request)
        cancelled = threading.Event()
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: encode(reader.read(request, cancelled))
        )
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        work.add_done_callback(lambda _: self._give_back(reader))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def sweep(self) -> None:
        """Close the readers that nobody has used for a while."""
        horizon = self._clock.monotonic() - READER_IDLE_SECONDS
        for reader in [r for r in self._idle if r.used_at < horizon]:
            self._idle.remove(reader)
            self._close(reader)

    async def close(self) -> None:
        """Close every reader; reads that still run end first."""
        await self.quiet()
        while self._idle:
            self._close(self._idle.pop())
        while self._closing:
            await asyncio.wait(self._closing)
        self._threads.shutdown()

    def _take(self, route: Route, request: ReadRequest) -> PartitionReader:
        if self._busy[route] >= READERS_PER_CREDENTIAL_MAX:
            raise CredentialBusyError(
                f"this credential has {READERS_PER_CREDENTIAL_MAX} reads under way"
            )
        reader = self._find(route, request)
        if reader is None:
            self._make_room()
            reader = PartitionReader(route, self._credentials)
        self._busy[route] += 1
        return reader

    def _find(self, route: Route, request: ReadRequest) -> PartitionReader | None:
        own = [reader for reader in self._idle if reader.route == route]
        found = next((reader for reader in own if reader.goes_on(request)), None)
        if found is None:
            # What a reader fetched ahead was metered: a caller who reads several partitions in
            # turn pays for it twice if the reader is turned away from it.
            found = next((reader for reader in own if not reader.holds_records()), None)
        if found is None and len(own) + self._busy[route] >= READERS_PER_CREDENTIAL_MAX:
            found = own[0]
        if found is not None:
            self._idle.remove(found)
        return found

    def _make_room(self) -> None:
        if self._busy.total() + len(self._idle) < self._readers_max:
            return
        if not self._idle:
            raise GatewayBusyError("every reader of this process is in use")
        self._close(self._idle.pop(0))

    def _give_back(self, reader: PartitionReader) -> None:
        self._busy[reader.route] -= 1
        self._busy += Counter()  # forgets the routes that have none
        reader.used_at = self._clock.monotonic()
        if reader.is_broken:
            self._close(reader)
        else:
            self._idle.append(reader)

    def _close(self, reader: PartitionReader) -> None:
        loop = asyncio.get_running_loop()
        closing = loop.run_in_executor(self._threads, reader.close)
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
