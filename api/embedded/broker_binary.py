"""Finding the native broker's program."""

import os
import shutil
import subprocess
from pathlib import Path

from api.embedded.errors import EmbeddedError

NAME = "headrace-broker"
VERSION_SECONDS_MAX = 10
_BUILT = Path(__file__).parents[2] / "data_plane" / "broker" / "target" / "release" / NAME


def find_broker_binary(configured: Path | None) -> Path:
    """Return the program: the configured one, the one built here, or the one on PATH.

    Raises EmbeddedError when there is none.
    """
    if configured is not None:
        return _require(configured.expanduser().resolve())
    if _BUILT.exists():
        return _require(_BUILT)
    found = shutil.which(NAME)
    if found is None:
        raise EmbeddedError(
            f"the broker {NAME} is neither built nor installed; run: make setup "
            "(or name the program by HEADRACE_BROKER_BINARY)"
        )
    return Path(found).resolve()


def broker_version(binary: Path) -> str:
    """Return what the program says its version is. Raises EmbeddedError when it does not run."""
    try:
        done = subprocess.run(
            [binary, "--version"],
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS_MAX,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedError(f"the broker {binary} does not run: {error}") from error
    return done.stdout.strip()


def _require(path: Path) -> Path:
    if not path.is_file() or not os.access(path, os.X_OK):
        raise EmbeddedError(f"the broker {path} is not a program that can be run; run: make setup")
    return path
