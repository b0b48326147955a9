"""Set-up steps: each says what it does, does it once, and names what is missing."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools.paths import ROOT


class SetupError(Exception):
    """What is missing and how to get it, in one line."""


def say(line: str) -> None:
    """Tell the person at the terminal what happens now."""
    print(f"==> {line}", flush=True)


def run(command: Sequence[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> float:
    """Run a command, its output shown; raises SetupError if it fails. Seconds it took."""
    started = time.monotonic()
    done = subprocess.run(list(command), cwd=cwd, env={**os.environ, **(env or {})}, check=False)
    if done.returncode != 0:
        raise SetupError(f"`{' '.join(command)}` ended with status {done.returncode}")
    return time.monotonic() - started


def digest(*paths: Path) -> str:
    """A fingerprint of files, for knowing whether a step must be done again."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode())
        total.update(path.read_bytes())
    return total.hexdigest()


class Stamp:
    """Remembers with which inputs a step was last done, beside what the step made."""

    def __init__(self, directory: Path, name: str, inputs: str) -> None:
        self._path = directory / "stamps" / name
        self._inputs = f"{inputs} {sys.version}"

    def fresh(self) -> bool:
        return self._path.exists() and self._path.read_text(encoding="utf-8") == self._inputs

    def set(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self._inputs, encoding="utf-8")
