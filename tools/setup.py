"""Everything `make run`, `make test` and `make check` need, from toolchains to the release broker.

Runs on the system's Python with nothing but the standard library. Repeating it is cheap.
"""

from __future__ import annotations

import argparse
import platform
import re
import subprocess
import sys
import venv

from tools import system_packages
from tools.go import build_provider, check_go
from tools.java_artifacts import fetch_java_artifacts
from tools.paths import BROKER, REQUIREMENTS, ROOT, VENV, venv_tool
from tools.steps import SetupError, Stamp, digest, need, run, say

PYTHON_MIN = (3, 11)
CARGO_MIN = (1, 95)
RUST_HOW = "install Rust 1.95 or newer with rustup (https://rustup.rs)"


def main() -> int:
    """Do the set-up; 1 and one line on standard error when something is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also what the tests and checks need")
    arguments = parser.parse_args()
    try:
        check_platform()
        make_environment("dev" if arguments.tests else "server")
        install_in_place()
        build_broker()
        if arguments.tests:
            check_go()
            system_packages.install()
            fetch_java_artifacts()
            build_provider()
    except SetupError as error:
        print(f"set-up stopped: {error}", file=sys.stderr)
        return 1
    return 0


def check_platform() -> None:
    """The supervisor needs pidfd and abstract features of Linux; everything else follows it."""
    if platform.system() != "Linux" or platform.machine() not in {"x86_64", "aarch64"}:
        where = f"{platform.system()} {platform.machine()}"
        raise SetupError(f"{where} is not supported: Headrace runs on Linux, x86_64 or aarch64")
    if sys.version_info < PYTHON_MIN:
        raise SetupError(f"Python {platform.python_version()} is too old: 3.11 or newer is needed")


def make_environment(lock: str) -> None:
    """Make the virtual environment and install a lock into it, hashes checked."""
    if not venv_tool("python").exists():
        say("making the virtual environment .venv")
        venv.EnvBuilder(with_pip=True).create(VENV)
    uv_lock = REQUIREMENTS / "uv.lock"
    stamp = Stamp("uv", digest(uv_lock))
    if not (stamp.fresh() and venv_tool("uv").exists()):
        say("installing uv")
        pip = [str(venv_tool("python")), "-m", "pip", "install", "--quiet", "--require-hashes"]
        run([*pip, "-r", str(uv_lock)])
        stamp.set()
    requirements = REQUIREMENTS / f"{lock}.lock"
    stamp = Stamp(f"lock-{lock}", digest(requirements))
    if not stamp.fresh():
        say(f"installing the locked dependencies of requirements/{lock}.lock")
        run([*_uv_install(), "--require-hashes", "-r", str(requirements)])
        stamp.set()


def install_in_place() -> None:
    """Install both distributions so that the checkout is what runs."""
    stamp = Stamp("in-place", digest(ROOT / "pyproject.toml", ROOT / "sdk" / "pyproject.toml"))
    if stamp.fresh() and venv_tool("headrace").exists():
        return
    say("installing headrace and headrace-server in place")
    command = [*_uv_install(), "--no-deps", "--no-build-isolation"]
    run([*command, "-e", str(ROOT / "sdk"), "-e", str(ROOT)])
    stamp.set()


def build_broker() -> None:
    """Build the release broker; cargo itself knows whether anything changed."""
    cargo = need("cargo", RUST_HOW)
    version = subprocess.run(
        [cargo, "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < CARGO_MIN:
        raise SetupError(f"{version.strip()} is too old: {RUST_HOW}")
    need("cc", "install a C compiler (Debian: apt-get install gcc)")
    say("building the broker (release; a first build takes minutes)")
    build = [cargo, "build", "--release", "--locked", "--package", "headrace-broker"]
    seconds = run([*build, "--quiet"], cwd=BROKER)
    say(f"broker built in {seconds:.0f} s")


def _uv_install() -> list[str]:
    return [str(venv_tool("uv")), "pip", "install", "--quiet", "--python", str(venv_tool("python"))]


if __name__ == "__main__":
    sys.exit(main())
