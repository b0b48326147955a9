"""Serving one application over HTTP and HTTPS in one process."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from api.embedded.authority import ServerFiles
from api.embedded.errors import EmbeddedError
from api.embedded.http_protocol import BoundedHttpProtocol
from api.embedded.listeners import HttpSockets

CONNECTIONS_MAX = 2000
KEEP_ALIVE_SECONDS = 65
FINISH_SECONDS_MAX = 2
POLL_SECONDS = 0.005


class HttpServers:
    """Two servers over one application; the one of plain HTTP runs its lifespan."""

    def __init__(self, app: ASGIApp, sockets: HttpSockets, tls: ServerFiles) -> None:
        self._sockets = sockets
        self._http = _Server(_config(app, lifespan="on", tls=None))
        self._https = _Server(_config(app, lifespan="off", tls=tls))
        self._running: list[tuple[_Server, asyncio.Task[None]]] = []

    async def start(self) -> None:
        """Return once both answer. Raises EmbeddedError when the application does not start."""
        for server, listening in (
            (self._http, self._sockets.http),
            (self._https, self._sockets.https),
        ):
            task = asyncio.create_task(server.serve([listening]))
            self._running.append((server, task))
            while not server.started:
                if task.done():
                    raise EmbeddedError("the application did not start, see the log")
                await asyncio.sleep(POLL_SECONDS)

    async def wait_until_ended(self) -> None:
        """Return when a server ended by itself, which none should."""
        tasks = [task for _, task in self._running]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Finish the requests that run, for a bounded time, and close; the application last."""
        for server, task in reversed(self._running):
            server.should_exit = True
            await asyncio.wait({task})


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals alone: one place stops all parts of this process in order."""
        yield


def _config(
    app: ASGIApp, *, lifespan: Literal["on", "off"], tls: ServerFiles | None
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan=lifespan,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.private_key if tls else None,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        http=BoundedHttpProtocol,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=FINISH_SECONDS_MAX,
    )
