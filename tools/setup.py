"""Everything `make run`, `make test` and `make check` need, from toolchains to the release broker.

Runs on the system's Python with nothing but the standard library. Repeating it is cheap.
"""

from __future__ import annotations

import argparse
import sys
import venv
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tools import system_packages, tofu
from tools.client_programs import build_client_programs
from tools.console import build_console
from tools.go import build_provider
from tools.java_artifacts import fetch_java_artifacts
from tools.paths import BROKER, REQUIREMENTS, ROOT, VENV, venv_tool
from tools.steps import SetupError, Stamp, digest, run, say
from tools.toolchains import check_platform, check_toolchains


def main() -> int:
    """Do the set-up; 1 and one line on standard error when something is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also what the tests and checks need")
    arguments = parser.parse_args()
    try:
        check_platform()
        check_toolchains(tests=arguments.tests)
        if arguments.tests:
            system_packages.install()
        make_environment("dev" if arguments.tests else "server")
        install_in_place()
        others = [build_console]
        if arguments.tests:
            others += [fetch_java_artifacts, build_client_programs, build_provider, tofu.provide]
        side_by_side([build_broker], others)
    except SetupError as error:
        print(f"set-up stopped: {error}", file=sys.stderr)
        return 1
    return 0


def make_environment(lock: str) -> None:
    """Make the virtual environment and install a lock into it, hashes checked."""
    place = Stamp(VENV, "place", str(VENV))
    if not (place.fresh() and venv_tool("python").exists()):
        say("making the virtual environment .venv")
        venv.EnvBuilder(with_pip=True, clear=True).create(VENV)
        place.set()
    uv_lock = REQUIREMENTS / "uv.lock"
    stamp = Stamp(VENV, "uv", digest(uv_lock))
    if not (stamp.fresh() and venv_tool("uv").exists()):
        say("installing uv")
        pip = [str(venv_tool("python")), "-m", "pip", "install", "--quiet", "--require-hashes"]
        run([*pip, "-r", str(uv_lock)])
        stamp.set()
    requirements = REQUIREMENTS / f"{lock}.lock"
    stamp = Stamp(VENV, f"lock-{lock}", digest(requirements))
    if not stamp.fresh():
        say(f"installing the locked dependencies of requirements/{lock}.lock")
        run([*_uv_install(), "--require-hashes", "-r", str(requirements)])
        stamp.set()


def install_in_place() -> None:
    """Install both distributions so that the checkout is what runs."""
    stamp = Stamp(
        VENV, "in-place", digest(ROOT / "pyproject.toml", ROOT / "sdk" / "pyproject.toml")
    )
    if stamp.fresh() and venv_tool("headrace").exists():
        return
    say("installing headrace and headrace-server in place")
    command = [*_uv_install(), "--no-deps", "--no-build-isolation"]
    run([*command, "-e", str(ROOT / "sdk"), "-e", str(ROOT)])
    stamp.set()


def build_broker() -> None:
    """Build the release broker; cargo itself knows whether anything changed."""
    say("building the broker (release; a first build takes minutes)")
    build = ["cargo", "build", "--release", "--locked", "--package", "headrace-broker"]
    seconds = run([*build, "--quiet"], cwd=BROKER)
    say(f"broker built in {seconds:.0f} s")


def side_by_side(*lanes: Sequence[Callable[[], object]]) -> None:
    """Do the steps of a lane one after the other, lanes at once; raises SetupError of any.

    Neither compiling the broker nor the rest can use two cores all the time.
    """
    with ThreadPoolExecutor(len(lanes)) as pool:
        for done in [pool.submit(_do_all, lane) for lane in lanes]:
            done.result()


def _do_all(steps: Iterable[Callable[[], object]]) -> None:
    for step in steps:
        step()


def _uv_install() -> list[str]:
    # Compiled once, here: the server starts in half the time, also where nothing may be written.
    install = ["pip", "install", "--quiet", "--compile-bytecode"]
    return [str(venv_tool("uv")), *install, "--python", str(venv_tool("python"))]


if __name__ == "__main__":
    sys.exit(main())
