"""Every stage runs, also after one failed, and the table tells which."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.stages import Stage, run_all


def shell(name: str, script: str, tmp_path: Path) -> Stage:
    return Stage(name=name, command=["sh", "-c", script], cwd=tmp_path, env={"WHEEL": "turns"})


def test_a_failure_is_counted_and_the_rest_still_runs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stages = [
        shell("breaks", "exit 3", tmp_path),
        shell("works", "echo $WHEEL > done", tmp_path),
    ]
    assert run_all(stages) == 1
    assert (tmp_path / "done").read_text() == "turns\n"
    table = capfd.readouterr().out.split("stage    ")[1].splitlines()
    assert [line.split()[0::2] for line in table[1:]] == [["breaks", "FAILED"], ["works", "ok"]]


def test_no_failure_is_nought(tmp_path: Path) -> None:
    assert run_all([shell("works", "true", tmp_path)]) == 0
