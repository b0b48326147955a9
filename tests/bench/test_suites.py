from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.proofs import suites
from bench.proofs.suites import judge_suite, run_suite

GOOD = """
def test_good(record_property):
    record_property("pictures", 6)
"""
BAD = """
def test_bad():
    assert 1 == 2, "one is not two"
"""
STRICT = {"PYTEST_ADDOPTS": "-n0 -p no:cacheprovider -W error"}


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "test_good.py").write_text(GOOD, "utf-8")
    return tmp_path


def test_what_a_test_records_is_in_the_report(suite: Path) -> None:
    status, report = run_suite(str(suite), STRICT)
    assert [one.attrib for one in report.iter("property")] == [{"name": "pictures", "value": "6"}]
    finding = judge_suite(status, report, cases_min=1)
    assert finding.green
    assert finding.notes == []


def test_too_few_tests_are_no_proof(suite: Path) -> None:
    assert not judge_suite(*run_suite(str(suite), STRICT), cases_min=2).green


def test_a_red_suite_says_why(suite: Path) -> None:
    (suite / "test_bad.py").write_text(BAD, "utf-8")
    finding = judge_suite(*run_suite(str(suite), STRICT), cases_min=1)
    assert not finding.green
    assert len(finding.notes) == 1
    assert "one is not two" in finding.notes[0]


def parity(mutated: int, found: int, *, told: bool = True) -> ET.Element:
    """A suite that tells what it compared, as pytest writes it."""
    figures = dict.fromkeys(suites.PARITY_FIGURES, 7) if told else {}
    figures |= {"answers_mutated": mutated, "mutations_found": found}
    count = str(suites.PARITY_CASES_MIN)
    suite = ET.Element("testsuite", tests=count, failures="0", errors="0", skipped="0", time="1")
    properties = ET.SubElement(ET.SubElement(suite, "testcase", name="a"), "properties")
    for name, number in figures.items():
        ET.SubElement(properties, "property", name=name, value=str(number))
    return suite


def test_parity_is_green_when_every_change_is_found() -> None:
    assert suites.judge_parity(0, parity(9, 9)).green
    assert not suites.judge_parity(0, parity(9, 8)).green
    assert not suites.judge_parity(0, parity(0, 0)).green
    assert not suites.judge_parity(1, parity(9, 9)).green
    assert not suites.judge_parity(0, parity(9, 9, told=False)).green
