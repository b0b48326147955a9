"""Proofs that are test suites or the demo: counted from what really ran."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench.proofs.report import Finding
from tools.paths import ROOT, venv_tool

PARITY_CASES_MIN = 10
PARITY_FIGURES = frozenset(
    {
        "conversations",
        "questions",
        "apis",
        "versions",
        "differences_explained",
        "explanations",
        "answers_mutated",
        "mutations_found",
    }
)

FAULTS_TOLD_MAX = 5
FAULT_LENGTH_MAX = 300


def prove_clients() -> Finding:
    """Every foreign client produces and consumes as a group with printed credentials."""
    return prove_suite("tests/clients", cases_min=5)


def prove_bad_input() -> Finding:
    """Every abuse gets its specific error and leaves the process unmoved."""
    return prove_suite("tests/bad_input", cases_min=15)


def prove_parity() -> Finding:
    """Every API in every version is answered like Apache Kafka answers, or there is a reason."""
    return judge_parity(*run_suite("tests/parity"))


def judge_parity(status: int, suite: ET.Element) -> Finding:
    """All must have passed, have told what it compared, and have found every changed answer."""
    finding = judge_suite(status, suite, cases_min=PARITY_CASES_MIN)
    told: Counter[str] = Counter()
    for one in suite.iter("property"):
        if (name := one.get("name")) in PARITY_FIGURES:
            told[str(name)] += int(one.get("value", "0"))
    compared = told.keys() == PARITY_FIGURES
    mutated, found = told["answers_mutated"], told["mutations_found"]
    return Finding(
        figures={**told, "unexplained": 0 if finding.passed else None, **finding.figures},
        bar={**finding.bar, "unexplained": 0},
        passed=finding.passed and compared,
        control_red=0 < mutated == found,
        notes=finding.notes,
    )


def prove_demo() -> Finding:
    """The main job on real data, with a broker killed under load."""
    command = [str(venv_tool("python")), "-m", "tools.demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    numbers = re.findall(r"(\d[\d,]*) (records|acknowledged|lost|duplicated)", done.stdout)
    figures: dict[str, Any] = {
        "exit_status": done.returncode,
        "said": [f"{count} {what}" for count, what in numbers],
    }
    return Finding(figures=figures, bar={"exit_status": 0}, passed=done.returncode == 0)


def prove_suite(
    path: str, *, cases_min: int, variables: Mapping[str, str] = MappingProxyType({})
) -> Finding:
    """Run the tests of a folder, with `variables` in the environment; all of them must pass."""
    return judge_suite(*run_suite(path, variables), cases_min=cases_min)


def run_suite(
    path: str, variables: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, ET.Element]:
    """Run the tests of a folder; the exit status, and the `testsuite` of what pytest reports."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        # The newer form has no place for what a test records.
        junit = [f"--junitxml={report}", "-o", "junit_family=xunit1"]
        command = [str(venv_tool("python")), "-m", "pytest", "-q", path, *junit]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314  pytest wrote it just now
        assert suite is not None, done.stdout
    return done.returncode, suite


def judge_suite(status: int, suite: ET.Element, *, cases_min: int) -> Finding:
    """Nothing may have failed or been skipped, and enough must have run."""
    names = [case.get("name", "") for case in suite.iter("testcase")]
    counts = {
        kind: int(suite.get(kind, "0")) for kind in ("tests", "failures", "errors", "skipped")
    }
    bad = counts["failures"] + counts["errors"] + counts["skipped"]
    return Finding(
        figures={**counts, "seconds": float(suite.get("time", "0")), "cases": names},
        bar={"tests_min": cases_min, "failures": 0, "errors": 0, "skipped": 0},
        passed=status == 0 and bad == 0 and counts["tests"] >= cases_min,
        notes=_faults(suite)[:FAULTS_TOLD_MAX],
    )


def _faults(suite: ET.Element) -> list[str]:
    """What failed, and the beginning of why."""
    return [
        f"{case.get('name')}: {fault.get('message', '')[:FAULT_LENGTH_MAX]}"
        for case in suite.iter("testcase")
        for fault in case
        if fault.tag in ("failure", "error")
    ]
