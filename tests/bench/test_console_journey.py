from __future__ import annotations

import xml.etree.ElementTree as ET

from bench.proofs.console_journey import controls_passed, count

SUITE = """
<testsuite>
  <testcase classname="tests.console.test_visitor" name="one">{control}</testcase>
  <testcase classname="tests.console.test_pages" name="page">
    <properties>
      <property name="overlap" value="2"/><property name="pictures" value="6"/>
    </properties>
  </testcase>
  <testcase classname="tests.console.test_pages" name="other">
    <properties><property name="pictures" value="6"/></properties>
  </testcase>
</testsuite>
"""


def suite(control: str = "") -> ET.Element:
    return ET.fromstring(SUITE.format(control=control))  # noqa: S314  it stands above


def test_what_the_tests_recorded_is_added_up() -> None:
    assert [count(suite(), kind) for kind in ("pictures", "overlap", "overflow")] == [12, 2, 0]


def test_a_fault_that_was_not_found_is_a_control_that_stayed_green() -> None:
    assert controls_passed(suite())
    assert not controls_passed(suite("<failure/>"))
    assert not controls_passed(ET.fromstring("<testsuite/>"))  # noqa: S314  it stands here
