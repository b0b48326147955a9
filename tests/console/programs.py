"""The programs that the console shows, taken from the page and run as they stand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tools.go import GO_ENVIRONMENT
from tools.java_artifacts import JAVA_DIR
from tools.node import find_node
from tools.paths import CONSOLE_MODULES
from tools.terraform_cli import find_cli, override_config

CA_FILE = "headrace-ca.pem"
GO_MODULE = Path(__file__).parent / "go_program"
PROGRAM_SECONDS_MAX = 150  # Go compiles a client and TLS on a machine that does other things too
FILES: Mapping[str, str] = {
    "Python": "hello.py",
    "Java": "Hello.java",
    "Go": "main.go",
    "Node": "hello.mjs",
    "kcat": "kcat.sh",
    "curl": "curl.sh",
    "Terraform": "main.tf",
}


@dataclass(frozen=True)
class Program:
    """A program in a directory with the certificate beside it."""

    label: str
    file: Path

    def run(self) -> str:
        """Run it as its note says and return what it prints; fails with what it complains about."""
        command, settings = _COMMANDS[self.label](self.file)
        done = subprocess.run(
            command,
            cwd=self.file.parent,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=PROGRAM_SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"{self.label}: {done.stdout}\n{done.stderr}"
        return done.stdout


def take_programs(page: Page, directory: Path) -> dict[str, Program]:
    """Take certificate, key and programs from the page of a cluster as it shows them."""
    with page.expect_download() as download:
        page.get_by_role("link", name=f"Download {CA_FILE}").click()
    download.value.save_as(directory / CA_FILE)
    page.get_by_role("button", name="Create API key").click()
    page.get_by_role("button", name="Create key").click()
    secret = page.get_by_role("region", name="key secret").inner_text()
    page.get_by_role("button", name="I have kept it").click()
    labels = page.get_by_role("tablist", name="Language").get_by_role("tab").all_inner_texts()
    assert labels == [*FILES], "each program that is shown is one that is run"
    return {label: _take(page, label, secret, directory) for label in labels}


def _take(page: Page, label: str, secret: str, directory: Path) -> Program:
    page.get_by_role("tab", name=label, exact=True).click()
    shown = page.get_by_role("region", name=f"{label} snippet")
    expect(shown).to_contain_text(secret)
    place = directory / label
    place.mkdir()
    shutil.copy(directory / CA_FILE, place)
    file = place / FILES[label]
    file.write_text(shown.inner_text(), "utf-8")
    return Program(label, file)


def _python(file: Path) -> tuple[list[str], Mapping[str, str]]:
    return [sys.executable, file.name], {}


def _shell(file: Path) -> tuple[list[str], Mapping[str, str]]:
    return ["sh", file.name], {}


def _java(file: Path) -> tuple[list[str], Mapping[str, str]]:
    return ["java", "-cp", f"{JAVA_DIR}/*", file.name], {}


def _go(file: Path) -> tuple[list[str], Mapping[str, str]]:
    for name in ("go.mod", "go.sum"):
        shutil.copy(GO_MODULE / name, file.parent)
    return ["go", "run", "."], GO_ENVIRONMENT


def _node(file: Path) -> tuple[list[str], Mapping[str, str]]:
    (file.parent / "node_modules").symlink_to(CONSOLE_MODULES)
    return ["node", file.name], find_node().environment


def _terraform(file: Path) -> tuple[list[str], Mapping[str, str]]:
    settings = {
        "TF_CLI_CONFIG_FILE": str(override_config(file.parent)),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    return [find_cli().path, "apply", "-auto-approve", "-input=false", "-no-color"], settings


_COMMANDS: Mapping[str, Callable[[Path], tuple[list[str], Mapping[str, str]]]] = {
    "Python": _python,
    "Java": _java,
    "Go": _go,
    "Node": _node,
    "kcat": _shell,
    "curl": _shell,
    "Terraform": _terraform,
}
