"""A small HTTP server that answers from a script, and what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    """Answers requests in turn: a status with a JSON body, or None to break off."""

    url: str = ""
    answers: list[tuple[int, Any, dict[str, str]] | None] = field(
        default_factory=list[tuple[int, Any, dict[str, str]] | None]
    )
    asked: list[Asked] = field(default_factory=list[Asked])

    def will_answer(self, status: int, body: Any, **headers: str) -> None:
        self.answers.append((status, body, headers))

    def will_break_off(self) -> None:
        self.answers.append(None)


@pytest.fixture
def server() -> Generator[ScriptedServer]:
    """A server on a port of its own."""
    script = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            script.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            answer = script.answers.pop(0)
            if answer is None:
                self.connection.close()
                return
            status, content, headers = answer
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_DELETE = do_GET  # noqa: N815 the names http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        script.url = f"http://127.0.0.1:{httpd.server_port}"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
        thread.start()
        yield script
        httpd.shutdown()
        thread.join()
