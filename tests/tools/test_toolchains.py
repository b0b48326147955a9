"""A missing, old or broken toolchain is named, with its version and how to get it."""

from __future__ import annotations

import importlib.util
import platform
import sys

import pytest

from tests.tools.programs import Programs
from tools.steps import SetupError
from tools.toolchains import (
    CARGO,
    GO,
    JAVA,
    MAVEN,
    Toolchain,
    check_platform,
    check_toolchains,
    require,
)


def add_all(programs: Programs) -> None:
    programs.add("cargo", says="cargo 1.95.0 (f2d3ce0bd 2026-03-21)")
    programs.add("cc")
    programs.add("java", says="openjdk 17.0.15 2025-04-15")
    programs.add("javac", says="javac 17.0.15")
    programs.add("mvn", says="\x1b[1mApache Maven 3.8.7\x1b[m")
    programs.add("go", says="go version go1.26.8 linux/amd64")


class TestToolchains:
    def test_all_there(self, programs: Programs) -> None:
        add_all(programs)
        check_toolchains(tests=True)

    def test_running_needs_neither_java_nor_go(self, programs: Programs) -> None:
        programs.add("cargo", says="cargo 1.100.1")
        programs.add("cc")
        check_toolchains(tests=False)

    @pytest.mark.parametrize(
        ("absent", "how"),
        [
            ("cargo", "Rust 1.95 or newer with rustup"),
            ("cc", "apt-get install gcc"),
            ("java", "JDK 17"),
            ("javac", "JDK 17"),
            ("mvn", "Maven 3.8"),
            ("go", "Go 1.26 or newer"),
        ],
    )
    def test_a_missing_one_is_named(self, programs: Programs, absent: str, how: str) -> None:
        add_all(programs)
        programs.remove(absent)
        with pytest.raises(SetupError, match=f"^{absent} is not on PATH: .*{how}"):
            check_toolchains(tests=True)

    @pytest.mark.parametrize(
        ("toolchain", "says"),
        [
            (CARGO, "cargo 1.94.9"),
            (CARGO, "cargo 0.99.0"),
            (JAVA, "openjdk 11.0.2"),
            (MAVEN, "Apache Maven 3.6.2"),
            (MAVEN, "no number at all"),
            (GO, "go version go1.25.3 linux/amd64"),
        ],
    )
    def test_an_old_one_is_named_with_its_version(
        self, programs: Programs, toolchain: Toolchain, says: str
    ) -> None:
        programs.add(toolchain.program, says=says)
        with pytest.raises(SetupError, match=f"is too old \\({says}\\): install"):
            require(toolchain)

    def test_a_shim_without_a_toolchain_behind_it_says_how_to_get_one(
        self, programs: Programs
    ) -> None:
        programs.add("cargo", complains="error: no default is configured", status=1)
        with pytest.raises(SetupError, match=r"no default is configured\): install Rust 1\.95"):
            require(CARGO)


class TestPlatform:
    def test_this_one(self) -> None:
        check_platform()

    @pytest.mark.parametrize(("system", "machine"), [("Darwin", "arm64"), ("Linux", "riscv64")])
    def test_another_is_refused_in_one_line(
        self, monkeypatch: pytest.MonkeyPatch, system: str, machine: str
    ) -> None:
        monkeypatch.setattr(platform, "system", lambda: system)
        monkeypatch.setattr(platform, "machine", lambda: machine)
        with pytest.raises(SetupError, match=f"^{system} {machine} is not supported: .*\n?$"):
            check_platform()

    def test_an_old_python_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "version_info", (3, 10, 13))
        with pytest.raises(SetupError, match=r"too old: install 3\.11 or newer"):
            check_platform()

    def test_a_python_without_its_installer_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def find_spec(_name: str) -> None:
            return None

        monkeypatch.setattr(importlib.util, "find_spec", find_spec)
        with pytest.raises(SetupError, match="apt-get install python3-venv"):
            check_platform()
