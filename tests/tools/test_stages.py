"""Every stage runs, also after one failed, and the table tells which."""

from __future__ import annotations

import os
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


def test_lanes_run_side_by_side_and_their_output_stays_together(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for pipe in (one, other):
        os.mkfifo(pipe)
    # Each waits for the other: one after the other they would never end.
    meets = "echo begins; echo met > {theirs} & cat {ours}; echo $WHEEL >&2; exit {status}"
    lanes = [
        [shell("first", meets.format(theirs=other, ours=one, status=0), tmp_path)],
        [
            shell("second", meets.format(theirs=one, ours=other, status=5), tmp_path),
            shell("third", "echo third", tmp_path),
        ],
    ]
    assert run_all(*lanes) == 1
    out = capfd.readouterr().out
    for name in ("first", "second"):
        printed = out.split(f"=== {name}: ")[1].splitlines()[1:4]
        assert printed == ["begins", "met", "turns"]
    table = out.split("stage    ")[1].splitlines()[1:]
    assert [line.split()[0::2] for line in table] == [
        ["first", "ok"],
        ["second", "FAILED"],
        ["third", "ok"],
    ]


def test_no_failure_is_nought(tmp_path: Path) -> None:
    assert run_all([shell("works", "true", tmp_path)]) == 0
