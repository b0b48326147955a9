"""The Terraform provider's Go module: its toolchain, its build, its format.

Runs on the system's Python with nothing but the standard library.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from types import MappingProxyType

from tools.paths import ROOT, TERRAFORM_BUILD, TERRAFORM_PROVIDER
from tools.steps import SetupError, need, run, say

GO_MIN = (1, 26)
GO_HOW = "install Go 1.26 or newer (https://go.dev/dl)"
PROGRAM = "terraform-provider-headrace"

# The toolchain that is there is used, and no other is fetched; a checkout may have no history.
GO_ENVIRONMENT = MappingProxyType(
    {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"}
)


def check_go() -> str:
    """The path of the Go command; raises SetupError when it is missing or too old."""
    go = need("go", GO_HOW)
    command = [go, "env", "GOVERSION"]
    version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    found = re.match(r"go(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < GO_MIN:
        raise SetupError(f"{version} is too old: {GO_HOW}")
    return go


def build_provider() -> None:
    """Build the static, stripped provider; Go itself knows whether anything changed."""
    go = check_go()
    say("building the Terraform provider (a first build takes a minute)")
    TERRAFORM_BUILD.mkdir(parents=True, exist_ok=True)
    build = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(TERRAFORM_BUILD / PROGRAM)]
    seconds = run([*build, "."], cwd=TERRAFORM_PROVIDER, env=dict(GO_ENVIRONMENT))
    say(f"provider built in {seconds:.0f} s")


def format_sources(*, is_check: bool) -> int:
    """Format the module's sources, or only name those that are not; the number of these."""
    need("gofmt", GO_HOW)
    command = ["gofmt", "-l", *([] if is_check else ["-w"]), str(TERRAFORM_PROVIDER)]
    named = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    print(named.replace(f"{ROOT}/", ""), end="")
    return len(named.splitlines()) if is_check else 0


def main() -> int:
    """Build, or look at the format; 1 and one line on standard error when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--build", action="store_true", help="into build/terraform")
    which.add_argument("--check", action="store_true", help="name sources that gofmt would change")
    which.add_argument("--fix", action="store_true", help="format the sources")
    arguments = parser.parse_args()
    try:
        if arguments.build:
            build_provider()
            return 0
        return 1 if format_sources(is_check=arguments.check) else 0
    except SetupError as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
