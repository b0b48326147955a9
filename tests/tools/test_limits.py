"""Every limit of the code has one row in the table, and every row holds."""

import pytest

from tools.limits import page
from tools.limits.constants import parse_python, parse_rust, read_constants
from tools.limits.table import LIMITS, OTHERS, Limit


def test_code_and_table_fit() -> None:
    assert page.problems() == []


def test_the_page_is_that_of_the_table() -> None:
    assert page.PAGE.read_text() == page.page()


def test_every_limit_of_a_plan_has_a_row() -> None:
    rows = {limit.id for limit in LIMITS}
    assert len(page.plan_fields()) > 10
    assert {page.PLAN + field for field in page.plan_fields()} <= rows


def test_a_limit_without_a_row_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(iter(OTHERS))
    monkeypatch.setattr(page, "OTHERS", OTHERS - {name})
    assert page.problems() == [f"{name} has no row in tools/limits/table.py"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": "broker.NOWHERE"}, "broker.NOWHERE of the table is nowhere in the code"),
        ({"metric": "headrace_nothing"}, "nothing is counted as headrace_nothing"),
        ({"tests": ("tests/conftest.py::test_of_nothing",)}, "there is no test"),
        ({"tests": ()}, "has no test"),
    ],
)
def test_a_row_that_does_not_hold_is_found(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object], problem: str
) -> None:
    fields = {"id": "api.page", "over": "refused", "metric": None, "tests": ("a::b",)}
    row = Limit(**{**fields, **change})  # type: ignore[arg-type]
    monkeypatch.setattr(page, "LIMITS", (*(one for one in LIMITS if one.id != "api.page"), row))
    assert any(problem in found for found in page.problems())


def test_what_no_cluster_is_without_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {name for names in page.CONCERNS.values() for name in names}
    assert named <= {limit.id for limit in LIMITS}
    monkeypatch.setitem(page.CONCERNS, "rules", ("security.ACLS_MAX",))
    assert page.problems() == ["security.ACLS_MAX (rules) is not counted"]


def test_constants_are_read_with_their_meaning() -> None:
    rust = "/// Most things\n/// at once.\npub(crate) const THINGS_MAX: usize = 2 *\n    1024;\n"
    (found,) = parse_rust("broker", rust)
    assert (found.id, found.value) == ("broker.THINGS_MAX", "2 * 1024")
    assert found.meaning == "Most things at once."
    python = 'THINGS_MAX = 3  # at once\nWAIT = 1.5\n"""How long."""\nother = 1\n'
    values = {one.name: (one.value, one.meaning) for one in parse_python("api", python)}
    assert values == {"THINGS_MAX": ("3", "at once"), "WAIT": ("1.5", "How long.")}
    assert len(read_constants()) > 150
