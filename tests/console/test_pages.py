"""Every page, in light and dark and at three widths: pictures, overflow, overlap, accessibility."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Orders
from tests.console.sheets import write_sheets
from tests.console.visitor import HEIGHTS, WIDTHS, Visitor, read_from
from tools.paths import BUILD
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("console")

SCREENS = BUILD / "console-screens"
SCHEMES = ("light", "dark")


@dataclass(frozen=True)
class Scene:
    """A page and what to do on it until it shows what the picture is of.

    `is_of_orders_day` stops the browser's clock on the day on which the records were written, for
    pages that ask for what the browser takes for today.
    """

    path: str
    prepare: Callable[[Page], None]
    who: str = "owner"
    is_of_orders_day: bool = False


def shows(text: str) -> Callable[[Page], None]:
    """Wait for a text."""

    def prepare(page: Page) -> None:
        expect(page.get_by_text(text).first).to_be_visible()

    return prepare


def opens(button: str, then: str) -> Callable[[Page], None]:
    """Press a button and wait for a heading of a window."""

    def prepare(page: Page) -> None:
        page.get_by_role("button", name=button, exact=True).first.click()
        expect(page.get_by_role("dialog", name=then)).to_be_visible()

    return prepare


def refused_key(page: Page) -> None:
    page.get_by_label(re.compile("^API key")).fill("hrs_nothing")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("credentials_invalid")).to_be_visible()


def link_is_over(page: Page) -> None:
    page.get_by_label(re.compile("^New password")).fill("four unrelated mill words")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_text("mailed_link_invalid")).to_be_visible()


def new_key(page: Page) -> None:
    opens("Create API key", "Create an API key")(page)
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("The secret is shown this once")).to_be_visible()


def old_records(page: Page) -> None:
    read_from(page, "Start")
    page.get_by_role("button", name="order-1002").click()
    expect(page.get_by_text("trace-id")).to_be_visible()


def quiet_offset(page: Page) -> None:
    read_from(page, "Offset")
    page.get_by_role("textbox", name="Offset").fill("77")
    expect(page.get_by_text("offset_out_of_range")).to_be_visible()


def records_since(page: Page) -> None:
    read_from(page, "Time")
    expect(page.get_by_label(re.compile("^Written since"))).to_have_value(re.compile("^20"))
    page.get_by_role("button", name="order-1002").click()
    expect(page.get_by_text("trace-id")).to_be_visible()


def records_of_the_future(page: Page) -> None:
    read_from(page, "Time")
    page.get_by_label(re.compile("^Written since")).fill("2999-01-01T00:00:00")
    expect(page.get_by_text("read_since_future")).to_be_visible()


def topic_settings(page: Page) -> None:
    page.get_by_role("tab", name="Settings").click()
    expect(page.get_by_text("retention.ms", exact=True)).to_be_visible()


def change_setting(page: Page) -> None:
    topic_settings(page)
    page.get_by_role("button", name="Change retention.ms").click()
    page.get_by_role("dialog").get_by_label("retention.ms", exact=True).fill("3600000")
    expect(page.get_by_text("That is 1 hour.")).to_be_visible()
    expect(page.get_by_role("button", name="Change", exact=True)).to_be_enabled()


def refused_setting(page: Page) -> None:
    topic_settings(page)
    page.get_by_role("button", name="Change segment.bytes").click()
    page.get_by_role("dialog").get_by_label("segment.bytes", exact=True).fill("7")
    expect(page.get_by_text("topic_config_invalid")).to_be_visible()
    expect(page.get_by_role("button", name="Change", exact=True)).to_be_disabled()


def add_partitions(page: Page) -> None:
    topic_settings(page)
    opens("Add partitions", "Add partitions")(page)
    button = page.get_by_role("dialog").get_by_role("button", name="Add partitions")
    expect(button).to_be_enabled()


def delete_topic(page: Page) -> None:
    topic_settings(page)
    opens("Delete topic", "Delete this topic?")(page)


def webhook_that_fails(page: Page) -> None:
    page.get_by_role("link", name="http://127.0.0.9:9/hook").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("connect_failed").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Show webhook.test")).first.click()
    expect(page.get_by_role("button", name="Send it again")).to_be_visible()
    expect(page.get_by_text("The test failed: connect_failed.")).to_be_hidden()


def record_form(page: Page) -> None:
    opens("Produce a record", "Produce a record")(page)
    page.get_by_role("button", name="Add a header").click()


def days_before(page: Page) -> None:
    for _ in range(2):  # yesterday is not whole until its last windows are counted
        before = page.url
        page.get_by_role("button", name="The day before").click()
        expect(page).not_to_have_url(before)
    expect(page.get_by_text("the whole UTC day")).to_be_visible()


def cost_figures(page: Page) -> None:
    page.get_by_text("Show the figures").first.click()
    expect(page.get_by_role("cell", name="23:00\N{EN DASH}24:00 UTC")).to_be_visible()


def usage(page: Page) -> None:
    expect(page.get_by_role("table", name="By topic").get_by_text("shipments")).to_be_visible()
    expect(page.get_by_role("table", name="By key").get_by_text("first key")).to_be_visible()
    page.get_by_text("Show the figures").first.click()


def metrics(page: Page) -> None:
    expect(page.get_by_text(re.compile("^Read at"))).to_be_visible()
    expect(page.get_by_role("img", name="Chart: Throughput")).to_be_visible()


def usage_of_a_month(page: Page) -> None:
    page.get_by_text("30 days", exact=True).click()
    expect(page.get_by_role("table", name="By topic").get_by_text("shipments")).to_be_visible()


def busy_use(page: Page) -> None:
    page.get_by_text("A busy one", exact=True).click()
    expect(page.get_by_text("daily cap reached").first).to_be_visible()


def move_offsets(page: Page) -> None:
    opens("Move offsets", "Move offsets")(page)
    page.get_by_role("radiogroup", name="Where to read on from").get_by_text("Shift").click()
    page.get_by_role("textbox", name="Records").fill("3")
    expect(page.get_by_role("table", name="What changes")).to_be_visible()


def new_user(page: Page) -> None:
    opens("Add a user", "Add a SCRAM user")(page)
    page.get_by_label(re.compile("^User name")).fill("importer")
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_text("The password is shown this once")).to_be_visible()


SCENES = {
    "sign-in": Scene("/sign-in", shows("API key"), who="nobody"),
    "sign-in-link-over": Scene("/sign-in?token=hrc_over", shows("That link is over"), who="nobody"),
    "sign-in-refused": Scene("/sign-in", refused_key, who="nobody"),
    "sign-up": Scene("/sign-up", shows("What your clusters will belong to"), who="nobody"),
    "confirm": Scene("/confirm?token=hrc_m_over", shows("The password you chose"), who="nobody"),
    "set-password": Scene("/set-password?token=hrc_m_over", link_is_over, who="nobody"),
    "clusters-none": Scene("/", shows("No clusters yet"), who="newcomer"),
    "clusters": Scene("/", shows("orders")),
    "costs-none": Scene("/costs", shows("No cluster has cost anything"), who="newcomer"),
    "clusters-spending": Scene("/", shows("today so far"), who="spender"),
    "costs": Scene("/costs", shows("old-importer"), who="spender"),
    "costs-figures": Scene("/costs", cost_figures, who="spender"),
    "costs-days-before": Scene("/costs", days_before, who="spender"),
    "create-cluster": Scene("/create-cluster", shows("in 30 days")),
    "create-cluster-capped": Scene("/create-cluster", busy_use),
    "cluster": Scene("/clusters/{cluster}", shows("confluent_kafka")),
    "cluster-key": Scene("/clusters/{cluster}", new_key),
    "cluster-settings": Scene("/clusters/{cluster}/settings", shows("It stops at once")),
    "cluster-delete": Scene(
        "/clusters/{cluster}/settings", opens("Delete cluster", "Delete this cluster?")
    ),
    "cluster-unknown": Scene("/clusters/lkc_nothing", shows("cluster_not_found")),
    "usage": Scene("/clusters/{cluster}/usage", usage, is_of_orders_day=True),
    "usage-month": Scene("/clusters/{cluster}/usage", usage_of_a_month, is_of_orders_day=True),
    "metrics": Scene("/clusters/{cluster}/metrics", metrics),
    "topics": Scene("/clusters/{cluster}/topics", shows("payments")),
    "topic-create": Scene("/clusters/{cluster}/topics", opens("Create topic", "Create a topic")),
    "messages": Scene("/clusters/{cluster}/topics/{topic}", old_records),
    "messages-none": Scene("/clusters/{cluster}/topics/{quiet}", shows("What is produced")),
    "messages-refused": Scene("/clusters/{cluster}/topics/{quiet}", quiet_offset),
    "messages-since": Scene("/clusters/{cluster}/topics/{topic}", records_since),
    "messages-future": Scene("/clusters/{cluster}/topics/{topic}", records_of_the_future),
    "produce": Scene("/clusters/{cluster}/topics/{topic}", record_form),
    "topic-settings": Scene("/clusters/{cluster}/topics/{topic}", topic_settings),
    "topic-setting": Scene("/clusters/{cluster}/topics/{topic}", change_setting),
    "topic-setting-refused": Scene("/clusters/{cluster}/topics/{topic}", refused_setting),
    "topic-partitions": Scene("/clusters/{cluster}/topics/{topic}", add_partitions),
    "topic-delete": Scene("/clusters/{cluster}/topics/{topic}", delete_topic),
    "groups": Scene("/clusters/{cluster}/groups", shows("audit/log")),
    "group": Scene("/clusters/{cluster}/groups/billing", shows("shipments-2")),
    "group-reset": Scene("/clusters/{cluster}/groups/audit%2Flog", move_offsets),
    "access": Scene("/clusters/{cluster}/access", shows("user auditor")),
    "access-rule": Scene("/clusters/{cluster}/access", opens("Add a rule", "Add an access rule")),
    "access-user": Scene("/clusters/{cluster}/access", new_user),
    "api-keys": Scene("/api-keys", shows("shipping service")),
    "api-key-create": Scene("/api-keys", opens("Create API key", "Create an API key")),
    "api-key-revoke": Scene("/api-keys", opens("Revoke shipping service", "Revoke this key?")),
    "api-key-rotate": Scene(
        "/api-keys", opens("Rotate shipping service", "Give this key another secret?")
    ),
    "webhooks": Scene("/webhooks", opens("Create webhook", "Create a webhook")),
    "webhook": Scene("/webhooks", webhook_that_fails),
    "profile-of-key": Scene("/profile", shows("this one"), who="newcomer"),
    "not-found": Scene("/nowhere", shows("Nothing here")),
}
REFUSALS = {
    "sign-in-refused": "401",
    "set-password": "401",
    "cluster-unknown": "404",
    "messages-refused": "422",
    "messages-future": "422",
    "topic-setting-refused": "422",
}


@pytest.fixture(scope="module", autouse=True)
def pictures(browser: Browser) -> Generator[None]:
    """The directory of pictures: emptied before, with contact sheets after."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    for old in (*SCREENS.glob("*.png"), *SCREENS.glob("*.html")):
        old.unlink()
    yield
    write_sheets(browser, SCREENS, SCHEMES)


@pytest.mark.parametrize("name", SCENES)
def test_page(
    name: str,
    new_visitor: Callable[[], Visitor],
    orders: Orders,
    service: RunningService,
    newcomer_key: str,
    spender_key: str,
    record_property: Callable[[str, object], None],
) -> None:
    scene = SCENES[name]
    visitor = new_visitor()
    keys = {"owner": service.ready.api_key, "newcomer": newcomer_key, "spender": spender_key}
    if scene.who in keys:
        visitor.sign_in(keys[scene.who])
    if scene.is_of_orders_day:
        visitor.live_at(orders.halfway_at)
    visitor.open(
        scene.path.format(cluster=orders.cluster_id, topic=orders.topic, quiet=orders.empty_topic)
    )
    scene.prepare(visitor.page)
    faults: dict[str, list[str]] = {"overflow": [], "overlap": [], "accessibility": []}
    for scheme in SCHEMES:
        visitor.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in WIDTHS:
            visitor.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            visitor.picture(SCREENS / f"{name}-{scheme}-{width}.png")
            place = f"{scheme} {width}"
            if (too_wide := visitor.overflow()) > 0:
                faults["overflow"].append(f"{place}: {too_wide} px")
            faults["overlap"] += [f"{place}: {found}" for found in visitor.overlaps()]
            found_by_axe = visitor.accessibility_violations()
            faults["accessibility"] += [f"{place}: {found}" for found in found_by_axe]
    record_property("pictures", len(SCHEMES) * len(WIDTHS))
    for kind, found in faults.items():
        record_property(kind, len(found))
    assert faults == {kind: [] for kind in faults}
    if name in REFUSALS:
        visitor.forgive(REFUSALS[name])
