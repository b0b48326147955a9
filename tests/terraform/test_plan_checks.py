"""What the service would refuse fails as a plan, before anything is changed."""

from __future__ import annotations

from collections.abc import Generator

import httpx2
import pytest

from tests.terraform.configurations import PROVIDER, cluster, topic
from tools.terraform_cli import Configuration

pytestmark = pytest.mark.xdist_group("terraform")


@pytest.fixture
def cluster_id(http: httpx2.Client) -> Generator[str]:
    """A cluster that another client made."""
    made = http.post("/v1/clusters", json={"name": "checked", "plan": "dev"}).json()
    yield made["id"]
    assert http.delete(f"/v1/clusters/{made['id']}").status_code == 204


def test_a_cluster_that_can_not_be_made(configuration: Configuration, http: httpx2.Client) -> None:
    for written, expected in (
        (cluster("refused", "platinum"), ("plan_unknown", "choose one of: dev", "plan = ")),
        (cluster("Not_A_Label"), ("request_invalid", "body.name", "name = ")),
    ):
        configuration.write(PROVIDER + written)
        said = configuration.plan(expect=1)
        assert all(part in said for part in expected), said
    names = [each["name"] for each in http.get("/v1/clusters").json()["items"]]
    assert "refused" not in names


def test_a_topic_that_can_not_be_made(
    configuration: Configuration, http: httpx2.Client, cluster_id: str
) -> None:
    quoted = f'"{cluster_id}"'
    for written, code in (
        (topic("flights", quoted, configs='{ "no.such.entry" = "1" }'), "topic_config_invalid"),
        (topic("no name", quoted), "topic_name_invalid"),
        (topic("flights", quoted, partitions="1001"), "partitions_limit_reached"),
        (topic("flights", quoted, replication_factor="3"), "topic_replication_factor_invalid"),
        (topic("flights", '"lkc_none"'), "cluster_not_found"),
    ):
        configuration.write(PROVIDER + written)
        assert code in configuration.plan(expect=1)
    assert http.get(f"/v1/clusters/{cluster_id}/topics").json()["items"] == []


def test_what_is_not_known_yet_is_not_asked_for(configuration: Configuration) -> None:
    written = cluster("later") + topic("flights", configs="{ (headrace_cluster.it.id) = null }")
    configuration.write(PROVIDER + written)
    assert "2 to add" in configuration.plan(expect=2)


def test_a_change_is_checked_when_it_is_planned_and_made_in_place(
    configuration: Configuration, http: httpx2.Client, cluster_id: str
) -> None:
    quoted = f'"{cluster_id}"'
    path = f"/v1/clusters/{cluster_id}/topics/flights"
    configuration.write(PROVIDER + topic("flights", quoted, partitions="3"))
    configuration.apply()
    first = http.get(path).json()

    configuration.write(PROVIDER + topic("flights", quoted, partitions="2"))
    fewer = configuration.plan(expect=1)
    assert "topic_partitions_decrease" in fewer
    assert "the topic has 3 partitions" in fewer

    configuration.write(PROVIDER + topic("flights", quoted, partitions="3", configs="{}"))
    assert "0 to add, 1 to change, 0 to destroy" in configuration.plan(expect=2)

    wrong = '{ "retention.ms" = "soon" }'
    configuration.write(PROVIDER + topic("flights", quoted, partitions="3", configs=wrong))
    assert "topic_config_invalid" in configuration.plan(expect=1)

    right = '{ "retention.ms" = "60000" }'
    configuration.write(PROVIDER + topic("flights", quoted, partitions="3", configs=right))
    assert "0 to add, 1 to change, 0 to destroy" in configuration.plan(expect=2)
    assert http.get(path).json() == first
    configuration.apply()
    second = http.get(path).json()
    assert second["configs"]["retention.ms"]["value"] == "60000"
    assert second["id"] == first["id"]
    configuration.plan(expect=0)

    configuration.write(PROVIDER + topic("flights", quoted, partitions="3"))
    configuration.apply()
    assert http.get(path).json() == first
    configuration.plan(expect=0)

    configuration.write(PROVIDER + topic("journeys", quoted, partitions="3"))
    replaced = configuration.plan(expect=2)
    assert "its records are deleted" in replaced
    assert "of this name already" not in replaced
    configuration.write(PROVIDER + topic("flights", quoted, partitions="3"))

    configuration.run("taint", "headrace_topic.it")
    assert "1 to add, 0 to change, 1 to destroy" in configuration.plan(expect=2)


def test_a_name_that_is_taken_is_told(
    configuration: Configuration, http: httpx2.Client, cluster_id: str
) -> None:
    made = http.post(f"/v1/clusters/{cluster_id}/topics", json={"name": "flights"})
    assert made.status_code == 201
    configuration.write(PROVIDER + cluster("checked") + topic("flights", f'"{cluster_id}"'))
    said = configuration.plan(expect=2)
    assert "There is a cluster of this name already" in said
    assert "There is a topic of this name already" in said
    assert "import" in said


def test_settings_that_are_wrong_are_named(configuration: Configuration) -> None:
    configuration.write(PROVIDER + cluster("nowhere"))
    for name, value, expected in (
        ("HEADRACE_URL", "", "HEADRACE_URL"),
        ("HEADRACE_API_KEY", "", "headrace api-key create"),
        ("HEADRACE_API_KEY", "hrs_wrong", "credentials_invalid"),
        ("HEADRACE_CA_FILE", "/no/such/file", "/no/such/file"),
    ):
        said = configuration.run("plan", "-input=false", expect=1, **{name: value}).stderr
        assert expected in said
