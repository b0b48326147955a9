"""Starts `headrace up` on a directory of its own, for the demo, proofs and tests.

Reaches it only by what it promises to scripts: the ready file, the command line and the API.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx2
import psutil

from tools.paths import venv_tool

HEADRACE = venv_tool("headrace")
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 15
COMMAND_SECONDS_MAX = 60
HTTP_SECONDS_MAX = 30


class ServiceError(Exception):
    """The service or one of its commands did not do what it was asked; says what it printed."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What `headrace up` writes to its ready file."""

    api_url: str
    api_url_tls: str
    ca_file: Path
    api_key: str
    organization_id: str
    console_url: str


class RunningService:
    """An embedded service that runs."""

    def __init__(self, program: Path, directory: Path, variables: Mapping[str, str]) -> None:
        self.data_dir = directory / "data"
        self._program = program
        self._directory = directory
        self._variables = variables
        self._environment = _environment(directory)
        self.process, self.ready = self._start()

    def restart_killed(self) -> None:
        """SIGKILL the process and start another."""
        self.kill()
        self.start_again()

    def kill(self) -> None:
        """SIGKILL the process; brokers and their supervisor live on."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Start another process on the same directory, at another address; clusters keep theirs."""
        self.process, self.ready = self._start()

    def _start(self) -> tuple[subprocess.Popen[bytes], Ready]:
        ready_file, log = self._directory / "ready.json", self._directory / "up.log"
        # One that a killed predecessor left tells of a service that is not there.
        ready_file.unlink(missing_ok=True)
        command = [str(self._program), "up", "--data-dir", str(self.data_dir)]
        command += ["--port", "0", "--ready-file", str(ready_file)]
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env={**self._environment, **self._variables},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            return process, _await_ready(process, ready_file, log)
        except BaseException:
            process.kill()
            raise

    def command(self, *arguments: str, api_key: str | None = None) -> Any:
        """Run a `headrace` command; what it prints as JSON."""
        environment = self._environment | {
            "HEADRACE_URL": self.ready.api_url_tls,
            "HEADRACE_CA_FILE": str(self.ready.ca_file),
            "HEADRACE_API_KEY": api_key or self.ready.api_key,
        }
        done = subprocess.run(
            [str(self._program), *arguments, "-o", "json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout)[-2000:]
            raise ServiceError(f"headrace {' '.join(arguments)}: {done.returncode}: {said}")
        return json.loads(done.stdout)

    def http(self, api_key: str | None = None) -> httpx2.Client:
        """A client of the API over HTTPS that trusts the service's own authority, and no other."""
        return httpx2.Client(
            base_url=self.ready.api_url_tls,
            headers={"Authorization": f"Bearer {api_key or self.ready.api_key}"},
            verify=ssl.create_default_context(cafile=self.ready.ca_file),
            timeout=HTTP_SECONDS_MAX,
        )

    def broker(self, cluster_id: str) -> psutil.Process:
        """The broker process of a cluster, found by its data directory on its command line."""
        found = [one for one in psutil.process_iter() if self._is_broker(one, cluster_id)]
        if len(found) != 1:
            raise ServiceError(f"{len(found)} brokers of {cluster_id} run, not one")
        return found[0]

    def _is_broker(self, process: psutil.Process, cluster_id: str) -> bool:
        try:
            arguments = process.cmdline()
        except psutil.NoSuchProcess:
            return False
        return (
            bool(arguments)
            and arguments[0].endswith("headrace-broker")
            and any(
                str(self.data_dir) in argument and cluster_id in argument for argument in arguments
            )
        )

    def stop(self) -> None:
        """Ask it to end in order; kill it and complain if it does not."""
        self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self._stop_what_is_left()
            raise ServiceError(f"did not stop within {STOP_SECONDS_MAX} s of SIGINT") from None
        if status != 0:
            raise ServiceError(f"ended with status {status} after SIGINT")

    def _stop_what_is_left(self) -> None:
        """Brokers and their supervisor live on without the process that was killed."""
        command = [str(venv_tool("headrace")), "down", "--data-dir", str(self.data_dir)]
        subprocess.run(command, env=self._environment, timeout=COMMAND_SECONDS_MAX, check=False)


@contextmanager
def start_service(
    directory: Path,
    *,
    program: Path = HEADRACE,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Generator[RunningService]:
    """Start the service in a fresh directory, on a free port; stop it at the end."""
    service = RunningService(program, directory, variables)
    try:
        yield service
    finally:
        service.stop()


def _await_ready(process: subprocess.Popen[bytes], ready_file: Path, log: Path) -> Ready:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServiceError(f"not ready: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)
    said = json.loads(ready_file.read_text(encoding="utf-8"))
    return Ready(
        api_url=said["api_url"],
        api_url_tls=said["api_url_tls"],
        ca_file=Path(said["ca_file"]),
        api_key=said["api_key"],
        organization_id=said["organization_id"],
        console_url=said["console_url"],
    )


def _environment(directory: Path) -> dict[str, str]:
    """The caller's environment without its Headrace settings; profiles stay in the directory."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
    return inherited | {"HEADRACE_CONFIG_DIR": str(directory / "config")}
