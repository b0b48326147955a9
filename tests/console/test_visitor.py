"""What the visitor says of pages whose faults are known."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser

from tests.console.visitor import Visitor

pytestmark = pytest.mark.xdist_group("console")


@pytest.fixture
def anyone(browser: Browser) -> Generator[Visitor]:
    context = browser.new_context(viewport={"width": 400, "height": 300})
    yield Visitor.arrive(context, "about:blank")
    context.close()


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        ("<p>one</p><p>other</p>", False),
        ("<button>one</button> <button>other</button>", False),
        ("<button><b>in it</b></button>", False),
        ('<p>one</p><p style="margin-top:-32px">other</p>', True),
        ('<button>one</button><button style="margin-left:-20px">other</button>', True),
        ('<p>one</p><p style="margin-top:-32px;visibility:hidden">other</p>', False),
        ('<p>one</p><p style="margin-top:-32px;opacity:0">other</p>', False),
    ],
)
def test_overlaps(anyone: Visitor, *, body: str, is_found: bool) -> None:
    anyone.page.set_content(body)
    assert (anyone.overlaps() != []) is is_found


def test_overflow(anyone: Visitor) -> None:
    anyone.page.set_content('<div style="width:500px">wide</div>')
    assert anyone.overflow() > 0


def test_accessibility(anyone: Visitor) -> None:
    anyone.page.set_content("<img src='data:,'>")
    assert any(found.startswith("image-alt") for found in anyone.accessibility_violations())


def test_a_complaint_is_noted(anyone: Visitor) -> None:
    anyone.page.evaluate("console.error('broken')")
    assert any("broken" in complaint for complaint in anyone.complaints)


def test_what_is_forgiven_stays_forgiven_and_nothing_else_is(anyone: Visitor) -> None:
    anyone.page.evaluate("console.error('answered with 404')")
    anyone.forgive("404")
    anyone.page.evaluate("console.error('answered with 404 again')")
    anyone.page.evaluate("console.error('answered with 500')")
    assert [complaint for complaint in anyone.complaints if "404" in complaint] == []
    assert any("500" in complaint for complaint in anyone.complaints)


def test_what_did_not_happen_is_not_forgiven(anyone: Visitor) -> None:
    with pytest.raises(AssertionError, match="nothing like 404"):
        anyone.forgive("404")
