"""The page: everything escaped, nothing from elsewhere, and the same figures as everywhere."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html.parser import HTMLParser

import pytest

from billing.reports import html
from tests.billing.reports.samples import HOSTILE, cluster_day, full, report, so_far, steady

FORBIDDEN_TAGS = {"script", "iframe", "object", "embed", "img", "link", "base", "form"}
FETCHING = {"src", "href", "srcset", "action", "style"}


class Reader(HTMLParser):
    """Collects tags, attributes and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.style = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["style"] and not self.style:
            self.style = data
        elif data.strip():
            self.texts.append(data.strip())


@pytest.mark.parametrize("made", [full(), so_far(), report()], ids=["full", "so far", "none"])
def test_nothing_is_executed_or_fetched(made: html.DailyReport) -> None:
    page = Reader(html.render(made))
    assert not FORBIDDEN_TAGS & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not names & FETCHING
    assert not [name for name in names if name.startswith("on")]
    assert "url(" not in html.STYLE
    assert "@import" not in html.STYLE


def test_the_policy_allows_its_own_style_and_nothing_else() -> None:
    page = Reader(html.render(full()))
    digest = b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in html.CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in html.CONTENT_SECURITY_POLICY


def test_names_are_text() -> None:
    name = f"{HOSTILE}<script>alert(1)</script>\" onload='x'"
    day = cluster_day(name, 1, written=steady(1), read=steady(1))
    page = Reader(html.render(report(day, organization=name, cluster_id=day.usage.cluster_id)))
    assert not FORBIDDEN_TAGS & set(page.tags)
    assert "b" not in page.tags
    assert page.texts.count(f"{name} of {name}") == 1
    assert page.texts.count(name) == 1


def test_it_says_what_a_bill_must_say() -> None:
    texts = Reader(html.render(full())).texts
    for wanted in (
        "Mill Street Logistics",
        "Sunday, 22 November 2026",
        "Final: the day is over and its usage is metered.",
        "1.121000 USD",
        "1 of 2 clusters reached the daily cap: 0.546000 USD are not charged.",
        "orders",
        "lkc_0000000000000001",
        "1.499999993",
        "0.020000",
        "0.030000",
        "-0.546000",
        "12 % of the daily cap of 1.000000 USD.",
    ):
        assert wanted in texts, wanted
    whole = " ".join(texts)
    assert "Price book version 1" in whole
    assert "rounded once for a cluster's whole day and line" in whole


def test_a_day_that_goes_on_shows_what_is_still_to_come() -> None:
    texts = Reader(html.render(so_far())).texts
    assert "So far: usage is counted up to 2026-11-22 14:20:00 UTC." in texts
    assert "Still to come" in texts
    assert "All clusters" not in texts


def test_ids_are_unique() -> None:
    ids = [value for name, value in Reader(html.render(full())).attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 0
