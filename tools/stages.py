"""Runs named commands and prints the seconds of each: one after the other, lanes side by side."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tools.go import GO_ENVIRONMENT
from tools.node import find_node
from tools.paths import BROKER, CONSOLE, CONSOLE_MODULES, ROOT, TERRAFORM_PROVIDER, venv_tool


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One command with a name."""

    name: str
    command: Sequence[str]
    cwd: Path = ROOT
    env: dict[str, str] = field(default_factory=dict[str, str])


def python_stage(name: str, module: str, *arguments: str) -> Stage:
    """A stage that runs a module in the virtual environment."""
    return Stage(name=name, command=[str(venv_tool("python")), "-m", module, *arguments])


def cargo_stage(
    name: str, *arguments: str, cwd: Path = BROKER, env: dict[str, str] | None = None
) -> Stage:
    """A stage that runs cargo, in the broker's workspace unless told otherwise."""
    return Stage(name=name, command=["cargo", *arguments], cwd=cwd, env=env or {})


def go_stage(name: str, *command: str, cwd: Path = TERRAFORM_PROVIDER) -> Stage:
    """A stage that runs a command in a Go module, the provider's unless told otherwise."""
    return Stage(name=name, command=command, cwd=cwd, env=dict(GO_ENVIRONMENT))


def node_stage(name: str, program: str, *arguments: str) -> Stage:
    """A stage that runs a program of the console's packages."""
    command = [str(CONSOLE_MODULES / ".bin" / program), *arguments]
    return Stage(name=name, command=command, cwd=CONSOLE, env=find_node().environment)


@dataclass(frozen=True)
class Row:
    """How a stage went."""

    name: str
    seconds: float
    passed: bool


def run_all(*lanes: Sequence[Stage]) -> int:
    """Run every stage, also after one failed; the number of failures. Prints a table of seconds.

    The stages of a lane run one after the other, lanes side by side. What a stage prints comes as
    it is printed if there is one lane, else when the stage ends.
    """
    run = _run_shown if len(lanes) == 1 else _Captured().run
    with ThreadPoolExecutor(len(lanes)) as pool:
        lanes_run = [pool.submit(_run_lane, lane, run) for lane in lanes]
    rows = [row for lane in lanes_run for row in lane.result()]
    print("\nstage                     seconds  result")
    for row in rows:
        print(f"{row.name:<24} {row.seconds:>8.1f}  {'ok' if row.passed else 'FAILED'}", flush=True)
    return sum(not row.passed for row in rows)


def _run_lane(lane: Sequence[Stage], run: Callable[[Stage], Row]) -> list[Row]:
    return [run(stage) for stage in lane]


def _run_shown(stage: Stage) -> Row:
    print(_heading(stage), flush=True)
    return _run(stage, None)


class _Captured:
    """Runs stages of which others run at the same time: each one's output stays together."""

    def __init__(self) -> None:
        self._printing = threading.Lock()

    def run(self, stage: Stage) -> Row:
        with tempfile.TemporaryFile() as output:
            row = _run(stage, output.fileno())
            output.seek(0)
            with self._printing:
                print(_heading(stage), flush=True)
                shutil.copyfileobj(output, sys.stdout.buffer)
                sys.stdout.flush()
        return row


def _heading(stage: Stage) -> str:
    return f"\n=== {stage.name}: {' '.join(stage.command)}"


def _run(stage: Stage, output: int | None) -> Row:
    started = time.monotonic()
    done = subprocess.run(
        list(stage.command),
        cwd=stage.cwd,
        env={**os.environ, **stage.env},
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        check=False,
    )
    return Row(stage.name, time.monotonic() - started, done.returncode == 0)
