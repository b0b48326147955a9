"""The command line with which tests and proofs apply configurations.

Where neither `terraform` nor `tofu` of 1.11 or newer is on PATH (older ones know no write-only
attributes), OpenTofu is built from its Go module, into build/tofu. Runs on the system's Python with
nothing but the standard library.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from tools.go import GO_ENVIRONMENT
from tools.paths import BUILD, ROOT
from tools.steps import SetupError, Stamp, digest, run, say
from tools.toolchains import GO, Toolchain, require

# Names the program to use, whatever is on PATH.
CHOICE = "HEADRACE_TERRAFORM_CLI"
TERRAFORM = Toolchain(
    "terraform",
    (1, 11),
    "install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install)",
    ("version",),
)
TOFU = Toolchain(
    "tofu",
    (1, 11),
    "install OpenTofu 1.11 or newer (https://opentofu.org/docs/intro/install)",
    ("version",),
)
MODULE = ROOT / "tools" / "tofu"
PACKAGE = "github.com/opentofu/opentofu/cmd/tofu"
BUILT = BUILD / "tofu" / "tofu"
# Else it calls itself a development build, which version constraints do not match.
RELEASED = "-X github.com/opentofu/opentofu/version.dev=no"


def find() -> str | None:
    """The program that was chosen, is installed, or was built, in this order; None without any."""
    chosen = os.environ.get(CHOICE)
    if chosen:
        return require(Toolchain(chosen, TOFU.oldest, f"unset {CHOICE}", ("version",)))
    found = _installed()
    if found is None and BUILT.exists():
        return str(BUILT)
    return found


def provide() -> None:
    """Build OpenTofu unless there is a command line; does nothing when nothing changed."""
    if os.environ.get(CHOICE) is None and _installed() is None:
        build()


def build() -> None:
    """Build OpenTofu; raises SetupError when that fails."""
    stamp = Stamp(BUILD, "tofu", digest(MODULE / "go.mod", MODULE / "go.sum"))
    if stamp.fresh() and BUILT.exists():
        return
    go = require(GO)
    say("building OpenTofu, there being no Terraform (once; it takes minutes)")
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    command = [go, "build", "-trimpath", "-ldflags", f"-s -w {RELEASED}", "-o", str(BUILT)]
    seconds = run([*command, PACKAGE], cwd=MODULE, env=dict(GO_ENVIRONMENT))
    stamp.set()
    say(f"OpenTofu built in {seconds:.0f} s")


def _installed() -> str | None:
    for toolchain in (TERRAFORM, TOFU):
        if shutil.which(toolchain.program) is None:
            continue
        try:
            return require(toolchain)
        except SetupError as error:
            say(f"passed over: {error}")
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
