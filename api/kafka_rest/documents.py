"""The JSON documents of a request body, as they arrive."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from control_plane.kit.errors import AppError
from data_plane.gateway.errors import MalformedJsonError
from data_plane.gateway.limits import (
    BATCH_BYTES_MAX,
    BATCH_RECORDS_MAX,
    DOCUMENT_BYTES_MAX,
    STREAM_IDLE_SECONDS,
)
from data_plane.gateway.streams import DocumentSplitter


class StreamIdleError(AppError):
    """The client has not sent anything for a while."""

    code = "stream_idle"
    status = 408
    title = "Nothing arrived"

    def __init__(self) -> None:
        super().__init__(
            f"nothing arrived for {STREAM_IDLE_SECONDS} seconds",
            advice="end the request when there is nothing to send, and begin another later",
        )


class DocumentBatches:
    """What each received chunk completes, in batches of bounded length.

    Whatever is complete before the stream turns out to be wrong is yielded before the error.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._splitter = DocumentSplitter(DOCUMENT_BYTES_MAX)
        self._ready: deque[bytes] = deque()
        self._has_ended = False
        self._error: AppError | None = None

    async def next(self) -> list[bytes] | None:
        """Return at least one document, None at the end. Raises what is wrong with the stream."""
        while not self._ready and not self._has_ended:
            await self._receive()
        if not self._ready:
            if self._error is not None:
                raise self._error
            return None
        return self._take()

    def _take(self) -> list[bytes]:
        batch: list[bytes] = []
        size = 0
        while self._ready and len(batch) < BATCH_RECORDS_MAX and size < BATCH_BYTES_MAX:
            size += len(self._ready[0])
            batch.append(self._ready.popleft())
        return batch

    async def _receive(self) -> None:
        try:
            async with asyncio.timeout(STREAM_IDLE_SECONDS):
                chunk = await anext(self._chunks, None)
            if chunk is None:
                self._has_ended = True
                self._splitter.finish()
                return
            self._ready.extend(self._splitter.feed(chunk))
        except AppError as error:
            self._end(error)
        except TimeoutError:
            self._end(StreamIdleError())

    def _end(self, error: AppError) -> None:
        self._has_ended = True
        self._error = error


def empty_body() -> MalformedJsonError:
    """Return what is wrong with a body without any record."""
    return MalformedJsonError("the body is empty")
