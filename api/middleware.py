"""What surrounds every request: its id, its log line, its metrics, and the last-resort error."""

import re
import time
from collections.abc import Collection
from urllib.parse import unquote_to_bytes

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import InternalError, problem_response
from control_plane.kit.errors import AppError
from control_plane.kit.ids import new_id

REQUEST_ID_HEADER = "X-Request-Id"

REQUESTS = Counter(
    "headrace_http_requests", "HTTP requests answered", ["method", "route", "status"]
)
SECONDS = Histogram("headrace_http_request_seconds", "Time to answer", ["method", "route"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

STATUS_CLIENT_GONE = 499
"""Logged and counted of a request whose client left before it was answered (nginx's word)."""

ANY_HOST = "*"

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")

log = structlog.stdlib.get_logger("api")


class RequestTargetError(AppError):
    """The path or query holds control characters, which no name of ours has."""

    code = "request_target_invalid"
    status = 400
    title = "Request target invalid"


class HostUnknownError(AppError):
    """The request names a host that this service is not; a page elsewhere may have rebound it."""

    code = "host_unknown"
    status = 421
    title = "Host unknown"


class TargetMiddleware:
    """Refuses requests that are not addressed to this service, or whose target is malformed."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: Collection[str]) -> None:
        self._app = app
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem(Request(scope))
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await problem_response(Request(scope), problem)(scope, receive, send)

    def _problem(self, request: Request) -> AppError | None:
        query = unquote_to_bytes(request.scope["query_string"])
        if _CONTROL.search(request.scope["path"].encode()) or _CONTROL.search(query):
            return RequestTargetError("the path or query holds control characters")
        host = _without_port(request.headers.get("host", "")).lower()
        if ANY_HOST not in self._allowed_hosts and host not in self._allowed_hosts:
            return HostUnknownError(
                "this service does not answer for that host name",
                advice="the operator can add it to HEADRACE_ALLOWED_HOSTS",
            )
        return None


def _without_port(host: str) -> str:
    name, separator, port = host.rpartition(":")
    return name if separator and port.isdecimal() else host


class RequestMiddleware:
    """Gives the request an id, logs and counts it, and turns a defect into a plain 500 problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = new_id("req")
        scope.setdefault("state", {})["request_id"] = identifier
        exchange = _Exchange(scope, send, identifier)
        with structlog.contextvars.bound_contextvars(request_id=identifier):
            try:
                await self._app(scope, receive, exchange.send)
            except ClientDisconnect:
                log.debug("client_gone", path=scope["path"])
            except Exception as error:
                log.exception("request_failed", path=scope["path"])
                if exchange.started:
                    raise
                await self._answer_defect(scope, receive, exchange, error)
            finally:
                exchange.record()

    async def _answer_defect(
        self, scope: Scope, receive: Receive, exchange: "_Exchange", error: Exception
    ) -> None:
        problem = InternalError(
            "something failed that should not have",
            advice="try again; if it stays, report the request id to the operator",
        )
        problem.__cause__ = error
        await problem_response(Request(scope), problem)(scope, receive, exchange.send)


class _Exchange:
    """One request and what became of it."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope = scope
        self._send = send
        self._request_id = request_id
        self._began = time.perf_counter()
        self._status = 0

    @property
    def started(self) -> bool:
        return self._status != 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID_HEADER] = self._request_id
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Cache-Control", "no-store")
            headers.setdefault("Referrer-Policy", "no-referrer")
        await self._send(message)

    def record(self) -> None:
        """Log and count; labels are route templates and known methods, never client text."""
        seconds = time.perf_counter() - self._began
        route = getattr(self._scope.get("route"), "path", "unmatched")
        method = self._scope["method"] if self._scope["method"] in METHODS else "other"
        status = self._status or STATUS_CLIENT_GONE
        REQUESTS.labels(method, route, str(status)).inc()
        SECONDS.labels(method, route).observe(seconds)
        log.info(
            "request",
            method=method,
            path=self._scope["path"],
            status=status,
            duration_ms=round(seconds * 1000, 2),
        )
