"""Every program that the console shows is run as it stands."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import expect

from tests.console.programs import FILES, Program, take_programs
from tests.console.visitor import Visitor
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("console")

WRITERS = [label for label in FILES if label != "Terraform"]
TOPIC = "hello-from-everywhere"


@pytest.fixture(scope="module")
def cluster_id(owner: httpx2.Client) -> str:
    made = owner.post("/v1/clusters", json={"name": "snippets", "plan": "dev"}).json()
    topics = f"/v1/clusters/{made['id']}/topics"
    assert owner.post(topics, json={"name": TOPIC, "partitions": 1}).is_success
    return made["id"]


@pytest.fixture(scope="module")
def kept() -> dict[str, Program]:
    """What was taken from the page by the first test that needs it."""
    return {}


@pytest.fixture
def programs(
    kept: dict[str, Program],
    new_visitor: Callable[[], Visitor],
    service: RunningService,
    cluster_id: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Program]:
    """The programs of the cluster's page, with a key that was made there."""
    if not kept:
        visitor = new_visitor()
        visitor.sign_in(service.ready.api_key)
        visitor.open(f"/clusters/{cluster_id}")
        expect(visitor.page.get_by_role("combobox", name="Topic")).to_have_value(TOPIC)
        kept.update(take_programs(visitor.page, tmp_path_factory.mktemp("programs")))
    return kept


@pytest.mark.parametrize("label", WRITERS)
def test_a_program_writes_its_record(
    label: str, programs: dict[str, Program], owner: httpx2.Client, cluster_id: str
) -> None:
    path = f"/v1/clusters/{cluster_id}/topics/{TOPIC}/partitions/0/records"
    start = owner.get(path, params={"offset": "latest"}).json()["next_offset"]
    programs[label].run()
    page = owner.get(path, params={"offset": start, "format": "text"}).json()
    assert [record["value"] for record in page["records"]] == [f"hello from {label}"]


def test_terraform_makes_its_topic(
    programs: dict[str, Program], owner: httpx2.Client, cluster_id: str
) -> None:
    said = programs["Terraform"].run()
    assert "1 added, 0 changed, 0 destroyed" in said
    made = owner.get(f"/v1/clusters/{cluster_id}/topics/from-terraform").json()
    assert made["partitions"] == 3
