"""Streams of server-sent events: how many there may be, how they are written, when they end."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, contextmanager

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from control_plane.kit.errors import AppError

STREAMS_MAX = 100
STREAMS_PER_ORGANIZATION_MAX = 20
STREAM_SECONDS_MAX = 600
KEEP_ALIVE_SECONDS = 15.0
RETRY_MS = 1000
MEDIA_TYPE = "text/event-stream"

KEEP_ALIVE = ": still here\n\n"
RETRY = f"retry: {RETRY_MS}\n\n"


class StreamsLimitReachedError(AppError):
    """As many streams of events are open as may be."""

    code = "event_streams_limit_reached"
    status = 429
    title = "Too many streams of events"


class StreamPlaces:
    """Places for open streams, of this process and of each organization in it.

    Belongs to one event loop.
    """

    def __init__(
        self, count_max: int = STREAMS_MAX, per_organization_max: int = STREAMS_PER_ORGANIZATION_MAX
    ) -> None:
        self._count_max = count_max
        self._per_organization_max = per_organization_max
        self._open: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """How many streams are open."""
        return self._open.total()

    @contextmanager
    def take(self, organization_id: str) -> Generator[None]:
        """Hold a place; raise StreamsLimitReachedError where none is free."""
        mine = self._open[organization_id]
        if mine >= self._per_organization_max or self._open.total() >= self._count_max:
            raise StreamsLimitReachedError(
                f"{mine} streams of events of this organization are open",
                advice="close streams that nobody reads, or ask again a little later",
                headers={"Retry-After": "5"},
            )
        self._open[organization_id] += 1
        try:
            yield
        finally:
            self._open[organization_id] -= 1
            if self._open[organization_id] == 0:
                del self._open[organization_id]


def write_event(kind: str, data: str, identifier: str) -> str:
    """Write one event; `data` is one line."""
    return f"id: {identifier}\nevent: {kind}\ndata: {data}\n\n"


class EventStream(StreamingResponse):
    """An answer that goes on until its events end or its client has gone, whichever is first."""

    def __init__(self, events: AsyncGenerator[str], place: ExitStack) -> None:
        super().__init__(events, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        self._events = events
        self._place = place

    async def __call__(
        self,
        scope: Scope,  # noqa: ARG002 - of the interface of ASGI
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer; the place is free again afterwards, however it ended."""
        with self._place:
            told = asyncio.ensure_future(self.stream_response(send))
            gone = asyncio.ensure_future(self.listen_for_disconnect(receive))
            try:
                await asyncio.wait({told, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                told.cancel()
                await asyncio.gather(told, gone, return_exceptions=True)
                await self._events.aclose()
            if not told.cancelled() and (error := told.exception()) is not None:
                raise error
