from __future__ import annotations

import pytest

from api.negotiation import preferred

OFFERED = ("application/json", "text/html", "application/pdf", "text/csv")

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        (CHROMIUM, "text/html"),
        ("text/csv", "text/csv"),
        ("Text/CSV; charset=utf-8", "text/csv"),
        ("text/html;q=0.4, application/pdf ; q=0.5", "application/pdf"),
        ("text/*", "text/html"),
        ("text/*, text/html;q=0.1", "text/csv"),
        ("*/*;q=0.1, text/csv;q=0.2", "text/csv"),
        ("application/json;q=0, */*", "text/html"),
        ("image/png", "application/json"),
        ("application/json;q=7", "application/json"),
        (";;;,,=", "application/json"),
    ],
)
def test_the_form_that_is_liked_best(accept: str | None, chosen: str) -> None:
    assert preferred(accept, OFFERED) == chosen
