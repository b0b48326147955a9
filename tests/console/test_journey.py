"""From the sign-in link to records seen live, and back to nothing, as a person does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Orders
from tests.console.programs import Program, take_programs
from tests.console.visitor import Visitor, read_from
from tools.running_service import RunningService
from tools.utc_days import within_one_utc_day

AMOUNT = re.compile(r"^\d+\.\d+\sUSD$")
LARGE_VALUE = '"x" * 900_000'  # close to the largest record batch; some 17 millionths of a USD

pytestmark = pytest.mark.xdist_group("console")


class TestFirstUse:
    def test_from_the_link_to_the_last_record(
        self, visitor: Visitor, service: RunningService, tmp_path: Path
    ) -> None:
        page = visitor.page
        page.goto(service.ready.console_url)
        expect(page.get_by_role("heading", name="Clusters", exact=True)).to_be_visible()
        assert "token" not in page.url
        create_cluster(page, "greenhouse")
        create_topic(page, "greetings")
        programs = take_programs(page, tmp_path)
        page.get_by_role("tab", name="Topics").click()
        page.get_by_role("link", name="greetings").click()
        expect(page.get_by_text("What is produced from now on shows here.")).to_be_visible()
        run_until_seen(page, programs)
        topic = page.url
        within_one_utc_day(lambda: see_the_cost_move(page, programs["Python"]))
        page.goto(topic)
        produce_record(page)
        read_from_the_start(page)
        revoke_key(page)
        assert_refused(service, programs["Python"])
        delete_topic(page)
        pause_and_resume(page)
        rename(page, "glasshouse")
        delete_cluster(page, "glasshouse")
        bring_back(page, "glasshouse")
        fork(page, "glasshouse", "hothouse")


class TestSigningIn:
    def test_by_a_key_and_out_again(self, visitor: Visitor, service: RunningService) -> None:
        page = visitor.page
        visitor.open("/clusters/lkc_x")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_label(re.compile("^API key")).fill(service.ready.api_key)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Clusters", exact=True)).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    def test_a_session_that_ends_elsewhere_leads_to_the_form(
        self, visitor: Visitor, owner: httpx2.Client
    ) -> None:
        made = owner.post("/v1/api-keys", json={"name": "passing"}).json()
        visitor.sign_in(made["secret"])
        visitor.open("/")
        expect(visitor.page.get_by_role("heading", name="Clusters", exact=True)).to_be_visible()
        assert owner.delete(f"/v1/api-keys/{made['id']}").is_success
        expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()
        visitor.forgive("401")

    def test_a_key_of_one_cluster_sees_that_cluster_alone(
        self, visitor: Visitor, orders: Orders, owner: httpx2.Client
    ) -> None:
        body = {"name": "one cluster", "cluster_id": orders.cluster_id}
        visitor.sign_in(owner.post("/v1/api-keys", json=body).json()["secret"])
        visitor.live_at(orders.halfway_at)
        page = visitor.page
        visitor.open("/")
        expect(page.get_by_role("link", name="orders")).to_be_visible()
        expect(page.get_by_role("link", name="Create cluster")).to_have_count(0)
        expect(page.get_by_role("link", name="API keys")).to_have_count(0)
        expect(page.get_by_role("link", name="Costs")).to_have_count(0)
        page.get_by_role("link", name="orders").click()
        page.get_by_role("tab", name="Usage").click()
        expect(page.get_by_role("table", name="By topic").get_by_text("shipments")).to_be_visible()
        expect(page.get_by_text("Cost today so far")).to_have_count(0)


@pytest.mark.usefixtures("orders")
class TestProblems:
    def test_a_name_that_is_taken_is_told_with_code_and_advice(
        self, visitor: Visitor, service: RunningService
    ) -> None:
        visitor.sign_in(service.ready.api_key)
        visitor.open("/create-cluster")
        page = visitor.page
        page.get_by_label("Cluster name").fill("orders")
        page.get_by_role("button", name="Create cluster").click()
        expect(page.get_by_role("alert")).to_contain_text("cluster_name_taken")
        visitor.forgive("409")


class TestPrice:
    def test_it_changes_as_one_chooses_and_is_that_of_the_api(
        self, visitor: Visitor, owner: httpx2.Client, service: RunningService
    ) -> None:
        visitor.sign_in(service.ready.api_key)
        visitor.open("/create-cluster")
        page = visitor.page
        price = page.get_by_label("Price per day")
        use = {"gb_in_per_day": "1", "gb_out_per_day": "2", "gb_stored": "10", "partitions": 30}
        expect(price).to_have_text(price_text(owner, "dev", use))
        page.get_by_label("GB in, per day").fill("3.25")
        use |= {"gb_in_per_day": "3.25"}
        expect(price).to_have_text(price_text(owner, "dev", use))
        page.get_by_role("radio", name="Plan dev").focus()
        page.keyboard.press("ArrowDown")
        expect(price).to_have_text(price_text(owner, "standard", use))
        expect(page.get_by_role("radio", name="Plan standard")).to_be_checked()

    def test_there_is_none_while_a_figure_is_missing(
        self, visitor: Visitor, service: RunningService
    ) -> None:
        visitor.sign_in(service.ready.api_key)
        visitor.open("/create-cluster")
        page = visitor.page
        expect(page.get_by_label("Price per day")).to_contain_text("a day")
        page.get_by_label("GB kept").fill("")
        expect(page.get_by_label("Price per day")).to_have_text("\N{EN DASH}")
        expect(page.get_by_text("Fill in the expected use")).to_be_visible()
        page.get_by_label("GB kept").fill("0")
        expect(page.get_by_label("Price per day")).to_contain_text("a day")


class TestCosts:
    def test_days_are_turned_and_figures_opened_by_keys(
        self, visitor: Visitor, spender_key: str
    ) -> None:
        visitor.sign_in(spender_key)
        within_one_utc_day(lambda: self.turn_days_and_open_figures(visitor))

    def turn_days_and_open_figures(self, visitor: Visitor) -> None:
        visitor.open("/costs?day=2026-11-31")
        page = visitor.page
        expect(page.get_by_role("region", name="Today so far")).to_be_visible()
        turn(page, "The day before", 2)  # yesterday is not whole until its last windows are counted
        expect(page.get_by_text("the whole UTC day")).to_be_visible()
        assert "day=" in page.url
        turn(page, "The day after", 2)
        expect(page.get_by_role("region", name="Today so far")).to_be_visible()
        page.get_by_text("Show the figures").first.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("table", name="Costs, By the hour")).to_be_visible()

    def test_the_report_of_the_day_is_one_press_away(
        self, visitor: Visitor, spender_key: str
    ) -> None:
        visitor.sign_in(spender_key)
        visitor.open("/costs")
        with visitor.context.expect_page() as opened:
            visitor.page.get_by_role("link", name="Daily report as page").click()
        expect(opened.value.get_by_role("heading", name="Water Street Mill")).to_be_visible()
        with visitor.page.expect_download() as download:
            visitor.page.get_by_role("link", name="Daily report as CSV").click()
        assert download.value.suggested_filename.endswith(".csv")


class TestTopicSettings:
    def test_a_setting_is_changed_and_put_back_and_partitions_are_added(
        self, visitor: Visitor, orders: Orders, owner: httpx2.Client, service: RunningService
    ) -> None:
        path = f"/v1/clusters/{orders.cluster_id}/topics"
        owner.post(path, json={"name": "changing", "partitions": 1}).raise_for_status()

        def told() -> dict[str, Any]:
            return owner.get(f"{path}/changing").raise_for_status().json()

        visitor.sign_in(service.ready.api_key)
        visitor.open(f"/clusters/{orders.cluster_id}/topics/changing")
        page = visitor.page
        page.get_by_role("tab", name="Settings").click()
        window = page.get_by_role("dialog")
        page.get_by_role("button", name="Change retention.ms").click()
        field = window.get_by_label("retention.ms", exact=True)
        field.fill("-2")
        expect(window.get_by_text("topic_config_invalid")).to_be_visible()
        expect(window.get_by_role("button", name="Change", exact=True)).to_be_disabled()
        visitor.forgive("422")
        assert told()["configs"]["retention.ms"]["is_default"]
        field.fill("3600000")
        expect(window.get_by_role("button", name="Change", exact=True)).to_be_enabled()
        page.keyboard.press("Enter")
        expect(page.get_by_role("row", name="retention.ms 3600000")).to_contain_text("chosen")
        assert told()["configs"]["retention.ms"]["value"] == "3600000"

        page.get_by_role("button", name="Change retention.ms").click()
        window.get_by_role("button", name="Back to default").click()
        expect(page.get_by_role("row", name="retention.ms 604800000")).to_contain_text("default")
        page.get_by_role("button", name="Change message.timestamp.type").click()
        window.get_by_role("combobox").click()
        page.get_by_role("option", name="LogAppendTime").click()
        window.get_by_role("button", name="Change", exact=True).click()
        expect(page.get_by_role("row", name="message.timestamp.type LogAppendTime")).to_be_visible()
        expect(page.get_by_role("button", name="Change preallocate")).to_have_count(0)

        page.get_by_role("button", name="Add partitions").click()
        window.get_by_label("Partitions").fill("4")
        window.get_by_role("button", name="Add partitions").click()
        expect(page.get_by_text("4 partitions", exact=True)).to_be_visible()
        assert told()["partitions"] == 4


class TestReading:
    def test_many_records_are_read_in_portions(
        self, visitor: Visitor, orders: Orders, owner: httpx2.Client, service: RunningService
    ) -> None:
        topic = f"/v1/clusters/{orders.cluster_id}/topics"
        owner.post(topic, json={"name": "many", "partitions": 1})
        records = "".join(
            f'{{"value":{{"type":"STRING","data":"{"x" * 700} {number}"}}}}'
            for number in range(400)
        )
        owner.post(
            f"/kafka/v3/clusters/{orders.cluster_id}/topics/many/records",
            content=records,
            headers={"Content-Type": "application/json"},
        ).raise_for_status()
        visitor.sign_in(service.ready.api_key)
        visitor.open(f"/clusters/{orders.cluster_id}/topics/many")
        page = visitor.page
        read_from(page, "Start")
        expect(page.get_by_text("More is there.")).to_be_visible()
        expect(page.get_by_role("button", name="@399")).to_have_count(0)
        page.get_by_role("button", name="Read on").click()
        expect(page.get_by_role("button", name="@399")).to_have_count(1)

    def test_a_time_is_chosen_and_stays_in_the_address(
        self, visitor: Visitor, orders: Orders, owner: httpx2.Client, service: RunningService
    ) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        produce_at(owner, orders.cluster_id, "timed", {"old": now - timedelta(days=3), "new": now})
        visitor.sign_in(service.ready.api_key)
        visitor.open(f"/clusters/{orders.cluster_id}/topics/timed")
        page = visitor.page
        new, old = (page.get_by_role("button", name=name) for name in ("new", "old"))
        page.get_by_role("radio", name="Live").focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        expect(page.get_by_role("radio", name="Time")).to_be_checked()
        expect(new).to_be_visible()
        expect(old).to_have_count(0)
        since = page.get_by_label(re.compile("^Written since"))
        since.fill((now - timedelta(days=4)).strftime("%Y-%m-%dT%H:%M:%S"))
        expect(old).to_be_visible()
        expect(page).to_have_url(re.compile("from=time.*since="))
        written = since.input_value()
        page.reload()
        expect(old).to_be_visible()
        expect(since).to_have_value(written)
        since.fill("")
        expect(page.get_by_text("A date and a time, please")).to_be_visible()

    def test_an_address_leads_to_an_offset(
        self, visitor: Visitor, orders: Orders, service: RunningService
    ) -> None:
        visitor.sign_in(service.ready.api_key)
        quiet = f"/clusters/{orders.cluster_id}/topics/{orders.empty_topic}"
        visitor.open(f"{quiet}?from=offset&partition=1&offset=5")
        page = visitor.page
        expect(page.get_by_text("offset 5 is outside of 0 to 0")).to_be_visible()
        visitor.forgive("422")
        visitor.open(f"{quiet}?from=nowhere&partition=99")
        expect(page.get_by_role("radio", name="Live")).to_be_checked()
        expect(page.get_by_text("What is produced from now on shows here.")).to_be_visible()

    def test_a_page_is_used_by_keys_alone(
        self, visitor: Visitor, orders: Orders, service: RunningService
    ) -> None:
        visitor.sign_in(service.ready.api_key)
        visitor.open(f"/clusters/{orders.cluster_id}/topics/{orders.topic}")
        page = visitor.page
        page.get_by_role("radio", name="Live").focus()
        page.keyboard.press("ArrowRight")
        line = page.get_by_role("button", name="order-1002")
        line.focus()
        page.keyboard.press("Enter")
        expect(line).to_have_attribute("aria-expanded", "true")
        page.get_by_role("button", name="Produce a record").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def produce_at(
    owner: httpx2.Client, cluster_id: str, topic: str, times: Mapping[str, datetime]
) -> None:
    """Make a topic of one partition, with a record of each name at its time."""
    path = f"/v1/clusters/{cluster_id}/topics"
    owner.post(path, json={"name": topic, "partitions": 1}).raise_for_status()
    for name, at in times.items():
        record = {
            "key": {"type": "STRING", "data": name},
            "timestamp": int(at.timestamp() * 1000),
        }
        owner.post(
            f"/kafka/v3/clusters/{cluster_id}/topics/{topic}/records", json=record
        ).raise_for_status()


def price_text(owner: httpx2.Client, plan: str, use: dict[str, str | int]) -> re.Pattern[str]:
    """What the API asks for a day of that use, as the page writes it."""
    preview = owner.post("/v1/billing/price-previews", json={"plan": plan, **use}).json()
    amount = preview["per_day"].rstrip("0")
    whole, _, places = amount.partition(".")
    return re.compile(rf"^{whole}\.{places:0<2}\sUSD a day$")


def create_cluster(page: Page, name: str) -> None:
    page.get_by_role("link", name="Create cluster").first.click()
    page.get_by_label("Cluster name").fill(name)
    page.get_by_role("button", name="Create cluster").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text("running")).to_be_visible()


def create_topic(page: Page, name: str) -> None:
    page.get_by_role("tab", name="Topics").click()
    page.get_by_role("button", name="Create topic").click()
    page.get_by_label("Topic name").fill(name)
    page.get_by_label("Partitions").fill("2")
    page.get_by_role("combobox", name="Keep records for").click()
    page.get_by_role("option", name="1 hour").click()
    page.get_by_role("dialog").get_by_role("button", name="Create topic").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    page.get_by_role("tab", name="Settings").click()
    expect(page.get_by_role("row", name="retention.ms 3600000")).to_be_visible()
    page.get_by_role("link", name="greenhouse").click()


def assert_refused(service: RunningService, program: Program) -> None:
    """The key that the program carries is good for nothing any more."""
    (secret,) = re.findall(r"hrs_\w[\w-]*", program.file.read_text("utf-8"))
    with service.http(secret) as client:
        assert client.get("/v1/whoami").status_code == 401


def run_until_seen(page: Page, programs: Mapping[str, Program]) -> None:
    assert "written to partition" in programs["Python"].run()
    expect(page.get_by_role("button", name="hello from Python")).to_be_visible()
    for label in ("kcat", "curl"):
        programs[label].run()
        expect(page.get_by_role("button", name=f"hello from {label}")).to_be_visible()


def see_the_cost_move(page: Page, program: Program) -> None:
    """Produce enough to be charged for, and watch usage, the cluster's cost and all costs."""
    page.get_by_role("link", name="Clusters", exact=True).first.click()
    page.get_by_role("link", name="greenhouse").click()
    page.get_by_role("tab", name="Usage").click()
    cost = page.get_by_role("region", name="Cost today so far").get_by_text(AMOUNT).first
    before = cost.inner_text()
    shown = program.file.read_text("utf-8")
    large = program.file.with_name("large.py")
    large.write_text(shown.replace('"hello from Python"', LARGE_VALUE), "utf-8")
    Program(program.label, large).run()
    expect(cost).not_to_have_text(before)
    by_key = page.get_by_role("table", name="By key")
    expect(by_key.get_by_text("greenhouse program")).to_be_visible()
    expect(page.get_by_role("region", name="Data in")).to_contain_text("KiB")
    page.get_by_role("link", name="Costs", exact=True).click()
    row = page.get_by_role("table", name="Costs by cluster").get_by_role("row", name="greenhouse")
    expect(row).to_have_text(re.compile(r"0\.0000[1-9]"))


def turn(page: Page, button: str, times: int) -> None:
    page.get_by_role("button", name=button).focus()
    for _ in range(times):
        before = page.url
        page.keyboard.press("Enter")
        expect(page).not_to_have_url(before)


def produce_record(page: Page) -> None:
    page.get_by_role("button", name="Produce a record").click()
    window = page.get_by_role("dialog")
    window.get_by_label("Key").fill("pot-7")
    window.get_by_text("JSON").click()
    window.get_by_label("Value", exact=True).fill('{"moisture": 0.31}')
    window.get_by_role("button", name="Add a header").click()
    window.get_by_label("Name of header 1").fill("sensor")
    window.get_by_label("Value of header 1").fill("b-12")
    window.get_by_role("button", name="Produce", exact=True).click()
    expect(window.get_by_text("It is written")).to_be_visible()
    window.get_by_role("button", name="Close").last.click()
    line = page.get_by_role("button", name="pot-7")
    expect(line).to_be_visible()
    line.click()
    expect(page.get_by_role("row", name="sensor b-12")).to_be_visible()
    expect(page.get_by_role("region", name="value")).to_have_text('{\n  "moisture": 0.31\n}')


def read_from_the_start(page: Page) -> None:
    read_from(page, "Start")
    expect(page.get_by_role("button", name="hello from Python")).to_be_visible()
    page.get_by_role("combobox", name="Show as").click()
    page.get_by_role("option", name="Base64").click()
    expect(page.get_by_role("button", name="aGVsbG8gZnJvbSBQeXRob24=")).to_be_visible()


def revoke_key(page: Page) -> None:
    page.get_by_role("link", name="API keys").click()
    page.get_by_role("button", name="Revoke greenhouse program").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Revoke greenhouse program")).to_have_count(0)
    page.get_by_role("switch", name="Show revoked and expired keys").click()
    row = page.get_by_role("row").filter(has_text="greenhouse program")
    expect(row).to_contain_text("revoked")


def delete_topic(page: Page) -> None:
    page.get_by_role("link", name="Clusters", exact=True).click()
    page.get_by_role("link", name="greenhouse").click()
    page.get_by_role("tab", name="Topics").click()
    page.get_by_role("link", name="greetings").click()
    page.get_by_role("tab", name="Settings").click()
    page.get_by_role("button", name="Delete topic").click()
    confirm(page, "greetings", "Delete topic")
    expect(page.get_by_text("No topics yet")).to_be_visible()


def pause_and_resume(page: Page) -> None:
    page.get_by_role("tab", name="Settings").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused since")).to_be_visible()
    expect(page.get_by_role("button", name="Restart")).to_be_disabled()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_enabled()


def fork(page: Page, name: str, fork_name: str) -> None:
    page.get_by_role("link", name=name).click()
    page.get_by_role("tab", name="Settings").click()
    page.get_by_label("Name of the fork").fill(fork_name)
    expect(page.get_by_text("with both clusters instead of")).to_be_visible()
    page.get_by_role("button", name="Fork cluster").click()
    expect(page.get_by_role("heading", name=fork_name)).to_be_visible()


def rename(page: Page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("textbox", name="Labels").fill("team=garden")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_role("button", name="Save changes")).to_be_disabled()


def delete_cluster(page: Page, name: str) -> None:
    page.get_by_role("tab", name="Settings").click()
    page.get_by_role("button", name="Delete cluster").click()
    confirm(page, name, "Delete cluster")
    expect(page.get_by_role("heading", name="Clusters", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def bring_back(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Bring {name} back").click()
    expect(page.get_by_role("link", name=name)).to_be_visible()
    expect(page.get_by_role("button", name=f"Bring {name} back")).to_have_count(0)


def confirm(page: Page, name: str, action: str) -> None:
    window = page.get_by_role("dialog")
    button = window.get_by_role("button", name=action)
    window.get_by_label(f"Type {name} to confirm").fill(name[:-1])
    expect(button).to_be_disabled()
    window.get_by_label(f"Type {name} to confirm").fill(name)
    button.click()
