"""The language toolchains that must be there before set-up begins, and how to get them."""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tools.steps import SetupError

PYTHON_MIN = (3, 11)
MACHINES = ("x86_64", "aarch64")


@dataclass(frozen=True)
class Toolchain:
    """One program, the oldest version that will do, and how to get it."""

    program: str
    oldest: tuple[int, ...]
    how: str
    version_arguments: tuple[str, ...] = ("--version",)


CARGO = Toolchain("cargo", (1, 95), "install Rust 1.95 or newer with rustup (https://rustup.rs)")
JAVA_HOW = "install a JDK 17 (Debian: apt-get install openjdk-17-jdk-headless)"
JAVA = Toolchain("java", (17,), JAVA_HOW)
JAVAC = Toolchain("javac", (17,), JAVA_HOW)
MAVEN = Toolchain("mvn", (3, 6, 3), "install Maven 3.8 (Debian: apt-get install maven)")
GO = Toolchain("go", (1, 26), "install Go 1.26 or newer (https://go.dev/dl)", ("version",))
C_COMPILER_HOW = "install a C compiler (Debian: apt-get install gcc libc6-dev)"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
COMPONENTS = ("clippy", "fmt")


def check_platform() -> None:
    """Linux, because the supervisor needs pidfds and passed sockets; Python with its installer."""
    system, machine = platform.system(), platform.machine()
    if system != "Linux" or machine not in MACHINES:
        where = f"{system} {machine}"
        raise SetupError(f"{where} is not supported: Headrace runs on Linux, x86_64 or aarch64")
    if sys.version_info < PYTHON_MIN:
        raise SetupError(
            f"Python {platform.python_version()} is too old: install 3.11 or newer, "
            "and name it if it is not python3 (make run PYTHON=python3.12)"
        )
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            "Python can not make virtual environments: install its venv module "
            "(Debian: apt-get install python3-venv)"
        )


def check_toolchains(*, tests: bool) -> None:
    """What building needs, and with `tests` what tests and checks need; raises SetupError."""
    cargo = require(CARGO)
    need("cc", C_COMPILER_HOW)
    if tests:
        for component in COMPONENTS:
            _output(cargo, [component, "--version"], "rustup component add clippy rustfmt")
        require(JAVA)
        require(JAVAC)
        require(MAVEN)
        require(GO)


def need(program: str, how: str) -> str:
    """The path of a program; raises SetupError saying how to get it."""
    found = shutil.which(program)
    if found is None:
        raise SetupError(f"{program} is not on PATH: {how}")
    return found


def require(toolchain: Toolchain) -> str:
    """The path of a toolchain's program that runs and is new enough; raises SetupError."""
    path = need(toolchain.program, toolchain.how)
    said = _output(path, toolchain.version_arguments, toolchain.how)
    number = re.search(r"\d+(\.\d+)*", said)
    found = tuple(int(part) for part in number[0].split(".")) if number else ()
    if found < toolchain.oldest:
        raise SetupError(f"{toolchain.program} is too old ({said}): {toolchain.how}")
    return path


def _output(path: str, arguments: Sequence[str], how: str) -> str:
    """First line a program prints; a rustup shim without a toolchain is on PATH and yet fails."""
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    first = ESCAPES.sub("", lines[0]) if lines else f"status {done.returncode}"
    if done.returncode != 0:
        raise SetupError(f"`{path} {' '.join(arguments)}` does not run ({first}): {how}")
    return first
