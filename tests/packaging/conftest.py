from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.paths import REQUIREMENTS, ROOT, venv_tool

BUILD_SECONDS_MAX = 120


@dataclass(frozen=True)
class Wheels:
    """Both distributions as they would be published."""

    sdk: Path
    server: Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment outside of the checkout."""

    directory: Path

    def headrace(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.directory / "bin" / "headrace"), *arguments],
            cwd=self.directory,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.directory)},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS_MAX,
            check=False,
        )


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, timeout=BUILD_SECONDS_MAX, check=True)


def install(directory: Path, *arguments: str | Path) -> None:
    uv = venv_tool("uv")
    run(uv, "pip", "install", "--quiet", "--python", directory / "bin" / "python", *arguments)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    directory = tmp_path_factory.mktemp("wheels")
    for project in (ROOT / "sdk", ROOT):
        build = (venv_tool("python"), "-m", "hatchling", "build", "-t", "wheel", "-d", directory)
        run(*build, cwd=project)
    (sdk,) = directory.glob("headrace-*.whl")
    (server,) = directory.glob("headrace_server-*.whl")
    return Wheels(sdk, server)


@pytest.fixture(scope="session")
def sdk_alone(wheels: Wheels, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The light distribution, with the versions that the lock pins."""
    directory = tmp_path_factory.mktemp("sdk-alone")
    run(venv_tool("uv"), "venv", "--quiet", "--python", venv_tool("python"), "--clear", directory)
    install(directory, "--constraints", REQUIREMENTS / "server.lock", wheels.sdk)
    return Environment(directory)


@pytest.fixture(scope="session")
def both(wheels: Wheels, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Both distributions with exactly what the lock holds, and nothing of the checkout."""
    directory = tmp_path_factory.mktemp("both")
    run(venv_tool("uv"), "venv", "--quiet", "--python", venv_tool("python"), "--clear", directory)
    install(directory, "--require-hashes", "--requirements", REQUIREMENTS / "server.lock")
    install(directory, "--no-deps", wheels.sdk, wheels.server)
    return Environment(directory)
