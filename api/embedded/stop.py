"""`headrace down`: end what runs on a data directory, and what a killed service left."""

import os
import signal
import time
from pathlib import Path

from api.embedded.errors import EmbeddedError
from api.embedded.installation import find_installation, lock_holder
from control_plane.provisioning.errors import SupervisorUnavailableError
from control_plane.provisioning.local import LocalProvisioner

STOP_SECONDS_MAX = 20.0
POLL_SECONDS = 0.02


def stop(data_dir: Path) -> list[str]:
    """Stop everything of the data directory; return what was stopped, in words.

    Raises EmbeddedError for a directory that is none of ours, or a service that does not end.
    """
    if find_installation(data_dir) is None:
        raise EmbeddedError(f"there is no headrace data directory at {data_dir}")
    stopped: list[str] = []
    holder = lock_holder(data_dir)
    if holder is not None:
        _stop_service(data_dir, holder)
        stopped.append(f"service (process {holder})")
    provisioner = LocalProvisioner(data_dir)
    if provisioner.has_processes():
        # Brokers that outlived their supervisor too are ended, in order, by a successor.
        _adopt(provisioner)
    if provisioner.shutdown(brokers=True):
        stopped.append("supervisor and brokers")
    return stopped


def _adopt(provisioner: LocalProvisioner) -> None:
    try:
        provisioner.start()
    except SupervisorUnavailableError as error:
        raise EmbeddedError(error.detail) from error


def _stop_service(data_dir: Path, pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise EmbeddedError(f"process {pid} belongs to another user") from error
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while lock_holder(data_dir) == pid:
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"process {pid} has not ended after {STOP_SECONDS_MAX:.0f} s; "
                f"see the log in {data_dir}, or run: kill -9 {pid}"
            )
        time.sleep(POLL_SECONDS)
