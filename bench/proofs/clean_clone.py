"""The two commands from a clean clone with empty caches, timed stage by stage."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.proofs.report import Finding
from tools.paths import ROOT

START_SECONDS_MAX = 10
READY_SECONDS_MAX = 900.0
STOP_SECONDS_MAX = 20.0
BROKER_BUILT = re.compile(r"^==> broker built in (\d+) s$", re.MULTILINE)
STAGE = re.compile(r"^(\S.*?) {2,}(\d+\.\d)  (?:ok|FAILED)$", re.MULTILINE)


def prove() -> Finding:
    """`make setup`, `make run` twice and `make test` in a fresh clone with caches of its own."""
    with tempfile.TemporaryDirectory() as directory:
        clone = Path(directory) / "headrace"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = empty_caches(Path(directory) / "caches")
        figures: dict[str, Any] = {}
        setup_status, figures["setup"] = timed(["make", "setup"], clone, environment)
        figures["first_run_ready_seconds"] = run_until_ready(clone, environment)
        figures["second_run_ready_seconds"] = run_until_ready(clone, environment)
        test_status, figures["test"] = timed(["make", "test"], clone, environment)
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
        notes=["all package caches start empty; toolchains and system packages are there"],
    )


def empty_caches(directory: Path) -> dict[str, str]:
    """An environment whose package caches lie in `directory`, with the toolchains as they are."""
    home = Path.home()
    mine = {
        "CARGO_HOME": str(directory / "cargo"),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(home / ".rustup")),
        "UV_CACHE_DIR": str(directory / "uv"),
        "PIP_CACHE_DIR": str(directory / "pip"),
        "GOPATH": str(directory / "go"),
        "GOCACHE": str(directory / "go-build"),
        "npm_config_cache": str(directory / "npm"),
        "MAVEN_OPTS": f"-Dmaven.repo.local={directory / 'maven'}",
        "HEADRACE_CONFIG_DIR": str(directory / "config"),
    }
    return {**os.environ, **mine}


def timed(command: list[str], clone: Path, environment: dict[str, str]) -> tuple[int, Any]:
    """Exit status of a command, its seconds, and the seconds of the stages that it told."""
    started = time.monotonic()
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=clone, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", file=sys.stderr)
            lines.append(line.rstrip("\n"))
    seconds = round(time.monotonic() - started, 1)
    return process.returncode, {"seconds": seconds, "of_which": stages("\n".join(lines))}


def stages(output: str) -> dict[str, float]:
    """Seconds by stage, from the lines in which set-up and the tests tell them."""
    built = [("broker build", seconds) for seconds in BROKER_BUILT.findall(output)]
    told = [*STAGE.findall(output), *built]
    return {name: float(seconds) for name, seconds in told}


def run_until_ready(clone: Path, environment: dict[str, str]) -> float:
    """Seconds from typing `make run` to the ready file; stopped with Ctrl-C afterwards."""
    ready = clone / "ready.json"
    ready.unlink(missing_ok=True)
    arguments = f"ARGS=--port 0 --ready-file {ready}"
    started = time.monotonic()
    process = subprocess.Popen(
        ["make", "run", arguments],
        cwd=clone,
        env=environment,
        stdout=sys.stderr,
        start_new_session=True,
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
