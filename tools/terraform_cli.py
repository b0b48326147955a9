"""Runs a real Terraform command line on the provider that was built here, without a registry."""

from __future__ import annotations

import functools
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import tofu
from tools.go import PROGRAM
from tools.paths import ROOT, TERRAFORM_BUILD

SOURCE = "headrace/headrace"
VERSION = "0.1.0"
HOSTS = ("registry.terraform.io", "registry.opentofu.org")
COMMAND_SECONDS_MAX = 60
EXAMPLES = ROOT / "terraform" / "examples"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class TerraformError(Exception):
    """A command did not end as expected; says what it printed."""


@functools.cache
def find_cli() -> tofu.Cli:
    """Terraform or OpenTofu; raises TerraformError saying how to get one."""
    found = tofu.find()
    if found is None:
        raise TerraformError(
            "neither terraform nor tofu of 1.11 or newer is on PATH: install one "
            "(https://opentofu.org/docs/intro/install), or build OpenTofu with make setup-tests"
        )
    return found


def built_provider() -> Path:
    """The provider's program; raises TerraformError when it is not built."""
    program = TERRAFORM_BUILD / PROGRAM
    if not program.exists():
        raise TerraformError(f"{program} is not built: make terraform")
    return program


def copy_example(name: str, directory: Path) -> Path:
    """Copy an example into `directory` without what somebody's own runs left in it."""
    leftovers = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    return Path(shutil.copytree(EXAMPLES / name, directory / name, ignore=leftovers))


def override_config(directory: Path) -> Path:
    """Write a CLI configuration that takes the provider from where it was built."""
    return _config(
        directory, f'dev_overrides {{ "{SOURCE}" = {json.dumps(str(built_provider().parent))} }}'
    )


def mirror_config(directory: Path) -> Path:
    """Write a CLI configuration that knows nothing but a mirror, and the mirror."""
    mirror = directory / "mirror"
    target = f"linux_{ARCHITECTURES[platform.machine()]}"
    for host in HOSTS:
        place = mirror / host / SOURCE / VERSION / target
        place.mkdir(parents=True)
        shutil.copy2(built_provider(), place / f"{PROGRAM}_v{VERSION}")
    return _config(directory, f"filesystem_mirror {{ path = {json.dumps(str(mirror))} }}")


def _config(directory: Path, installation: str) -> Path:
    file = directory / "cli.tfrc"
    file.write_text(f"provider_installation {{\n  {installation}\n}}\n", encoding="utf-8")
    return file


@dataclass(frozen=True)
class Configuration:
    """A directory with a configuration and its state."""

    directory: Path
    cli_config: Path
    settings: Mapping[str, str]

    def write(self, text: str) -> None:
        """Set the configuration."""
        (self.directory / "main.tf").write_text(text, encoding="utf-8")

    def run(
        self, *arguments: str, expect: int = 0, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; raises TerraformError when it ends with another status than expected."""
        done = subprocess.run(
            [find_cli().path, *arguments, "-no-color"],
            cwd=self.directory,
            env={**_environment(self.cli_config), **self.settings, **settings},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        if done.returncode != expect:
            said = f"{done.stdout}{done.stderr}"
            raise TerraformError(
                f"{' '.join(arguments)}: ended with {done.returncode}, not {expect}\n{said}"
            )
        return done

    def plan(self, *arguments: str, expect: int) -> str:
        """Plan, and return what is said: 0 for no changes, 1 for an error, 2 for changes."""
        done = self.run("plan", "-input=false", "-detailed-exitcode", *arguments, expect=expect)
        return done.stdout + done.stderr

    def apply(self) -> str:
        """Apply, and return what is said."""
        return self.run("apply", "-auto-approve", "-input=false").stdout

    def destroy(self) -> None:
        """Destroy everything."""
        self.run("apply", "-destroy", "-auto-approve", "-input=false")

    def values(self) -> dict[str, dict[str, Any]]:
        """The attributes of what is in the state, by address."""
        shown = json.loads(self.run("show", "-json").stdout)
        resources = shown.get("values", {}).get("root_module", {}).get("resources", [])
        return {each["address"]: each["values"] for each in resources}

    def plan_to_file(self, name: str) -> dict[str, Any]:
        """Plan into a file of the directory, and return the plan as `show -json` tells it."""
        self.run("plan", "-input=false", f"-out={name}")
        return json.loads(self.run("show", "-json", name).stdout)

    def files(self) -> Iterator[Path]:
        """Everything that lies in the directory but the provider's programs and links to them."""
        for path in sorted(self.directory.rglob("*")):
            if path.is_file() and not path.name.startswith(PROGRAM):
                yield path


def _environment(cli_config: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "TF_CLI_CONFIG_FILE": str(cli_config),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
