"""Go: its toolchain, the Terraform provider's build, the format of all modules.

Runs on the system's Python with nothing but the standard library.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from types import MappingProxyType

from tools.paths import CLIENT_PROGRAMS, ROOT, TERRAFORM_BUILD, TERRAFORM_PROVIDER
from tools.steps import SetupError, run, say
from tools.toolchains import GO, require

PROGRAM = "terraform-provider-headrace"
MODULES = (TERRAFORM_PROVIDER, CLIENT_PROGRAMS / "go")

# The toolchain that is there is used, and no other is fetched; a checkout may have no history.
GO_ENVIRONMENT = MappingProxyType(
    {
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "CGO_ENABLED": "0",
    }
)


def build_provider() -> None:
    """Build the static, stripped provider; Go itself knows whether anything changed."""
    go = require(GO)
    say("building the Terraform provider (a first build takes a minute)")
    TERRAFORM_BUILD.mkdir(parents=True, exist_ok=True)
    build = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(TERRAFORM_BUILD / PROGRAM)]
    seconds = run([*build, "."], cwd=TERRAFORM_PROVIDER, env=dict(GO_ENVIRONMENT))
    say(f"provider built in {seconds:.0f} s")


def format_sources(*, is_check: bool) -> int:
    """Format the modules' sources, or only name those that are not; the number of these."""
    require(GO)
    command = ["gofmt", "-l", *([] if is_check else ["-w"]), *map(str, MODULES)]
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
