"""The command line with which tests and proofs apply configurations.

Where neither `terraform` nor `tofu` of 1.11 or newer is on PATH (older ones know no write-only
attributes), OpenTofu is built from its Go module, into build/tofu. Runs on the system's Python with
nothing but the standard library.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from tools.go import GO_ENVIRONMENT
from tools.paths import BUILD, ROOT
from tools.steps import SetupError, Stamp, digest, run, say
from tools.toolchains import GO, require

PROGRAMS = ("terraform", "tofu")
OLDEST = (1, 11)
# Names the program to use, whatever is on PATH.
CHOICE = "HEADRACE_TERRAFORM_CLI"
MODULE = ROOT / "tools" / "tofu"
# What tools/tofu/go.mod asks for.
COMPILER = replace(
    GO,
    oldest=(1, 26, 6),
    how="install Go 1.26.6 or newer (https://go.dev/dl), or Terraform or OpenTofu of 1.11 or newer",
)
PACKAGE = "github.com/opentofu/opentofu/cmd/tofu"
BUILT = BUILD / "tofu" / "tofu"
# Else it calls itself a development build, which version constraints do not match.
RELEASED = "-X github.com/opentofu/opentofu/version.dev=no"


@dataclass(frozen=True)
class Cli:
    """A command line that runs, and which one it is."""

    path: str
    version: tuple[int, ...]

    @property
    def name(self) -> str:
        """Program and version, such as `terraform 1.11.4`."""
        return f"{Path(self.path).name} {'.'.join(map(str, self.version))}"


def find() -> Cli | None:
    """The program that was chosen, is installed, or was built, in this order; None without any.

    Raises SetupError when the one that was chosen does not run or is too old.
    """
    chosen = os.environ.get(CHOICE)
    if chosen:
        cli = look_at(chosen)
        if cli.version < OLDEST:
            raise SetupError(f"{cli.name} is too old: choose 1.11 or newer, or unset {CHOICE}")
        return cli
    found = _installed()
    if found is None and BUILT.exists():
        return look_at(str(BUILT))
    return found


def look_at(path: str) -> Cli:
    """Ask a program which version it is; raises SetupError when it does not say."""
    # Not with the caller's settings, of which a wrong one makes OpenTofu write about it first; and
    # Terraform would ask its maker whether there is a newer version.
    quiet = {"CHECKPOINT_DISABLE": "1"}
    command = [path, "version", "-json"]
    try:
        done = subprocess.run(command, env=quiet, capture_output=True, check=True)
        said = json.loads(done.stdout)["terraform_version"]
        return Cli(path, tuple(int(part) for part in said.split("-")[0].split(".")))
    except (OSError, subprocess.CalledProcessError, ValueError, KeyError) as error:
        raise SetupError(f"`{' '.join(command)}` does not tell its version: {error}") from error


def provide() -> None:
    """Build OpenTofu unless there is a command line; does nothing when nothing changed."""
    if os.environ.get(CHOICE) is None and _installed() is None:
        build()


def build() -> None:
    """Build OpenTofu; raises SetupError when that fails."""
    stamp = Stamp(BUILD, "tofu", digest(MODULE / "go.mod", MODULE / "go.sum"))
    if stamp.fresh() and BUILT.exists():
        return
    go = require(COMPILER)
    say("building OpenTofu (a first build takes minutes)")
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    command = [go, "build", "-trimpath", "-ldflags", f"-s -w {RELEASED}", "-o", str(BUILT)]
    seconds = run([*command, PACKAGE], cwd=MODULE, env=dict(GO_ENVIRONMENT))
    stamp.set()
    say(f"OpenTofu built in {seconds:.0f} s")


def _installed() -> Cli | None:
    for path in filter(None, map(shutil.which, PROGRAMS)):
        cli = look_at(path)
        if cli.version >= OLDEST:
            return cli
        say(f"{cli.name} is passed over: 1.11 or newer is needed")
    return None


def main() -> int:
    """Build OpenTofu whatever is installed; 1 and one line on standard error when that fails."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        build()
    except SetupError as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
