"""The two commands from a clean clone with empty caches, timed stage by stage."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.proofs.report import Finding
from tools.paths import ROOT

START_SECONDS_MAX = 10
READY_SECONDS_MAX = 900.0
STOP_SECONDS_MAX = 20.0


def prove() -> Finding:
    """`make setup`, `make run` twice and `make test` in a fresh clone with caches of its own."""
    with tempfile.TemporaryDirectory() as directory:
        clone = Path(directory) / "headrace"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = empty_caches(Path(directory) / "caches")
        figures: dict[str, Any] = {}
        figures["setup_seconds"], setup_status = timed(["make", "setup"], clone, environment)
        figures["first_run_ready_seconds"] = run_until_ready(clone, environment)
        figures["second_run_ready_seconds"] = run_until_ready(clone, environment)
        figures["test_seconds"], test_status = timed(["make", "test"], clone, environment)
    figures |= {"setup_status": setup_status, "test_status": test_status}
    second = figures["second_run_ready_seconds"]
    return Finding(
        figures=figures,
        bar={
            "setup_status": 0,
            "test_status": 0,
            "second_run_ready_seconds_max": START_SECONDS_MAX,
        },
        passed=setup_status == 0 and test_status == 0 and second <= START_SECONDS_MAX,
        notes=[
            "Maven, cargo, uv and pip caches start empty; toolchains and system packages do not"
        ],
    )


def empty_caches(directory: Path) -> dict[str, str]:
    """An environment whose package caches lie in `directory`, with the toolchains as they are."""
    home = Path.home()
    mine = {
        "CARGO_HOME": str(directory / "cargo"),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(home / ".rustup")),
        "UV_CACHE_DIR": str(directory / "uv"),
        "PIP_CACHE_DIR": str(directory / "pip"),
        "MAVEN_OPTS": f"-Dmaven.repo.local={directory / 'maven'}",
        "HEADRACE_CONFIG_DIR": str(directory / "config"),
    }
    return {**os.environ, **mine}


def timed(command: list[str], clone: Path, environment: dict[str, str]) -> tuple[float, int]:
    """Seconds and exit status of a command whose output is shown."""
    started = time.monotonic()
    status = subprocess.run(command, cwd=clone, env=environment, check=False).returncode
    return round(time.monotonic() - started, 1), status


def run_until_ready(clone: Path, environment: dict[str, str]) -> float:
    """Seconds from typing `make run` to the ready file; stopped with Ctrl-C afterwards."""
    ready = clone / "ready.json"
    ready.unlink(missing_ok=True)
    arguments = f"ARGS=--port 0 --ready-file {ready}"
    started = time.monotonic()
    process = subprocess.Popen(
        ["make", "run", arguments], cwd=clone, env=environment, start_new_session=True
    )
    try:
        while not ready.exists():
            assert process.poll() is None, "make run ended before the service was ready"
            assert time.monotonic() - started < READY_SECONDS_MAX, "the service did not get ready"
            time.sleep(0.02)
        return round(time.monotonic() - started, 1)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(STOP_SECONDS_MAX)
