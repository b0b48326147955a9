"""How requests are read: their heads have a size and a deadline, which uvicorn does not give them.

The deadline runs whenever nothing is being answered on a connection and bytes are outstanding: a
fresh connection that says nothing, a head that trickles in, the rest of a body whose answer was
given already. Between two requests uvicorn's own keep-alive timeout holds, and the bodies of
requests that are being answered have deadlines of their own (`api.limits`, the produce stream).
"""

import json
from asyncio import AbstractEventLoop, TimerHandle
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from prometheus_client import Counter
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

REFUSED = Counter(
    "headrace_http_heads_refused", "Connections closed for what they sent as a head", ["code"]
)

log = structlog.stdlib.get_logger("api")

LINGER_SECONDS_MAX = 1.0
"""For how long what a refused client goes on sending is read and thrown away."""


@dataclass(frozen=True)
class HeadLimits:
    """What a request line and its header fields may be, all together."""

    seconds_max: float = 10.0
    bytes_max: int = 32 * 1024
    fields_max: int = 100


@dataclass(frozen=True)
class _Refusal:
    status: HTTPStatus
    code: str
    detail: str
    advice: str


_MALFORMED = _Refusal(
    HTTPStatus.BAD_REQUEST, "request_malformed", "this is not HTTP/1.1", "send a request (RFC 9112)"
)
_TOO_LARGE = _Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "request_head_too_large",
    "the request line and header fields are too large or too many",
    "send fewer and shorter header fields",
)
_TOO_SLOW = _Refusal(
    HTTPStatus.REQUEST_TIMEOUT,
    "request_head_too_slow",
    "the request line and header fields did not arrive in time",
    "send the whole request at once",
)


class _HeadTooLargeError(Exception):
    """Stops the parser; the connection is answered and closed."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection. Refuses with a problem, counts, logs and closes."""

    limits = HeadLimits()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: TimerHandle | None = None
        self._refusal = _MALFORMED
        self._is_refused = False
        self._in_body = False
        self._is_begun = False
        self._heads = 0
        self._parsed_bytes = 0
        self._unparsed_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        heads, was_in_body = self._heads, self._in_body
        super().data_received(data)
        if self._is_refused or self.transport.is_closing():
            return
        is_head_alone = self._heads == heads and not was_in_body
        # What the parser holds back of an unfinished field is in here, or in one read before,
        # which may have been of a body as well.
        self._unparsed_bytes = self._unparsed_bytes + len(data) if is_head_alone else 0
        if self._unparsed_bytes > self.limits.bytes_max:
            self._refuse(_TOO_LARGE)
        elif self._deadline is None and not self._is_answering:
            self._arm()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_begun = True
        self._parsed_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._bound(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._bound(len(name) + len(value))

    def on_headers_complete(self) -> None:
        self._disarm()
        self._in_body, self._is_begun = True, False
        self._heads += 1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own text
        """Answer what could not be parsed, in place of uvicorn's plain text."""
        self._refuse(self._refusal)

    @property
    def _is_answering(self) -> bool:
        cycle = self._last_cycle
        return cycle is not None and not cycle.response_complete

    @property
    def _last_cycle(self) -> Any:
        # uvicorn's annotation leaves out that there is none before the first request.
        return self.cycle

    def _bound(self, size: int) -> None:
        self._parsed_bytes += size
        is_too_large = self._parsed_bytes > self.limits.bytes_max
        if is_too_large or len(self.headers) > self.limits.fields_max:
            self._refusal = _TOO_LARGE
            raise _HeadTooLargeError

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(self.limits.seconds_max, self._expire)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._is_begun:
            self._refuse(_TOO_SLOW)
        else:
            # Nobody asked anything, so that nobody expects an answer.
            self.transport.close()

    def _refuse(self, refusal: _Refusal) -> None:
        self._disarm()
        REFUSED.labels(refusal.code).inc()
        log.info("head_refused", code=refusal.code, client=self.client and self.client[0])
        self._is_refused = True
        if self._is_answering:
            self.transport.close()
            return
        # Closing while data is unread would take the answer back (RFC 9112, section 9.6).
        self.transport.write(_answer(refusal))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._deadline = self.loop.call_later(LINGER_SECONDS_MAX, self.transport.close)


def _answer(refusal: _Refusal) -> bytes:
    body = json.dumps(
        {
            "type": f"urn:headrace:problem:{refusal.code}",
            "title": refusal.status.phrase,
            "status": refusal.status.value,
            "detail": refusal.detail,
            "code": refusal.code,
            "advice": refusal.advice,
        }
    ).encode()
    head = (
        f"HTTP/1.1 {refusal.status.value} {refusal.status.phrase}\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
