"""What is installed goes first, an old one is passed over, else OpenTofu is built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tools.programs import Programs
from tools import tofu
from tools.steps import SetupError


@pytest.fixture(autouse=True)
def nothing_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build directory of its own, and no choice in the environment."""
    built = tmp_path / "build" / "tofu" / "tofu"
    monkeypatch.setattr(tofu, "BUILD", tmp_path / "build")
    monkeypatch.setattr(tofu, "BUILT", built)
    monkeypatch.delenv(tofu.CHOICE, raising=False)
    return built


def version(number: str) -> str:
    return json.dumps({"terraform_version": number})


def path_of(found: tofu.Cli | None) -> str:
    assert found is not None
    return found.path


class TestFind:
    def test_terraform_goes_first(self, programs: Programs) -> None:
        programs.add("tofu", says=version("1.12.6"))
        assert path_of(tofu.find()).endswith("/tofu")
        programs.add("terraform", says=version("1.11.4"))
        assert path_of(tofu.find()).endswith("/terraform")

    def test_an_old_one_is_passed_over_and_named(
        self, programs: Programs, capfd: pytest.CaptureFixture[str]
    ) -> None:
        programs.add("terraform", says=version("1.5.7"))
        assert tofu.find() is None
        assert "terraform 1.5.7 is passed over" in capfd.readouterr().out
        programs.add("tofu", says=version("1.11.0"))
        assert path_of(tofu.find()).endswith("/tofu")

    def test_what_was_built_comes_last(self, programs: Programs, nothing_built: Path) -> None:
        programs.add("elsewhere", says=version("1.12.6-dev"))
        nothing_built.parent.mkdir(parents=True)
        nothing_built.symlink_to(programs.path("elsewhere"))
        assert tofu.find() == tofu.Cli(str(nothing_built), (1, 12, 6))
        programs.add("terraform", says=version("1.11.4"))
        assert path_of(tofu.find()).endswith("/terraform")

    def test_a_choice_goes_before_all(
        self, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        programs.add("terraform", says=version("1.11.4"))
        programs.add("mine", says=version("1.12.0"))
        mine = str(tmp_path / "bin" / "mine")
        monkeypatch.setenv(tofu.CHOICE, mine)
        assert path_of(tofu.find()) == mine
        programs.add("mine", says=version("1.10.0"))
        with pytest.raises(SetupError, match=r"mine 1\.10\.0 is too old"):
            tofu.find()

    @pytest.mark.parametrize("says", ["", "Terraform v1.11.4", "{}", '{"terraform_version": "x"}'])
    def test_one_that_tells_no_version_is_named(self, programs: Programs, says: str) -> None:
        programs.add("terraform", says=says)
        with pytest.raises(SetupError, match="does not tell its version"):
            tofu.find()

    def test_settings_of_the_caller_do_not_reach_it(
        self, programs: Programs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TF_CLI_CONFIG_FILE", "/no/such/file")
        told = version("1.12.6")
        programs.script("tofu", f"echo \"${{TF_CLI_CONFIG_FILE+Warning: }}\"'{told}'")
        assert path_of(tofu.find()).endswith("/tofu")


class TestProvide:
    def test_builds_nothing_where_one_is_installed(
        self, programs: Programs, tmp_path: Path, nothing_built: Path
    ) -> None:
        log = tmp_path / "log"
        programs.record("go", log)
        programs.add("tofu", says=version("1.12.6"))
        tofu.provide()
        assert not log.exists()
        assert not nothing_built.exists()

    def test_builds_from_its_module_once(
        self, programs: Programs, tmp_path: Path, nothing_built: Path
    ) -> None:
        log = tmp_path / "log"
        compiler = (
            f'case "$1" in version) echo go version go1.26.8;; *) echo "$*" >> {log}; '
            f": > {nothing_built};; esac"
        )
        programs.script("go", compiler)
        tofu.provide()
        tofu.provide()
        (command,) = log.read_text().splitlines()
        assert command.endswith(tofu.PACKAGE)
        assert "version.dev=no" in command

    def test_an_older_compiler_is_named(self, programs: Programs) -> None:
        programs.add("go", says="go version go1.26.5 linux/amd64")
        with pytest.raises(SetupError, match=r"go is too old .* Go 1\.26\.6 or newer"):
            tofu.provide()

    def test_a_failed_build_is_told_and_tried_again(self, programs: Programs) -> None:
        programs.script("go", 'case "$1" in version) echo go version go1.26.8;; *) exit 1;; esac')
        for _ in range(2):
            with pytest.raises(SetupError, match="ended with status 1"):
                tofu.provide()


def test_the_module_repeats_what_opentofu_replaces() -> None:
    text = (tofu.MODULE / "go.mod").read_text("utf-8")
    assert f"\ngo {'.'.join(map(str, tofu.COMPILER.oldest))}\n" in text
    assert f"tool {tofu.PACKAGE}" in text
    assert text.count("\nreplace ") == 1
