"""The seconds of a clean clone are those that set-up and the stages printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.proofs.clean_clone import stages
from tools.stages import Stage, run_all


def test_seconds_are_read_from_what_the_stages_print(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_all(
        [
            Stage(name="build broker tests", command=["true"], cwd=tmp_path),
            Stage(name="python tests", command=["false"], cwd=tmp_path),
        ]
    )
    assert stages(capfd.readouterr().out).keys() == {"build broker tests", "python tests"}


def test_the_brokers_build_is_told_apart() -> None:
    said = "==> building the broker (release)\n==> broker built in 61 s\n"
    assert stages(said) == {"broker build": 61.0}
