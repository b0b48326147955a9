"""Runs named commands one after the other and prints the seconds of each."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
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


def run_all(stages: Sequence[Stage]) -> int:
    """Run every stage, also after one failed; the number of failures. Prints a table of seconds."""
    rows: list[tuple[str, float, bool]] = []
    for stage in stages:
        print(f"\n=== {stage.name}: {' '.join(stage.command)}", flush=True)
        started = time.monotonic()
        environment = {**os.environ, **stage.env}
        done = subprocess.run(list(stage.command), cwd=stage.cwd, env=environment, check=False)
        rows.append((stage.name, time.monotonic() - started, done.returncode == 0))
    print("\nstage                     seconds  result")
    for name, seconds, passed in rows:
        print(f"{name:<24} {seconds:>8.1f}  {'ok' if passed else 'FAILED'}", flush=True)
    return sum(not passed for _, _, passed in rows)
