"""Limits of the HTTP edge, and the middleware that keeps request bodies within theirs."""

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem_response
from control_plane.kit.errors import AppError

BODY_BYTES_MAX = 1024 * 1024
BODY_SECONDS_MAX = 30.0


class BodyTooLargeError(AppError):
    """The request body is over the limit; nothing of it was used."""

    code = "body_too_large"
    status = 413
    title = "Body too large"


class BodyTooSlowError(AppError):
    """The body did not arrive in time; nothing of it was used."""

    code = "body_too_slow"
    status = 408
    title = "Body too slow"


class BodyLimitMiddleware:
    """Reads bodies whole, refusing those over a limit before anything else looks at them.

    Routes that read their body as a stream and bound each part of it themselves (`is_streamed`)
    are passed through.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        bytes_max: int = BODY_BYTES_MAX,
        seconds_max: float = BODY_SECONDS_MAX,
    ) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_streamed(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read_in_time(Request(scope), receive)
        except (BodyTooLargeError, BodyTooSlowError) as error:
            await problem_response(Request(scope), error)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    async def _read_in_time(self, request: Request, receive: Receive) -> bytes | None:
        try:
            async with asyncio.timeout(self._seconds_max):
                return await self._read(request, receive)
        except TimeoutError:
            raise BodyTooSlowError(
                f"the body was not there after {self._seconds_max:.0f} seconds",
                advice="send the whole request at once",
                headers={"Connection": "close"},
            ) from None

    async def _read(self, request: Request, receive: Receive) -> bytes | None:
        """Return the whole body, None when the client went away before it was sent."""
        declared = request.headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self._bytes_max:
            raise self._error()
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._bytes_max:
                raise self._error()
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _error(self) -> BodyTooLargeError:
        return BodyTooLargeError(
            f"the body is larger than {self._bytes_max} bytes",
            advice="send less in one request",
            headers={"Connection": "close"},
        )


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replayed() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def is_streamed(path: str) -> bool:
    """Whether the route of `path` reads its body record by record under limits of its own."""
    return path.startswith("/kafka/v3/") and path.endswith("/records")
