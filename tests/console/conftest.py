"""A browser, and a service of its own for it to visit."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.console.spending import spend
from tests.console.visitor import HEIGHTS, Visitor
from tools.running_service import RunningService, start_service

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS_MAX = 20_000
RECORDS = 12
# Usage and cost are seen to move while a test looks.
QUICK_USAGE = {"HEADRACE_USAGE_WINDOW_SECONDS": "2", "HEADRACE_USAGE_COLLECT_SECONDS": "1"}


@dataclass(frozen=True)
class Orders:
    """A cluster with topics and records in it, made by the API.

    Of its records some were written before `halfway_at`, the others after: whenever midnight
    comes, the UTC day of that moment has some.
    """

    cluster_id: str
    topic: str
    empty_topic: str
    halfway_at: datetime


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningService]:
    """`headrace up`, for the console alone: its pictures show nothing of other tests."""
    directory = tmp_path_factory.mktemp("console-service")
    with start_service(directory, variables=QUICK_USAGE) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    """Debian's Chromium; nothing is downloaded."""
    program = shutil.which("chromium")
    assert program is not None, "chromium is not on PATH: run `make setup-tests`"
    expect.set_options(timeout=WAIT_MS_MAX)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        yield launched
        launched.close()


@pytest.fixture
def new_visitor(
    browser: Browser, service: RunningService, record_property: Callable[[str, object], None]
) -> Generator[Callable[[], Visitor]]:
    """Makes visitors; each must have left without a complaint of the browser."""
    made: list[Visitor] = []

    def make() -> Visitor:
        context = browser.new_context(
            viewport={"width": 1024, "height": HEIGHTS[1024]}, reduced_motion="reduce"
        )
        context.set_default_timeout(WAIT_MS_MAX)
        made.append(Visitor.arrive(context, service.ready.api_url))
        return made[-1]

    yield make
    for visitor in made:
        visitor.context.close()
    complaints = [complaint for visitor in made for complaint in visitor.complaints]
    record_property("complaints", len(complaints))
    assert complaints == []


@pytest.fixture
def visitor(new_visitor: Callable[[], Visitor]) -> Visitor:
    return new_visitor()


@pytest.fixture(scope="session")
def owner(service: RunningService) -> Generator[httpx2.Client]:
    """The owner's HTTP client."""
    with service.http() as client:
        yield client


@pytest.fixture(scope="session")
def newcomer_key(service: RunningService) -> str:
    """The first key of an organization that has nothing yet."""
    with service.http(service.ready.operator_api_key) as operator:
        made = operator.post("/v1/installation/organizations", json={"name": "Tide Mill"})
    return _made(made)["api_key"]


@pytest.fixture(scope="session")
def spender_key(service: RunningService) -> str:
    """A key of an organization that has spent this month."""
    return spend(service, "Water Street Mill")


@pytest.fixture(scope="session")
def orders(owner: httpx2.Client) -> Orders:
    """A cluster as one looks at pictures of it: topics, a few keys, and records of every kind."""
    cluster = _made(owner.post("/v1/clusters", json={"name": "orders", "plan": "dev"}))
    topics = f"/v1/clusters/{cluster['id']}/topics"
    for name, partitions in (("payments", 6), ("shipments", 3), ("quiet", 2)):
        _made(owner.post(topics, json={"name": name, "partitions": partitions}))
    body = {"name": "shipping service", "cluster_id": cluster["id"]}
    _made(owner.post("/v1/api-keys", json=body))
    _made(owner.post("/v1/webhooks", json={"url": "http://127.0.0.9:9/hook"}))
    retired = _made(owner.post("/v1/api-keys", json=body | {"name": "old importer"}))
    assert owner.delete(f"/v1/api-keys/{retired['id']}").is_success
    for number in range(RECORDS // 2):
        _produce(owner, cluster["id"], "shipments", number)
    halfway_at = datetime.now(UTC)
    for number in range(RECORDS // 2, RECORDS):
        _produce(owner, cluster["id"], "shipments", number)
    for group, to in (("billing", "earliest"), ("audit/log", "latest")):
        body = {"to": to, "topics": [{"topic": "shipments"}]}
        path = f"/v1/clusters/{cluster['id']}/groups/{quote(group, safe='')}:reset"
        answer = owner.post(path, json=body)
        assert answer.status_code == 200, answer.text
    rule = {"resource_type": "topic", "resource_name": "audit-trail", "operation": "read"}
    place = f"/v1/clusters/{cluster['id']}"
    _made(owner.post(f"{place}/access-rules", json=rule | {"principal": "User:auditor"}))
    _made(owner.post(f"{place}/scram-users", json={"name": "auditor"}))
    quota = {
        "entity": [{"type": "user", "name": "auditor"}],
        "rates": {"consumer_byte_rate": 1_048_576},
    }
    assert owner.patch(f"{place}/quotas", json=quota).is_success
    return Orders(cluster["id"], "shipments", "quiet", halfway_at)


def _produce(owner: httpx2.Client, cluster_id: str, topic: str, number: int) -> None:
    value: dict[str, Any] = {
        "type": "JSON",
        "data": {"order": 1000 + number, "city": "Zürich", "weight_g": 1250 * number, "items": [1]},
    }
    if number % 4 == 3:
        value = {"type": "BINARY", "data": "AAECA/7/"}
    record = {
        "key": {"type": "STRING", "data": f"order-{1000 + number}"},
        "value": value,
        "headers": [{"name": "trace-id", "value": "NGJmOTJmMzU3N2IzNGRh"}],
    }
    answer = owner.post(f"/kafka/v3/clusters/{cluster_id}/topics/{topic}/records", json=record)
    assert answer.status_code == 200, answer.text


def _made(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    return answer.json()
