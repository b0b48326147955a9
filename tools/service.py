"""Starts and stops a whole service of its own, for proofs and the demo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.paths import venv_tool

READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0
COMMAND_SECONDS_MAX = 60.0


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running service, as its ready file describes it."""

    data_dir: Path
    pid: int
    api_url: str
    api_url_tls: str
    ca_file: str
    api_key: str
    organization_id: str
    console_url: str
    config_dir: Path

    def environment(self) -> dict[str, str]:
        """The environment in which the command line reaches this service."""
        mine = {
            "HEADRACE_URL": self.api_url,
            "HEADRACE_API_KEY": self.api_key,
            "HEADRACE_CONFIG_DIR": str(self.config_dir),
        }
        return {**os.environ, **mine}

    def command(self, *arguments: str) -> Any:
        """What `headrace ... -o json` prints; raises CalledProcessError when it fails."""
        done = subprocess.run(
            [str(venv_tool("headrace")), *arguments, "-o", "json"],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
            timeout=COMMAND_SECONDS_MAX,
        )
        return json.loads(done.stdout)


@contextmanager
def running_service(directory: Path, *, log_name: str = "up.log") -> Generator[Service]:
    """A service on free ports in `directory`, stopped in order at the end.

    Raises RuntimeError with the end of its log when it does not get ready.
    """
    ready_file = directory / "ready.json"
    config_dir = directory / "config"
    command = [str(venv_tool("headrace")), "up", "--data-dir", str(directory / "data")]
    command += ["--port", "0", "--ready-file", str(ready_file)]
    environment = {**os.environ, "HEADRACE_CONFIG_DIR": str(config_dir)}
    log_file = directory / log_name
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
    try:
        facts = _await_ready(process, ready_file, log_file)
        yield Service(
            data_dir=directory / "data",
            pid=process.pid,
            config_dir=config_dir,
            **{name: facts[name] for name in _READY_FIELDS},
        )
    finally:
        _stop(process)


_READY_FIELDS = (
    "api_url",
    "api_url_tls",
    "ca_file",
    "api_key",
    "organization_id",
    "console_url",
)


def _await_ready(
    process: subprocess.Popen[bytes], ready_file: Path, log_file: Path
) -> dict[str, str]:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            end = log_file.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"the service did not get ready: {end}")
        time.sleep(0.02)
    return json.loads(ready_file.read_text(encoding="utf-8"))


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
