"""Where the supervisor keeps things below the data directory, and its lock."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from control_plane.provisioning.supervisor.errors import AlreadyRunningError

EXIT_ALREADY_RUNNING = 3
"""Exit status of a supervisor that found the lock taken."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one data directory's supervisor."""

    data_dir: Path

    @property
    def directory(self) -> Path:
        return self.data_dir / "supervisor"

    @property
    def specs(self) -> Path:
        return self.directory / "specs"

    @property
    def socket(self) -> Path:
        return self.directory / "supervisor.sock"

    @property
    def lock(self) -> Path:
        return self.directory / "lock"

    @property
    def log(self) -> Path:
        return self.directory / "supervisor.log"

    @property
    def startup_log(self) -> Path:
        """Standard error of the process, for what happens before its log is open."""
        return self.directory / "startup.log"

    def create(self) -> None:
        for directory in (self.directory, self.specs):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)


class SupervisorLock:
    """An exclusive lock for the life of the process; the kernel lets it go when that ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise AlreadyRunningError(f"another supervisor holds {path}") from None
        # Of fixed width, so that a reader never finds a part of it.
        os.pwrite(self._descriptor, f"{os.getpid():<10}\n".encode(), 0)

    def is_intact(self) -> bool:
        """Whether the locked file is still the one that others find at its path."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        held = os.fstat(self._descriptor)
        return (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino)
