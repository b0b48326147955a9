"""What surrounds every request: its id, its log line, its metrics, and the last-resort error."""

import http
import time

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import InternalError, problem_response
from control_plane.kit.ids import new_id

REQUEST_ID_HEADER = "X-Request-Id"

REQUESTS = Counter(
    "headrace_http_requests", "HTTP requests answered", ["method", "route", "status"]
)
SECONDS = Histogram("headrace_http_request_seconds", "Time to answer", ["method", "route"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.stdlib.get_logger("api")


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
        status = self._status or http.HTTPStatus.INTERNAL_SERVER_ERROR.value
        REQUESTS.labels(method, route, str(status)).inc()
        SECONDS.labels(method, route).observe(seconds)
        log.info(
            "request",
            method=method,
            path=self._scope["path"],
            status=status,
            duration_ms=round(seconds * 1000, 2),
        )
