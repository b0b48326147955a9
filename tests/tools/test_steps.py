"""What set-up does once, and what it says when a program fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.steps import SetupError, Stamp, digest, run


def test_a_stamp_is_fresh_until_its_inputs_change(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("one==1\n")
    stamp = Stamp(tmp_path, "lock", digest(lock))
    assert not stamp.fresh()
    stamp.set()
    assert Stamp(tmp_path, "lock", digest(lock)).fresh()
    lock.write_text("one==2\n")
    assert not Stamp(tmp_path, "lock", digest(lock)).fresh()


def test_a_stamp_goes_with_another_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Stamp(tmp_path, "lock", "same").set()
    monkeypatch.setattr(sys, "version", "3.99.0 of another day")
    assert not Stamp(tmp_path, "lock", "same").fresh()


def test_a_digest_tells_files_apart_by_name_and_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("same")
    two.write_text("same")
    assert digest(one) != digest(two)
    assert digest(one, two) != digest(two, one)


def test_a_step_that_fails_names_its_command_and_status(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"`sh -c exit 7` ended with status 7"):
        run(["sh", "-c", "exit 7"], cwd=tmp_path)


def test_a_step_gets_its_environment(tmp_path: Path) -> None:
    seconds = run(["sh", "-c", 'test "$WHEEL" = turns'], cwd=tmp_path, env={"WHEEL": "turns"})
    assert seconds >= 0
