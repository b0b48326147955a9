"""Programs that the tests use and Debian packages."""

from __future__ import annotations

import os
import shutil
import subprocess

from tools.steps import SetupError, run, say

PROGRAMS = {
    "chromium": "chromium",
    "kcat": "kcat",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "strace": "strace",
}
"""Program on PATH, and the Debian package that brings it."""


def install() -> None:
    """Install what is missing, as root or by sudo without a password; else name the command."""
    missing = sorted({package for name, package in PROGRAMS.items() if not shutil.which(name)})
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise SetupError(f"these programs are missing, install them: {', '.join(missing)}")
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    prefix = _privileged_prefix()
    if prefix is None:
        together = f"apt-get update && {' '.join(command)}"
        raise SetupError(f"{', '.join(missing)} must be installed by root: sudo sh -c '{together}'")
    say(f"installing system packages: {', '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run([*prefix, "apt-get", "update", "--quiet=2"], env=quiet)
    run([*prefix, *command, "--quiet=2"], env=quiet)


def _privileged_prefix() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if allowed.returncode == 0 else None
