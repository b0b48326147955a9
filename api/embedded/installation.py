"""The data directory: recognised by its marker, used by one process at a time."""

import errno
import fcntl
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from api.embedded.errors import EmbeddedError
from control_plane.kit.clock import Clock
from control_plane.kit.ids import new_id
from control_plane.provisioning.files import write_atomically

FORMAT = 1
MARKER = "headrace.json"
LOCK = "lock"
PID_WIDTH = 10


@dataclass(frozen=True, slots=True)
class Installation:
    """A data directory of ours. `id` is its own for ever."""

    data_dir: Path
    id: str
    created_at: datetime

    @property
    def tls_dir(self) -> Path:
        return self.data_dir / "tls"

    @property
    def clusters_dir(self) -> Path:
        return self.data_dir / "clusters"

    @property
    def kafka_dir(self) -> Path:
        """What is compiled against the Apache Kafka that is installed."""
        return self.data_dir / "kafka"

    @property
    def owner_key_file(self) -> Path:
        """The first API key, kept so that later starts can write ready files and profiles."""
        return self.data_dir / "secrets" / "owner-key.json"

    @property
    def operator_key_file(self) -> Path:
        """The first key of the installation's operators, kept for the same reason."""
        return self.data_dir / "secrets" / "operator-key.json"

    @property
    def log_file(self) -> Path:
        return self.data_dir / "api.log"


def open_installation(data_dir: Path, clock: Clock) -> Installation:
    """Recognise a data directory, or make a new one where nothing is.

    Raises EmbeddedError for a directory that is foreign, newer, or can not be written.
    """
    found = find_installation(data_dir)
    try:
        if found is None:
            found = _create(data_dir, clock)
        data_dir.chmod(0o700)
        _require_writable(data_dir)
    except OSError as error:
        raise EmbeddedError(
            f"can not write to the data directory {data_dir}: {_why(error)}"
        ) from error
    return found


def find_installation(data_dir: Path) -> Installation | None:
    """Recognise a data directory; None where nothing is yet. Raises EmbeddedError as above."""
    try:
        text = (data_dir / MARKER).read_text(encoding="utf-8")
    except FileNotFoundError:
        _require_empty(data_dir)
        return None
    except OSError as error:
        raise EmbeddedError(f"can not read the data directory {data_dir}: {_why(error)}") from error
    try:
        marker = cast("dict[str, Any]", json.loads(text))
        version, identity = int(marker["format"]), str(marker["installation_id"])
        created_at = datetime.fromisoformat(marker["created_at"])
    except (ValueError, KeyError, TypeError):
        raise EmbeddedError(f"{data_dir / MARKER} is damaged; restore it from a backup") from None
    if version > FORMAT:
        raise EmbeddedError(
            f"{data_dir} has format {version} and this version of headrace knows {FORMAT}; "
            "upgrade headrace"
        )
    return Installation(data_dir, identity, created_at)


class InstallationLock:
    """Held by the process that serves a data directory; the kernel lets it go when that ends.

    `predecessor` is the pid of a holder that ended without taking its leave, None otherwise.
    """

    def __init__(self, data_dir: Path) -> None:
        path = _lock_file(data_dir)
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedError(f"can not open the lock {path}: {_why(error)}") from error
        if not _try_lock(self._descriptor):
            holder = _pid_in(self._descriptor)
            os.close(self._descriptor)
            raise EmbeddedError(
                f"{data_dir} is served by another headrace (process {holder}); "
                f"stop it with: headrace down --data-dir {data_dir}"
            )
        self.predecessor = _pid_in(self._descriptor)
        os.pwrite(self._descriptor, f"{os.getpid():<{PID_WIDTH}}\n".encode(), 0)

    def release(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


class SharedInstallationLock:
    """Held by each of several processes that serve a data directory side by side."""

    def __init__(self, data_dir: Path) -> None:
        self._descriptor = os.open(
            _lock_file(data_dir), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        if not _try_lock(self._descriptor, fcntl.LOCK_SH):
            holder = _pid_in(self._descriptor)
            os.close(self._descriptor)
            raise EmbeddedError(
                f"{data_dir} is served by headrace up (process {holder}); "
                f"stop it with: headrace down --data-dir {data_dir}"
            )
        # What a killed predecessor left there is not who holds it now.
        os.ftruncate(self._descriptor, 0)

    def release(self) -> None:
        os.close(self._descriptor)


def lock_holder(data_dir: Path) -> int | None:
    """Return the pid of the process that serves the data directory now, None if there is none.

    Raises EmbeddedError where several processes do, which this machine's init system keeps.
    """
    try:
        descriptor = os.open(_lock_file(data_dir), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _try_lock(descriptor):
            return None
        holder = _pid_in(descriptor)
    finally:
        os.close(descriptor)
    if holder is None:
        raise EmbeddedError(
            f"{data_dir} is served by separate processes (headrace api, headrace worker); "
            "stop these first"
        )
    return holder


def _create(data_dir: Path, clock: Clock) -> Installation:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    installation = Installation(data_dir, new_id("in"), clock.now())
    marker = {
        "format": FORMAT,
        "installation_id": installation.id,
        "created_at": installation.created_at.isoformat(),
    }
    write_atomically(data_dir / MARKER, json.dumps(marker, indent=1).encode() + b"\n")
    return installation


def _require_empty(data_dir: Path) -> None:
    try:
        is_empty = next(data_dir.iterdir(), None) is None
    except FileNotFoundError:
        return
    except OSError as error:
        raise EmbeddedError(f"can not use {data_dir} as data directory: {_why(error)}") from error
    if not is_empty:
        raise EmbeddedError(
            f"{data_dir} is not empty and not a headrace data directory (it has no {MARKER}); "
            "choose another with --data-dir"
        )


def _require_writable(data_dir: Path) -> None:
    probe = data_dir / ".writable"
    probe.write_bytes(b"")
    probe.unlink()


def _lock_file(data_dir: Path) -> Path:
    return data_dir / LOCK


def _try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, PID_WIDTH, 0).strip()
    return int(text) if text.isdigit() else None


def _why(error: OSError) -> str:
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return "it is a file"
    return error.strerror or str(error)
