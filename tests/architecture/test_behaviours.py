"""The page of behaviours names tests that there are, and leaves no behaviour out."""

from __future__ import annotations

import re
from typing import Final

from tools.paths import ROOT

PAGE: Final = ROOT / "docs" / "protocol-behaviours.md"
ROW: Final = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
REFERENCE: Final = re.compile(r"`([^`:]+)::([a-z0-9_]+)`")

NUMBERS: Final = frozenset(range(1, 50))


def missing(page: str) -> list[str]:
    """The references of a page that lead nowhere."""
    return [
        f"{path}::{name}"
        for path, name in REFERENCE.findall(page)
        if not (ROOT / path).is_file()
        or not re.search(rf"\b(?:fn|def) {name}\b", (ROOT / path).read_text(encoding="utf-8"))
    ]


def test_every_test_that_is_named_is_there() -> None:
    assert missing(PAGE.read_text(encoding="utf-8")) == []


def test_a_name_that_leads_nowhere_is_found() -> None:
    assert missing("| 1 | x | `tests/architecture/test_behaviours.py::no_such_test` |") != []
    assert missing("| 1 | x | `no/such/file.rs::missing` |") != []


def test_every_behaviour_has_a_row_with_tests() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert {int(number) for number, _, _ in rows} == NUMBERS
    assert all(REFERENCE.search(tests) for _, _, tests in rows)
