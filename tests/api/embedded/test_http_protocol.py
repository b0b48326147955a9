"""Slow, large and broken requests against a server of its own, with short limits."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Generator
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.embedded.http_protocol import BoundedHttpProtocol, HeadLimits
from tests.fixtures.waiting import WAIT_SECONDS_MAX, eventually

SECONDS_MAX = 0.3
SLOW_CLIENTS = 200

Connect = Callable[[], socket.socket]


class ShortProtocol(BoundedHttpProtocol):
    limits = HeadLimits(seconds_max=SECONDS_MAX, bytes_max=4096, fields_max=20)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, with the size of the body, or without having read it."""
    request = Request(scope, receive)
    size = 0 if scope["path"] == "/unread" else len(await request.body())
    await Response(str(size))(scope, receive, send)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@pytest.fixture
def address() -> Generator[tuple[str, int]]:
    listening = socket.create_server(("127.0.0.1", 0), backlog=SLOW_CLIENTS)
    config = uvicorn.Config(
        application, http=ShortProtocol, loop="uvloop", log_config=None, lifespan="off", ws="none"
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    eventually(lambda: server.started)
    try:
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join(WAIT_SECONDS_MAX)
        listening.close()


@pytest.fixture
def connect(address: tuple[str, int]) -> Generator[Connect]:
    with contextlib.ExitStack() as closing:

        def connected() -> socket.socket:
            return closing.enter_context(socket.create_connection(address, WAIT_SECONDS_MAX))

        yield connected


def answer(client: socket.socket) -> bytes:
    """Return all that the server sends until it closes."""
    with client.makefile("rb") as file:
        return file.read()


def problem(got: bytes) -> dict[str, Any]:
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"Connection: close" in head
    found = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {found['status']} ".encode())
    return found


def test_a_connection_that_says_nothing_is_closed(connect: Connect) -> None:
    assert answer(connect()) == b""


@pytest.mark.parametrize("sent", [b"G", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_head_that_never_ends_is_answered_408(connect: Connect, sent: bytes) -> None:
    client = connect()
    client.sendall(sent)
    assert problem(answer(client))["code"] == "request_head_too_slow"


def test_empty_lines_are_no_request(connect: Connect) -> None:
    client = connect()
    client.sendall(b"\r\n\r\n")
    assert answer(client) == b""


def test_a_head_that_trickles_gets_no_more_time(connect: Connect) -> None:
    """Byte after byte for as long as the server listens: it must stop listening."""
    client = connect()
    client.sendall(b"GET / HTTP/1.1\r\nX: ")
    ended = threading.Event()

    def trickle() -> None:
        with contextlib.suppress(OSError):  # the server has closed, as it should
            while not ended.wait(SECONDS_MAX / 10):
                client.send(b"a")

    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        assert b" 408 " in answer(client)
    finally:
        ended.set()
        sender.join()


def test_the_second_request_of_a_connection_has_a_deadline_too(connect: Connect) -> None:
    client = connect()
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 200 " in client.recv(65536)
    client.sendall(b"GET / HT")
    assert problem(answer(client))["code"] == "request_head_too_slow"


def test_the_rest_of_a_body_that_was_answered_has_a_deadline(connect: Connect) -> None:
    client = connect()
    client.sendall(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
    assert b" 200 " in client.recv(65536)
    client.sendall(b"a" * 10_000)
    assert answer(client) == b""


def test_a_large_body_that_was_answered_early_does_not_harm_the_next_request(
    connect: Connect,
) -> None:
    client = connect()
    head = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    client.sendall(head)
    assert b" 200 " in client.recv(65536)
    client.sendall(b"a" * 100_000 + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert b" 200 " in answer(client)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 5000,
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 5000,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a" * 5000,
        b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 21 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 2_000,
    ],
)
def test_a_head_over_its_limits_is_answered_431(connect: Connect, sent: bytes) -> None:
    client = connect()
    client.sendall(sent)
    assert b" 431 " in client.recv(65536)


def test_a_head_at_its_limits_is_good(connect: Connect) -> None:
    client = connect()
    fields = b"X: 1\r\n" * 18 + b"Y: " + b"a" * 3900 + b"\r\n"
    client.sendall(b"GET / HTTP/1.1\r\n" + fields + b"Connection: close\r\n\r\n")
    assert b" 200 " in answer(client)


def test_what_is_no_http_is_answered_with_a_problem(connect: Connect) -> None:
    client = connect()
    client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
    assert problem(answer(client))["code"] == "request_malformed"


def test_a_good_client_is_served_while_many_are_slow(
    connect: Connect, address: tuple[str, int]
) -> None:
    slow = [connect() for _ in range(SLOW_CLIENTS)]
    for client in slow:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n")
    with httpx2.Client(base_url=f"http://{address[0]}:{address[1]}") as good:
        sizes = [good.post("/", content=b"a" * 10_000).text for _ in range(50)]
    assert sizes == ["10000"] * 50
    assert {problem(answer(client))["status"] for client in slow} == {408}
