"""Pictures of pages in Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

WINDOW_WIDTH = 1280
WINDOW_HEIGHT = 800
WAIT_MS_MAX = 20_000


class BrowserMissingError(Exception):
    """There is no Chromium to take pictures with."""


@dataclass(frozen=True)
class Photographer:
    """A browser that is signed in."""

    page: Page
    url: str

    def messages(self, cluster_id: str, topic: str, file: Path) -> None:
        """The messages of a topic from its start, one of them open."""
        self.page.goto(f"{self.url}/console/clusters/{cluster_id}/topics/{topic}")
        choice = self.page.get_by_role("radiogroup", name="Where to read from")
        choice.get_by_text("Start", exact=True).click()
        self.page.get_by_role("button", name="parcel-1004").click()
        expect(self.page.get_by_role("region", name="value")).to_be_visible()
        self.page.screenshot(path=file)

    def report(self, day: str, file: Path) -> None:
        """The daily cost report as its page."""
        self.page.goto(f"{self.url}/v1/billing/reports/daily?date={day}&format=html")
        expect(self.page.get_by_role("heading").first).to_be_visible()
        self.page.screenshot(path=file)


@contextmanager
def photographer(url: str, api_key: str) -> Generator[Photographer]:
    """Open a browser and sign in with a key. Raises BrowserMissingError."""
    program = shutil.which("chromium")
    if program is None:
        raise BrowserMissingError("chromium is not on PATH: run `make setup-tests`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": WINDOW_WIDTH, "height": WINDOW_HEIGHT}, reduced_motion="reduce"
        )
        context.set_default_timeout(WAIT_MS_MAX)
        answer = context.request.post(f"{url}/console/session", data={"api_key": api_key})
        assert answer.ok, answer.text()
        yield Photographer(context.new_page(), url)
        browser.close()
