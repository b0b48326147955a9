import json
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from control_plane.provisioning.local import LocalProvisioner
from control_plane.provisioning.process import Listener, ProcessSpec, ProcessStatus, WantedState
from tests.fixtures.waiting import eventually

CONTRACT_PROCESS = Path(__file__).with_name("contract_process.py")


def is_gone(pid: int) -> bool:
    """Whether the process has ended, even if nobody has taken note of it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_stopped(pid: int) -> bool:
    """Whether no thread of the process runs any more; a signal stops one after the other.

    The state is what stands behind the name in parentheses (proc_pid_stat(5)).
    """
    try:
        stats = [one.read_text() for one in Path(f"/proc/{pid}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        # A thread has just ended.
        return False
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)


@dataclass
class Installation:
    """A data directory with a supervisor, and processes that keep its contract."""

    data_dir: Path
    provisioner: LocalProvisioner

    def directory(self, process_id: str = "p1") -> Path:
        return self.data_dir / "clusters" / process_id

    def spec(
        self,
        process_id: str = "p1",
        *,
        generation: int = 1,
        names: tuple[str, ...] = ("one", "two"),
        state: WantedState = "running",
        binds_itself: bool = False,
    ) -> ProcessSpec:
        directory = self.directory(process_id)
        directory.mkdir(parents=True, exist_ok=True)
        reserved = self.provisioner.reserve(
            process_id, [Listener(name, "127.0.0.1", 0) for name in names]
        )
        config = directory / "config.json"
        ports = [one.port for one in reserved] if binds_itself else []
        config.write_text(json.dumps({"generation": generation, "ports": ports}))
        return ProcessSpec(
            process_id=process_id,
            generation=generation,
            command=(sys.executable, str(CONTRACT_PROCESS), str(config)),
            cwd=str(directory),
            listeners=reserved,
            admin_socket=str(directory / "admin.sock"),
            handover_socket=str(directory / "handover.sock"),
            log_file=str(directory / "process.log"),
            env={},
            state=state,
            binds_itself=binds_itself,
        )

    @property
    def supervisor_pid(self) -> int:
        return int((self.data_dir / "supervisor" / "lock").read_text())

    def kill_supervisor(self) -> None:
        """SIGKILL it and return once it is gone."""
        pid = self.supervisor_pid
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: is_gone(pid))


def ask(listener: Listener) -> tuple[int, int]:
    """Connect; return the pid that answers and the port it says it was reached on."""
    with socket.create_connection((listener.host, listener.port)) as connection:
        pid, port = connection.makefile().readline().split()
        return int(pid), int(port)


def is_refused(listener: Listener) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex((listener.host, listener.port)) != 0


def observed(installation: Installation, process_id: str = "p1") -> ProcessStatus:
    status = installation.provisioner.observe(process_id)
    assert status is not None
    return status
