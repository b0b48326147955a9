"""A finding is green only if it passed and its negative control failed as it must."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.proofs.report import Finding, publish
from bench.proofs.samples import summary_ms


def finding(*, passed: bool, control_red: bool | None = None) -> Finding:
    return Finding(figures={"seen": 1}, bar={"seen_min": 1}, passed=passed, control_red=control_red)


@pytest.mark.parametrize(
    ("passed", "control_red", "green"),
    [
        (True, None, True),
        (True, True, True),
        (True, False, False),
        (False, None, False),
        (False, True, False),
    ],
)
def test_green(*, passed: bool, control_red: bool | None, green: bool) -> None:
    assert finding(passed=passed, control_red=control_red).green is green


def test_a_published_finding_is_one_line_and_a_file_that_says_the_same(tmp_path: Path) -> None:
    line = publish("some-promise", finding(passed=False), "0123456789ab", tmp_path)
    assert "\n" not in line
    said = json.loads(line)
    assert said == json.loads((tmp_path / "some-promise.json").read_text())
    assert said["verdict"] == "red"
    assert said["figures"] == {"seen": 1}
    assert said["commit"]


def test_a_summary_is_in_milliseconds() -> None:
    assert summary_ms([0.3, 0.1, 0.2]) == {
        "count": 3,
        "median_ms": 200.0,
        "p95_ms": 300.0,
        "min_ms": 100.0,
        "max_ms": 300.0,
    }


def test_a_summary_of_nothing_is_refused() -> None:
    with pytest.raises(AssertionError, match="proves nothing"):
        summary_ms([])
