"""The `local` provisioner: processes on this machine, kept by a supervisor process."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from control_plane.provisioning.errors import ProvisioningError, SupervisorUnavailableError
from control_plane.provisioning.process import (
    Listener,
    ProcessSpec,
    ProcessStatus,
    listeners_from_json,
    status_from_json,
    to_json,
)
from control_plane.provisioning.supervisor.layout import EXIT_ALREADY_RUNNING, Layout
from control_plane.provisioning.supervisor.service import VERSION
from control_plane.provisioning.supervisor.specs import SpecStore
from control_plane.provisioning.supervisor.survivors import running_commands
from control_plane.provisioning.supervisor_client import SupervisorClient

START_SECONDS_MAX = 20.0
_POLL_SECONDS = 0.01
_RETRY_SECONDS = 1.0

_logger = structlog.get_logger(__name__)


class LocalProvisioner:
    """Client of the supervisor of one data directory, which it starts when there is none.

    With `starts` off somebody else runs the supervisor, and one that is away is an error.
    """

    def __init__(
        self, data_dir: Path, *, start_seconds_max: float = START_SECONDS_MAX, starts: bool = True
    ) -> None:
        self._starts = starts
        self._layout = Layout(data_dir)
        self._start_seconds_max = start_seconds_max
        self._starting = threading.Lock()
        self._is_shut_down = False
        self._started: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make sure that a supervisor of this version answers.

        One of another version leaves its brokers running and hands them to its successor.
        """
        self._is_shut_down = False
        self._ensure_running()

    def shutdown(self, *, brokers: bool, now: bool = False) -> bool:
        """End the supervisor and wait until it has; return whether there was one.

        From then on only `start` starts another: whoever still works here must not. With `now`
        it overtakes a shutdown that is on its way.
        """
        self._is_shut_down = True
        if now:
            return self._end(brokers=brokers, now=True)
        with self._starting:
            return self._end(brokers=brokers, now=False)

    def is_running(self) -> bool:
        return self._answering_version() is not None

    def has_processes(self) -> bool:
        """Whether a process of a durable spec runs, be it that no supervisor watches over it."""
        running = running_commands()
        return any(spec.command in running for spec in SpecStore(self._layout.specs).load())

    def connect(self) -> SupervisorClient:
        """Return a connection of the caller's own, starting a supervisor if need be."""
        try:
            return SupervisorClient(self._layout.socket)
        except OSError:
            self._ensure_running()
            return SupervisorClient(self._layout.socket)

    def reserve(self, process_id: str, listeners: Sequence[Listener]) -> tuple[Listener, ...]:
        wanted = [to_json(listener) for listener in listeners]
        result = self._call("reserve", process_id=process_id, listeners=wanted)
        return listeners_from_json(result["listeners"])

    def ensure(self, spec: ProcessSpec) -> ProcessStatus:
        return status_from_json(self._call("ensure", spec=to_json(spec))["process"])

    def restart(self, process_id: str) -> ProcessStatus:
        return status_from_json(self._call("restart", process_id=process_id)["process"])

    def stop(self, process_id: str) -> ProcessStatus:
        return status_from_json(self._call("stop", process_id=process_id)["process"])

    def remove(self, process_id: str) -> None:
        self._call("remove", process_id=process_id)

    def observe(self, process_id: str) -> ProcessStatus | None:
        found = self._call("get", process_id=process_id)["process"]
        return None if found is None else status_from_json(found)

    def list(self) -> tuple[ProcessStatus, ...]:
        found: list[ProcessStatus] = []
        after: str | None = None
        while True:
            page = self._call("list", after=after)
            found.extend(status_from_json(one) for one in page["processes"])
            after = page["next"]
            if after is None:
                return tuple(found)

    def _ensure_running(self) -> None:
        with self._starting:
            if self._is_shut_down:
                raise SupervisorUnavailableError("the supervisor was shut down")
            version = self._answering_version()
            if not self._starts:
                _require_answer(version)
                return
            if version is not None and version != VERSION:
                _logger.info("replacing supervisor", version=version)
                self._end(brokers=False, now=False)
                version = None
            if version is None:
                self._start()

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the supervisor; when it dies meanwhile, ask its successor once."""
        try:
            with self.connect() as client:
                return client.call(method, params)
        except OSError:
            _logger.warning("supervisor gone", method=method)
        self._ensure_running()
        try:
            with self.connect() as client:
                return client.call(method, params)
        except OSError as error:
            raise SupervisorUnavailableError(f"the supervisor does not answer: {error}") from error

    def _answering_version(self) -> int | None:
        try:
            with SupervisorClient(self._layout.socket) as client:
                return int(client.call("hello", {})["version"])
        except (OSError, ProvisioningError):
            return None

    def _start(self) -> None:
        self._layout.create()
        deadline = time.monotonic() + self._start_seconds_max
        process = self._spawn()
        words = "no answer on its socket"
        while self._answering_version() is None:
            status = process.poll()
            if status is not None:
                words = self._layout.startup_log.read_text(errors="replace").strip()[-500:]
            if status not in (None, EXIT_ALREADY_RUNNING) or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise SupervisorUnavailableError(f"the supervisor did not start: {words}")
            time.sleep(_POLL_SECONDS)
            if status == EXIT_ALREADY_RUNNING:
                # The other one is about to answer, or about to end.
                process = self._spawn()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        self._reap()
        with self._layout.startup_log.open("wb") as startup_log:
            self._started = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "control_plane.provisioning.supervisor"),
                    *("--data-dir", str(self._layout.data_dir)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=startup_log,
                stderr=startup_log,
                start_new_session=True,
            )
        return self._started

    def _reap(self) -> None:
        """Wait for the end of the supervisor that was started before and answers no more."""
        if self._started is None:
            return
        try:
            self._started.wait(self._start_seconds_max)
        except subprocess.TimeoutExpired:
            pid = self._started.pid
            raise SupervisorUnavailableError(f"supervisor {pid} runs but does not answer") from None

    def _end(self, *, brokers: bool, now: bool) -> bool:
        try:
            with SupervisorClient(self._layout.socket) as client:
                client.call("shutdown", {"brokers": brokers, "now": now})
                client.wait_until_closed()
        except OSError:
            return False
        self._reap()
        return True


def _require_answer(version: int | None) -> None:
    if version is None:
        raise SupervisorUnavailableError("no supervisor answers; start headrace supervisor")
    if version != VERSION:
        raise SupervisorUnavailableError(
            f"the supervisor speaks version {version}, not {VERSION}; restart headrace supervisor"
        )


class SupervisorKeeper:
    """A thread that starts a successor as soon as the supervisor dies."""

    def __init__(self, provisioner: LocalProvisioner) -> None:
        self._provisioner = provisioner
        self._stopping = threading.Event()
        self._watched: SupervisorClient | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop watching, before the supervisor is shut down."""
        self._stopping.set()
        watched = self._watched
        if watched is not None:
            watched.hang_up()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._provisioner.connect() as self._watched:
                    if not self._stopping.is_set():
                        self._watched.wait_until_closed()
            except (OSError, SupervisorUnavailableError) as error:
                _logger.warning("supervisor not reachable", error=str(error))
                self._stopping.wait(_RETRY_SECONDS)
