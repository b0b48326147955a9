"""Where things lie in a checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BUILD = ROOT / "build"
REQUIREMENTS = ROOT / "requirements"
BROKER = ROOT / "data_plane" / "broker"
TERRAFORM_PROVIDER = ROOT / "terraform" / "provider"
TERRAFORM_BUILD = BUILD / "terraform"
BROKER_BINARY = BROKER / "target" / "release" / "headrace-broker"
CONSOLE = ROOT / "console"
CONSOLE_MODULES = CONSOLE / "node_modules"
CLIENT_PROGRAMS = ROOT / "tests" / "clients" / "foreign"
CACHE = BUILD / "cache"


def venv_tool(name: str) -> Path:
    """The path of a program that the virtual environment installs."""
    return VENV / "bin" / name
