from __future__ import annotations

import pytest

from headrace.cli.csv_lines import to_csv


def test_rows_stand_under_a_header_with_crlf() -> None:
    assert to_csv(("a", "b"), [("x,y", None), ('"', 3)]) == 'a,b\r\n"x,y",\r\n"""",3\r\n'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1+1", "'-1+1"),
        ("-", "'-"),
        ("-0.546000", "-0.546000"),
        ("-7", "-7"),
        (-7, "-7"),
        ("a=1", "a=1"),
    ],
)
def test_no_text_becomes_a_formula_and_numbers_stay(value: object, written: str) -> None:
    assert to_csv(("v",), [(value,)]) == f"v\r\n{written}\r\n"
