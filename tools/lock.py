"""Makes the hash-pinned locks in requirements/ and tells whether they are up to date."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from tools.paths import REQUIREMENTS, ROOT, venv_tool

PROJECTS = (ROOT / "pyproject.toml", ROOT / "sdk" / "pyproject.toml")
LOCKS = ("uv", "node", "server", "dev")
ALONE = ("uv", "node")  # tools that are installed by themselves


def wanted(lock: str) -> list[str]:
    """The requirements a lock pins, one a line, without our own distributions."""
    if lock in ALONE:
        return _lines(REQUIREMENTS / f"{lock}.in")
    lines = [*_project_dependencies(), *_lines(REQUIREMENTS / "build.in")]
    if lock == "dev":
        lines += _lines(REQUIREMENTS / "dev.in")
    return sorted(lines)


def compile_lock(lock: str, destination: Path, *, upgrade: bool) -> None:
    """Resolve one lock into `destination`, keeping the pins it already holds unless `upgrade`."""
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / f"{lock}.in"
        source.write_text("\n".join(wanted(lock)) + "\n", encoding="utf-8")
        command = [str(venv_tool("uv")), "pip", "compile", "--quiet", "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"]
        command += ["--no-header", "--no-annotate", "--output-file", str(destination)]
        if upgrade:
            command.append("--upgrade")
        if lock == "dev":
            command += ["--constraints", str(REQUIREMENTS / "server.lock")]
        subprocess.run([*command, str(source)], check=True)


def main() -> int:
    """Make the locks, or with --check compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a lock is out of date")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions allowed")
    arguments = parser.parse_args()
    stale = [
        lock for lock in LOCKS if _make(lock, check=arguments.check, upgrade=arguments.upgrade)
    ]
    if stale and arguments.check:
        names = ", ".join(f"requirements/{lock}.lock" for lock in stale)
        print(f"out of date: {names}; run `make lock`")
        return 1
    return 0


def _make(lock: str, *, check: bool, upgrade: bool) -> bool:
    """True when the lock on disk differed from the resolution."""
    target = REQUIREMENTS / f"{lock}.lock"
    before = target.read_bytes() if target.exists() else b""
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / target.name
        made.write_bytes(before)
        compile_lock(lock, made, upgrade=upgrade)
        after = made.read_bytes()
    if after != before and not check:
        target.write_bytes(after)
    return after != before


def _project_dependencies() -> list[str]:
    found: set[str] = set()
    for project in PROJECTS:
        found |= set(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"])
    return [line for line in found if not line.startswith("headrace==")]


def _lines(path: Path) -> list[str]:
    stripped = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


if __name__ == "__main__":
    sys.exit(main())
