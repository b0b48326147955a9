import asyncio
import json
import uuid

import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import capture_logs

from api.errors import install_error_handlers
from api.limits import BodyLimitMiddleware
from api.middleware import RequestMiddleware


async def read_body(scope: Scope, receive: Receive, _send: Send) -> None:
    await Request(scope, receive).body()


@pytest.mark.parametrize("app", [read_body, BodyLimitMiddleware(read_body)])
def test_a_client_that_leaves_before_its_answer_is_no_defect(app: ASGIApp) -> None:
    path = f"/{uuid.uuid4()}"
    sent: list[Message] = []
    labels = {"method": "POST", "route": "unmatched", "status": "499"}
    before = REGISTRY.get_sample_value("headrace_http_requests_total", labels) or 0
    scope: Scope = {"type": "http", "method": "POST", "path": path, "headers": []}

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    with capture_logs() as logs:
        asyncio.run(RequestMiddleware(app)(scope, receive, send))

    assert sent == []
    assert {"request_failed"}.isdisjoint(one["event"] for one in logs)
    assert [one["status"] for one in logs if one["event"] == "request"] == [499]
    assert REGISTRY.get_sample_value("headrace_http_requests_total", labels) == before + 1


def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    sent: list[Message] = []
    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> Message:
        for part in parts:
            return part
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    limited = BodyLimitMiddleware(read_body, seconds_max=0.01)
    application = FastAPI()
    install_error_handlers(application)
    scope["app"] = application
    asyncio.run(RequestMiddleware(limited)(scope, receive, send))

    assert sent[0]["status"] == 408
    assert dict(sent[0]["headers"])[b"connection"] == b"close"
    assert json.loads(sent[1]["body"])["code"] == "body_too_slow"
