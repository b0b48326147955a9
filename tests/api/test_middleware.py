import asyncio
import uuid

import pytest
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import capture_logs

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
