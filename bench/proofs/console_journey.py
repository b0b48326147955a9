"""The console as people use it: what a real browser on a real service with a real broker sees."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from bench.proofs.report import Finding
from bench.proofs.suites import judge_suite, run_suite

CASES_MIN = 50
PICTURES_MIN = 150
FAULTS = ("complaints", "overflow", "overlap", "accessibility")
CONTROLS = "test_visitor"


def prove() -> Finding:
    """Every page in every scheme and width, the journey, and every program that is shown.

    The control is the pages whose faults are known: each must have been found.
    """
    status, suite = run_suite("tests/console")
    judged = judge_suite(status, suite, cases_min=CASES_MIN)
    counts = {kind: count(suite, kind) for kind in ("pictures", *FAULTS)}
    is_clean = all(counts[kind] == 0 for kind in FAULTS)
    return replace(
        judged,
        figures={**counts, **judged.figures},
        bar={"pictures_min": PICTURES_MIN, **dict.fromkeys(FAULTS, 0), **judged.bar},
        passed=judged.passed and is_clean and counts["pictures"] >= PICTURES_MIN,
        control_red=controls_passed(suite),
    )


def count(suite: ET.Element, kind: str) -> int:
    """The sum of what the tests recorded of one kind."""
    return sum(
        int(one.get("value", "0")) for one in suite.iter("property") if one.get("name") == kind
    )


def controls_passed(suite: ET.Element) -> bool:
    """Whether there were tests of known faults, and each found its own."""
    cases = [
        case for case in suite.iter("testcase") if CONTROLS in case.get("classname", "").split(".")
    ]
    return bool(cases) and all(
        case.find("failure") is None and case.find("error") is None for case in cases
    )
