"""A PATH that holds made-up programs and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest


class Programs:
    """Programs that say a version, or fail, in a directory that is all of PATH."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        monkeypatch.setenv("PATH", str(directory))

    def add(self, name: str, *, says: str = "", complains: str = "", status: int = 0) -> None:
        program = self._directory / name
        lines = ["#!/bin/sh", f"echo '{says}'", f"echo '{complains}' >&2", f"exit {status}"]
        program.write_text("\n".join(lines) + "\n")
        program.chmod(0o755)

    def path(self, name: str) -> Path:
        return self._directory / name

    def remove(self, name: str) -> None:
        (self._directory / name).unlink()

    def record(self, name: str, log: Path) -> None:
        """A program that notes how it was called."""
        self.script(name, f'echo "{name} $*" >> {log}')

    def script(self, name: str, body: str) -> None:
        """A program of a shell's own commands."""
        program = self._directory / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
