"""Programs and headers that the tests use and Debian packages."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tools.steps import SetupError, run, say

PROGRAMS = {
    "chromium": "chromium",
    "kcat": "kcat",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "pkg-config": "pkg-config",
    "strace": "strace",
}
"""Program on PATH, and the Debian package that brings it."""

INCLUDE = Path("/usr/include")
HEADERS = {"openssl/ssl.h": "libssl-dev", "zlib.h": "zlib1g-dev", "zstd.h": "libzstd-dev"}
"""Header that compilers find, and the Debian package that brings it and its library.

The client programs of tests/clients/foreign that contain librdkafka are built against them.
"""


def install() -> None:
    """Install what is missing, as root or by sudo without a password; else name the command."""
    programs = {package for name, package in PROGRAMS.items() if not shutil.which(name)}
    headers = {package for name, package in HEADERS.items() if not _has_header(name)}
    missing = sorted(programs | headers)
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


def _has_header(name: str) -> bool:
    # Some of OpenSSL's own lie where only compilers of this machine's kind look.
    return any(path.exists() for path in (INCLUDE / name, *INCLUDE.glob(f"*-linux-gnu/{name}")))


def _privileged_prefix() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if allowed.returncode == 0 else None
