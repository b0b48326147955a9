"""Starts `headrace up` on a directory of its own, for the demo, proofs and tests.

Reaches it only by what it promises to scripts: the ready file, the command line and the API.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tools.paths import venv_tool
from tools.service_access import COMMAND_SECONDS_MAX, Ready, ServiceAccess, ServiceError

HEADRACE = venv_tool("headrace")
START_SECONDS_MAX = 60
# Three JVMs on a busy machine take a while.
STOP_SECONDS_MAX = 60


class RunningService(ServiceAccess):
    """An embedded service that runs."""

    def __init__(self, program: Path, directory: Path, variables: Mapping[str, str]) -> None:
        super().__init__(program, directory)
        self._directory = directory
        self._variables = variables
        self.process, self._ready = self._start()

    @property
    def ready(self) -> Ready:
        return self._ready

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
        self.process, self._ready = self._start()

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
        operator_api_key=said["operator_api_key"],
    )
