"""Packages are installed as root or by sudo without a password; else one command is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tools.programs import Programs
from tools import system_packages
from tools.steps import SetupError

PACKAGES = ("chromium", "e2fsprogs", "kcat", "pkg-config", "strace", "xfsprogs")
COMMAND = f"apt-get install --yes --no-install-recommends {' '.join(PACKAGES)}"


@pytest.fixture(autouse=True)
def include(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that compilers would look in, with every header."""
    directory = tmp_path / "include"
    for name in system_packages.HEADERS:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()
    monkeypatch.setattr(system_packages, "INCLUDE", directory)
    return directory


def become(monkeypatch: pytest.MonkeyPatch, user_id: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user_id)


def test_nothing_is_done_when_nothing_is_missing(programs: Programs, tmp_path: Path) -> None:
    for name in system_packages.PROGRAMS:
        programs.add(name)
    log = tmp_path / "log"
    programs.record("apt-get", log)
    system_packages.install()
    assert not log.exists()


def test_root_installs(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    programs.record("apt-get", log)
    become(monkeypatch, 0)
    system_packages.install()
    assert log.read_text().splitlines() == ["apt-get update --quiet=2", f"{COMMAND} --quiet=2"]


def test_only_what_is_missing_is_installed(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    programs.record("apt-get", log)
    programs.add("kcat")
    become(monkeypatch, 0)
    system_packages.install()
    assert "kcat" not in log.read_text()
    assert "strace" in log.read_text()


def test_a_header_is_looked_for_and_also_where_only_this_kind_of_machine_has_it(
    programs: Programs, include: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in system_packages.PROGRAMS:
        programs.add(name)
    log = tmp_path / "log"
    programs.record("apt-get", log)
    become(monkeypatch, 0)
    (include / "zstd.h").unlink()
    elsewhere = include / "x86_64-linux-gnu" / "openssl"
    elsewhere.mkdir(parents=True)
    (include / "openssl" / "ssl.h").rename(elsewhere / "ssl.h")
    system_packages.install()
    assert log.read_text().splitlines()[-1].split()[-2:] == ["libzstd-dev", "--quiet=2"]


def test_sudo_without_a_password_installs(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    programs.record("apt-get", log)
    programs.record("sudo", log)
    become(monkeypatch, 1000)
    system_packages.install()
    assert log.read_text().splitlines()[1:] == [
        "sudo -n apt-get update --quiet=2",
        f"sudo -n {COMMAND} --quiet=2",
    ]


@pytest.mark.parametrize("has_sudo", [True, False])
def test_without_rights_the_one_command_is_named(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, *, has_sudo: bool
) -> None:
    programs.add("apt-get")
    if has_sudo:
        programs.add("sudo", complains="a password is required", status=1)
    become(monkeypatch, 1000)
    with pytest.raises(SetupError, match=f"sudo sh -c 'apt-get update && {COMMAND}'$"):
        system_packages.install()


@pytest.mark.usefixtures("programs")
def test_without_apt_the_programs_are_named() -> None:
    with pytest.raises(SetupError, match=f"missing, install them: {', '.join(PACKAGES)}"):
        system_packages.install()
