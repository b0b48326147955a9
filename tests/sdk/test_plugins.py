"""The server's commands are there when it is installed, and say so when it is not."""

from __future__ import annotations

import subprocess
import sys

from tools.paths import venv_tool

WITHOUT_SERVER = """
import sys
from importlib import metadata
metadata.entry_points = lambda **kinds: ()
from headrace.cli.main import main
sys.argv = ["headrace", *{arguments!r}]
main()
"""


def without_server(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as if only its own distribution were installed."""
    script = WITHOUT_SERVER.format(arguments=list(arguments))
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_servers_commands_are_mounted() -> None:
    done = subprocess.run(
        [str(venv_tool("headrace")), "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for command in ("up", "down", "doctor", "login", "produce", "consume"):
        assert f" {command} " in done.stdout


def test_a_server_that_is_not_installed_is_named_in_one_line() -> None:
    done = without_server("up", "--port", "0", "--data-dir", "d")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip install headrace-server" in done.stderr


def test_an_unknown_command_is_a_usage_error_without_the_server_too() -> None:
    assert without_server("upp").returncode == 2
