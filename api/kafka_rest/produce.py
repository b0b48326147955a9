"""Answers a produce request: one record by its true status, a stream by a report for each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from http import HTTPStatus
from typing import Protocol

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.kafka_rest.batches import Batch
from api.kafka_rest.documents import DocumentBatches, empty_body
from api.kafka_rest.reports import failure_report
from control_plane.kit.errors import AppError
from data_plane.gateway.endpoints import Route
from data_plane.gateway.errors import ClusterRefusedCredentialError
from data_plane.gateway.limits import (
    SINGLE_PATIENCE_SECONDS,
    STREAM_BATCHES_PENDING_MAX,
    STREAM_GRACE_SECONDS,
    STREAM_IDLE_SECONDS,
)
from data_plane.gateway.producer_pool import ProducerPool, Sender

MEDIA_TYPE = "application/json"

_encoder = msgspec.json.Encoder()


class Admit(Protocol):
    """Finds the route of a request's caller, or raises why there is none."""

    def __call__(self, *, afresh: bool = False) -> Awaitable[Route]: ...


class ProduceResponse(Response):
    """Produces while the body arrives, and reports while it still does.

    Errors that come before anything was sent to the cluster are raised, as of any route. `admit`
    is asked again while a stream goes on, and afresh when the cluster refuses its caller; it raises
    what ends the request.
    """

    def __init__(
        self,
        producers: ProducerPool,
        route: Route,
        admit: Admit,
        topic: str,
        chunks: AsyncIterator[bytes],
    ) -> None:
        super().__init__(media_type=MEDIA_TYPE)
        self._producers = producers
        self._route = route
        self._admit = admit
        self._topic = topic
        self._documents = DocumentBatches(chunks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._produce(scope, receive, send)
        except ClusterRefusedCredentialError:
            await self._admit(afresh=True)
            raise

    async def _produce(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._producers.producer(self._route) as sender:
            await sender.check_topic(self._topic)
            first = await self._first(sender)
            following = asyncio.ensure_future(self._documents.next())
            try:
                if len(first) == 1 and await _is_alone(first, following):
                    await self._answer(first, scope, receive, send)
                else:
                    await self._stream(sender, first, following, send)
            finally:
                following.cancel()

    async def _first(self, sender: Sender) -> Batch:
        documents = await self._documents.next()
        if documents is None:
            raise empty_body()
        batch = Batch(documents)
        if batch.malformed is not None and len(batch) == 1:
            raise batch.malformed
        await batch.send(sender, self._topic, SINGLE_PATIENCE_SECONDS)
        return batch

    async def _answer(self, batch: Batch, scope: Scope, receive: Receive, send: Send) -> None:
        (outcome,) = await batch.outcomes()
        if isinstance(outcome, AppError):
            raise outcome
        (found,) = await batch.reports(self._route.endpoint.cluster_id, self._topic)
        response = Response(_encoder.encode(found), media_type=MEDIA_TYPE)
        await response(scope, receive, send)

    async def _stream(
        self,
        sender: Sender,
        first: Batch,
        following: "asyncio.Future[list[bytes] | None]",
        send: Send,
    ) -> None:
        pending: asyncio.Queue[Batch | AppError | None] = asyncio.Queue(STREAM_BATCHES_PENDING_MAX)
        await send(
            {
                "type": "http.response.start",
                "status": HTTPStatus.OK,
                "headers": [(b"content-type", MEDIA_TYPE.encode())],
            }
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(sender, first, following, pending))
            while (item := await pending.get()) is not None:
                body = await self._encode(item)
                async with asyncio.timeout(STREAM_IDLE_SECONDS):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read(
        self,
        sender: Sender,
        first: Batch,
        following: "asyncio.Future[list[bytes] | None]",
        pending: "asyncio.Queue[Batch | AppError | None]",
    ) -> None:
        batch = first
        # Who has left reads no reports; records that were handed over before are written.
        with suppress(ClientDisconnect):
            while True:
                await pending.put(batch)
                if batch.malformed is not None:
                    break
                try:
                    documents = await following
                    await self._admit()
                except AppError as error:
                    await pending.put(error)
                    break
                if documents is None:
                    break
                batch = Batch(documents)
                await batch.send(sender, self._topic, STREAM_IDLE_SECONDS)
                following = asyncio.ensure_future(self._documents.next())
        await pending.put(None)

    async def _encode(self, item: Batch | AppError) -> bytes:
        if isinstance(item, AppError):
            return _encoder.encode(failure_report(item)) + b"\n"
        found = await item.reports(self._route.endpoint.cluster_id, self._topic)
        return _encoder.encode_lines(found)


async def _is_alone(first: Batch, following: "asyncio.Future[list[bytes] | None]") -> bool:
    """Whether the body ends after its first record.

    A client that keeps the request open is waiting for a report, so once there is one to give
    the end of the body is only waited for a moment longer.
    """
    outcome = asyncio.ensure_future(first.outcomes())
    await asyncio.wait({outcome, following}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({following}, timeout=STREAM_GRACE_SECONDS)
    outcome.cancel()
    if not following.done() or following.exception() is not None:
        return False
    return following.result() is None
