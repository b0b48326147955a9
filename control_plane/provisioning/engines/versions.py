"""Which version of a broker's program is installed: what it says itself, asked once for each."""

import subprocess
import threading
from pathlib import Path

import structlog

SECONDS_MAX = 10.0

_logger = structlog.stdlib.get_logger("provisioning")


class InstalledVersion:
    """Knows the version of a program, and asks again when its file is another one. Thread-safe."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._guard = threading.Lock()
        self._known: tuple[tuple[int, int, int], str | None] | None = None

    def read(self) -> str | None:
        """Return the version; None, and a line in the log, where the program does not tell."""
        with self._guard:
            try:
                found = self._program.stat()
            except OSError as error:
                _logger.warning("broker_program_missing", reason=str(error))
                return None
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._known is None or self._known[0] != stamp:
                self._known = (stamp, _ask(self._program))
            return self._known[1]


def _ask(program: Path) -> str | None:
    try:
        answer = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            timeout=SECONDS_MAX,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        _logger.warning("broker_version_unknown", reason=str(error))
        return None
    words = answer.stdout.decode(errors="replace").split()
    return words[-1] if words else None
