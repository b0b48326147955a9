"""Runs a service as the processes of production: supervisor, two APIs, a worker and beat.

Jobs go through Celery on Valkey, and PostgreSQL holds the truth.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import psutil

from tools.paths import venv_tool
from tools.service_access import Ready, ServiceAccess, ServiceError

HEADRACE = venv_tool("headrace")
APIS = 2
# These only keep a broken run from hanging: many processes start and end at once here.
START_SECONDS_MAX = 300
STOP_SECONDS_MAX = 180
# So soon is a dead worker's job taken over, and a lost message sent again.
LEASE_SECONDS = 2
SWEEP_SECONDS = 1


class SeparateService(ServiceAccess):
    """A service whose parts run apart. `worker_program` runs the worker's command line."""

    def __init__(
        self,
        directory: Path,
        database_url: str,
        queue_url: str,
        *,
        worker_program: Sequence[str] = (str(HEADRACE),),
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(HEADRACE, directory)
        self._directory = directory
        self._worker_program = worker_program
        self._environment |= {
            "HEADRACE_ENVIRONMENT": "production",
            "HEADRACE_DATABASE_URL": database_url,
            "HEADRACE_MASTER_KEY_FILE": str(directory / "master.key"),
            "HEADRACE_JOBS": "celery",
            "HEADRACE_QUEUE_URL": queue_url,
            "HEADRACE_JOB_WORKERS": "1",
            "HEADRACE_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "HEADRACE_JOB_SWEEP_SECONDS": str(SWEEP_SECONDS),
            **variables,
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._serving = 0
        self._apis: list[tuple[int, Ready]] = []
        self._owner: dict[str, str] = {}

    @property
    def ready(self) -> Ready:
        """One of the API processes: each time the next one."""
        self._serving = (self._serving + 1) % len(self._apis)
        return self._apis[self._serving][1]

    def start(self) -> None:
        """Prepare the installation and start every process."""
        done = subprocess.run(
            self._command(HEADRACE.name, "prepare", "-o", "json"),
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=START_SECONDS_MAX,
            check=False,
        )
        if done.returncode != 0:
            raise ServiceError(f"headrace prepare: {done.stderr[-2000:]}")
        self._owner = json.loads(done.stdout)
        self.start_part("supervisor")
        self.start_part("worker")
        self.start_part("beat")
        for number in range(APIS):
            self.start_part(f"api-{number}")
        self._apis = [(number, self._await_api(number)) for number in range(APIS)]

    def start_part(self, part: str) -> None:
        """Start a process; its log is named like it."""
        name = part.partition("-")[0]
        arguments = [name, "--data-dir", str(self.data_dir)]
        if name == "api":
            self._ready_file(part).unlink(missing_ok=True)
            arguments += ["--port", "0", "--ready-file", str(self._ready_file(part))]
        program = self._worker_program if name == "worker" else (str(HEADRACE),)
        with (self._directory / f"{part}.log").open("ab") as log:
            self._running[part] = subprocess.Popen(
                [*program, *arguments], env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def kill_part(self, part: str) -> None:
        """SIGKILL a process with all children of its own but brokers."""
        process = self._running.pop(part)
        children = [] if part == "supervisor" else _children(process.pid)
        process.kill()
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        process.wait(STOP_SECONDS_MAX)
        psutil.wait_procs(children, STOP_SECONDS_MAX)

    def kill_api(self) -> None:
        """Kill the API process that would be asked next; the others serve on."""
        number, _ = self._apis.pop((self._serving + 1) % len(self._apis))
        self.kill_part(f"api-{number}")

    def stop(self) -> None:
        """End every process in order, and then the brokers."""
        supervisor = self._running.pop("supervisor", None)
        self._end(self._running)
        if supervisor is not None:
            self._end({"supervisor": supervisor})
        self._running.clear()
        subprocess.run(
            self._command(HEADRACE.name, "down"),
            env=self._environment,
            timeout=START_SECONDS_MAX,
            check=True,
            capture_output=True,
        )

    def _end(self, parts: Mapping[str, subprocess.Popen[bytes]]) -> None:
        for process in parts.values():
            process.terminate()
        for part, process in parts.items():
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise ServiceError(f"{part} did not end in {STOP_SECONDS_MAX} s") from None

    def log(self, part: str) -> str:
        """What a process has said."""
        return (self._directory / f"{part}.log").read_text(errors="replace")

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [str(venv_tool(program)), *arguments, "--data-dir", str(self.data_dir)]

    def _ready_file(self, part: str) -> Path:
        return self._directory / f"{part}.json"

    def _await_api(self, number: int) -> Ready:
        part = f"api-{number}"
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._ready_file(part).exists():
            if self._running[part].poll() is not None or time.monotonic() > deadline:
                raise ServiceError(f"{part} is not ready: {self.log(part)[-2000:]}")
            time.sleep(0.02)
        said = json.loads(self._ready_file(part).read_text(encoding="utf-8"))
        return Ready(
            api_url=said["api_url"],
            api_url_tls=said["api_url_tls"],
            ca_file=Path(said["ca_file"]),
            api_key=self._owner["api_key"],
            organization_id=self._owner["organization_id"],
            console_url="",
            operator_api_key=self._owner["operator_api_key"],
        )


@contextmanager
def start_separate_service(
    directory: Path,
    database_url: str,
    queue_url: str,
    *,
    worker_program: Sequence[str] = (str(HEADRACE),),
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Generator[SeparateService]:
    """Start the processes in a fresh directory; stop them at the end."""
    service = SeparateService(
        directory, database_url, queue_url, worker_program=worker_program, variables=variables
    )
    try:
        service.start()
        yield service
    finally:
        service.stop()


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
