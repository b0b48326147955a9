"""The command line in a process of its own, and a small HTTP server that answers from a script."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.paths import venv_tool
from tools.running_service import RunningService

SECONDS_MAX = 60

Run = Callable[..., subprocess.CompletedProcess[str]]


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


@pytest.fixture
def environment(running_service: RunningService, tmp_path: Path) -> dict[str, str]:
    """What a script sets to reach the service."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "HEADRACE_URL": running_service.ready.api_url,
        "HEADRACE_API_KEY": running_service.ready.api_key,
        "HEADRACE_CONFIG_DIR": str(tmp_path / "config"),
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Run a command to its end."""

    def run_command(
        *arguments: str, given: str | None = None, **changed: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(venv_tool("headrace")), *arguments],
            env=environment | changed,
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    return run_command


def json_of(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
