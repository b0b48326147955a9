"""A person at a browser: what they see, and what the browser complains about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page

from tools.paths import ROOT

AXE_FILE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
OVERLAPS = (Path(__file__).parent / "overlaps.js").read_text("utf-8")
AXE_RUN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
WIDTHS = (390, 1024, 1920)
HEIGHT_MAX = 4000
HEIGHTS = {390: 844, 1024: 768, 1920: 1080}


def read_from(page: Page, where: str) -> None:
    """Choose where the messages of a topic are read from."""
    choice = page.get_by_role("radiogroup", name="Where to read from")
    choice.get_by_text(where, exact=True).click()


@dataclass
class Visitor:
    """One browser profile with one page."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list[str])
    _forgiven: list[str] = field(default_factory=list[str])

    @classmethod
    def arrive(cls, context: BrowserContext, url: str) -> Visitor:
        """Open an empty page whose complaints are noted from the start."""
        visitor = cls(context, context.new_page(), url)
        visitor.page.on("console", visitor._on_console)
        visitor.page.on("pageerror", visitor._on_page_error)
        return visitor

    def sign_in(self, api_key: str) -> None:
        """Get a session without the form."""
        answer = self.context.request.post(f"{self.url}/console/session", data={"api_key": api_key})
        assert answer.ok, answer.text()

    def live_at(self, moment: datetime) -> None:
        """Stop the browser's clock at a moment; timers go on."""
        self.page.clock.set_fixed_time(moment)

    def open(self, path: str) -> None:
        """Load a page of the console."""
        self.page.goto(f"{self.url}/console{path}")

    def picture(self, file: Path) -> None:
        """Take a picture of the whole page, in a window that is as high as it."""
        window = self.page.viewport_size
        assert window is not None
        height: int = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": window["width"], "height": min(height, HEIGHT_MAX)})
        self.page.screenshot(path=file)
        self.page.set_viewport_size(window)

    def forgive(self, pattern: str) -> None:
        """Take back complaints that belong to what a test does; at least one must be there.

        Those that are still on their way are forgiven too: pages ask several things at once, and
        some ask again.
        """
        kept = [complaint for complaint in self.complaints if not re.search(pattern, complaint)]
        assert len(kept) < len(self.complaints), f"nothing like {pattern}: {self.complaints}"
        self.complaints[:] = kept
        self._forgiven.append(pattern)

    def accessibility_violations(self) -> list[str]:
        """What axe finds wrong with the page as it is now."""
        self.page.evaluate(AXE_FILE.read_text("utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate(AXE_RUN)
        return [
            f"{one['id']}: {node['html']}: {node['failureSummary']}"
            for one in found
            for node in one["nodes"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    def overlaps(self) -> list[str]:
        """Texts and controls that lie on each other, in the topmost window if one is open."""
        return self.page.evaluate(OVERLAPS)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"{message.type}: {message.text} ({message.location['url']})")

    def _on_page_error(self, error: Error) -> None:
        self._complain(f"uncaught: {error}")

    def _complain(self, complaint: str) -> None:
        if not any(re.search(pattern, complaint) for pattern in self._forgiven):
            self.complaints.append(complaint)
