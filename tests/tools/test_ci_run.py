"""`.ci/run` runs every stage, prints the seconds of each, and is red when one failed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tools.paths import ROOT

ROW = re.compile(r"^ok +\d+ s: (.*)$", re.MULTILINE)
STAGES = ["make setup-tests", "make check", "make test", "make demo"]


def run(tmp_path: Path, failing: str) -> subprocess.CompletedProcess[str]:
    """Run it with a `make` that only notes its target, and without a terminal."""
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "make $1" >> {tmp_path}/log\ntest "$1" != "{failing}"\n')
    make.chmod(0o755)
    return subprocess.run(
        [str(ROOT / ".ci" / "run")],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "CI": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_green(tmp_path: Path) -> None:
    done = run(tmp_path, failing="")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text().splitlines() == STAGES
    table = done.stdout.split("seconds per stage\n")[1].splitlines()
    assert ROW.findall("\n".join(table)) == STAGES


@pytest.mark.parametrize("target", ["setup-tests", "check", "test", "demo"])
def test_one_red_stage_makes_the_run_red_and_the_others_still_run(
    tmp_path: Path, target: str
) -> None:
    done = run(tmp_path, failing=target)
    assert done.returncode == 1
    assert (tmp_path / "log").read_text().splitlines() == STAGES
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert [line.split(" s: ")[1] for line in failed] == [f"make {target}"]
