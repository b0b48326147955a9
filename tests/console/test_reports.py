"""The daily report as a browser shows it: under its policy, at every width, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, expect

from billing.catalog.prices import GIB
from tests.console.visitor import HEIGHTS, WIDTHS, Visitor
from tests.fixtures.billing import message
from tests.fixtures.published_usage import publish_usage
from tests.fixtures.waiting import eventually
from tools.paths import BUILD
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("console")

SCREENS = BUILD / "console-screens"
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
PATH = "/v1/billing/reports/daily"
DAY = "2026-11-20"


@pytest.fixture(scope="module")
def payer_key(service: RunningService) -> str:
    """A key of an organization of two clusters, one of which was over its cap on that day."""
    with service.http(service.ready.operator_api_key) as operator:
        made = operator.post("/v1/installation/organizations", json={"name": "Lock & Weir"}).json()
    hours = [MIDNIGHT + timedelta(hours=hour) for hour in range(24)]
    publish_usage(
        service,
        *(
            message(
                made["id"],
                at,
                cluster_id=cluster_id,
                cluster_name=name,
                number=at.hour + 1,
                seconds=3600,
                bytes_in=scale * (1 + at.hour % 12) * GIB // 64,
                bytes_out=scale * (12 - at.hour % 7) * GIB // 32,
                stored_bytes=scale * at.hour * GIB,
                partitions=150,
            )
            for cluster_id, name, scale in (
                ("lkc_weirorders000001", "orders", 1),
                ("lkc_weirtelemetry001", "telemetry", 20),
            )
            for at in hours
        ),
    )
    with service.http(made["api_key"]) as http:

        def hours_charged() -> int:
            report = http.get(PATH, params={"date": DAY}).json()
            return sum(Decimal(hour["amount"]) > 0 for hour in report["hours"])

        eventually(lambda: hours_charged() == len(hours))
    return made["api_key"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_whole_legible_and_accessible(
    browser: Browser, service: RunningService, payer_key: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    try:
        visitor = Visitor.arrive(context, service.ready.api_url)
        visitor.sign_in(payer_key)
        visitor.page.goto(f"{visitor.url}{PATH}?date={DAY}")
        expect(visitor.page.get_by_role("heading", name="Lock & Weir")).to_be_visible()
        expect(visitor.page.get_by_role("img", name="Cost of each hour")).to_have_count(1)
        visitor.page.get_by_text("Hours in figures").click()
        expect(visitor.page.get_by_text("23:00\N{EN DASH}24:00")).to_be_visible()
        SCREENS.mkdir(parents=True, exist_ok=True)
        picture = SCREENS / f"report-{scheme}-{width}.png"
        visitor.page.screenshot(path=picture, full_page=True)
        assert visitor.overflow() <= 0
        assert visitor.accessibility_violations() == []
        assert visitor.complaints == []
    finally:
        context.close()


def test_a_browser_shows_pdf_and_keeps_csv(
    new_visitor: Callable[[], Visitor], payer_key: str
) -> None:
    visitor = new_visitor()
    visitor.sign_in(payer_key)
    for form, place in (("pdf", "inline"), ("csv", "attachment")):
        reply = visitor.context.request.get(f"{visitor.url}{PATH}?date={DAY}&format={form}")
        assert reply.ok
        assert reply.headers["content-disposition"].startswith(place)
