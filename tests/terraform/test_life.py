"""What is written is made, changed, found again and removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.terraform.configurations import PROVIDER, api_key, cluster, topic
from tests.terraform.conftest import MakeConfiguration
from tools.running_service import RunningService
from tools.terraform_cli import Configuration, mirror_config, override_config

pytestmark = pytest.mark.xdist_group("terraform")

CLUSTER, TOPIC, KEY = "headrace_cluster.it", "headrace_topic.it", "headrace_api_key.it"
WEEK = '{ "retention.ms" = "604800000" }'
EXPIRY = '"2090-01-01T01:00:00+01:00"'


@pytest.mark.parametrize("by", [override_config, mirror_config])
def test_a_whole_life(
    by: Callable[[Path], Path],
    tmp_path: Path,
    settings: dict[str, str],
    running_service: RunningService,
    http: httpx2.Client,
) -> None:
    cli_config = by(tmp_path)
    directory = tmp_path / "life"
    directory.mkdir()
    configuration = Configuration(directory, cli_config, settings)
    key = api_key("loader", expires_at=EXPIRY)
    made = PROVIDER + cluster("life") + topic("flights", partitions="3", configs=WEEK) + key
    configuration.write(made)
    if by is mirror_config:
        configuration.run("init", "-input=false")
    configuration.run("validate")
    assert "3 to add, 0 to change, 0 to destroy" in configuration.plan(expect=2)
    said = configuration.apply()
    values = configuration.values()
    assert values[CLUSTER]["status"] == "running"
    assert values[TOPIC]["partitions"] == 3
    assert values[KEY]["secret"].startswith("hrs_")
    assert values[KEY]["secret"] not in said
    configuration.plan(expect=0)

    cluster_id = values[CLUSTER]["id"]
    topics = f"/v1/clusters/{cluster_id}/topics"
    with running_service.http(values[KEY]["secret"]) as program:
        assert program.get(f"{topics}/flights").json()["partitions"] == 3

    grown = topic("flights", partitions="6", configs=WEEK)
    configuration.write(PROVIDER + cluster("life") + grown + key)
    assert "0 to add, 1 to change, 0 to destroy" in configuration.plan(expect=2)
    configuration.apply()
    now = http.get(f"{topics}/flights").json()
    assert (now["partitions"], now["id"]) == (6, values[TOPIC]["id"])
    configuration.plan(expect=0)

    assert http.patch(f"{topics}/flights", json={"partitions": 8}).status_code == 200
    assert "6 -> 8" in configuration.plan("-refresh-only", expect=2)
    agreed = topic("flights", partitions="8", configs=WEEK)
    configuration.write(PROVIDER + cluster("life") + agreed + key)
    configuration.apply()
    configuration.plan(expect=0)

    ids = {CLUSTER: cluster_id, TOPIC: f"{cluster_id}/flights", KEY: values[KEY]["id"]}
    for address, imported in ids.items():
        configuration.run("state", "rm", address)
        configuration.run("import", address, imported)
    configuration.plan(expect=0)

    configuration.destroy()
    assert configuration.values() == {}
    assert http.get(f"/v1/clusters/{cluster_id}").status_code == 404
    revoked = http.get(f"/v1/api-keys/{values[KEY]['id']}").json()
    assert revoked["revoked_at"] is not None


def test_what_others_did_is_seen(configuration: Configuration, http: httpx2.Client) -> None:
    written = PROVIDER + cluster("drift") + topic("flights", partitions="2") + api_key("loader")
    configuration.write(written)
    configuration.apply()
    values = configuration.values()
    path = f"/v1/clusters/{values[CLUSTER]['id']}/topics/flights"

    assert http.patch(path, json={"partitions": 4}).status_code == 200
    shown = configuration.plan("-refresh-only", expect=2)
    assert "2 -> 4" in shown
    refused = configuration.plan(expect=1)
    assert "topic_partitions_decrease" in refused

    assert http.delete(path).status_code == 204
    assert http.delete(f"/v1/api-keys/{values[KEY]['id']}").status_code == 200
    assert "2 to add, 0 to change, 0 to destroy" in configuration.plan(expect=2)
    configuration.apply()
    assert http.get(path).json()["partitions"] == 2
    assert configuration.values()[KEY]["id"] != values[KEY]["id"]

    assert http.delete(f"/v1/clusters/{values[CLUSTER]['id']}").status_code == 204
    assert "3 to add" in configuration.plan(expect=2)
    configuration.destroy()


def test_what_exists_is_imported_and_read(
    make_configuration: MakeConfiguration, configuration: Configuration, http: httpx2.Client
) -> None:
    written = PROVIDER + cluster("adopted") + topic("flights", configs=WEEK) + api_key("loader")
    configuration.write(written)
    configuration.apply()
    values = configuration.values()

    other = make_configuration("other")
    other.write(written)
    other.run("import", CLUSTER, values[CLUSTER]["id"])
    other.run("import", TOPIC, f"{values[CLUSTER]['id']}/flights")
    other.run("import", KEY, values[KEY]["id"])
    other.plan(expect=0)
    expected = {**values, KEY: {**values[KEY], "secret": None}}
    assert other.values() == expected
    incomplete = other.run("import", "headrace_topic.other", "flights", expect=1)
    assert "does not exist" in incomplete.stderr
    absent = make_configuration("absent")
    absent.write(PROVIDER + topic("flights", '"lkc_none"'))
    assert "CLUSTER_ID/NAME" in absent.run("import", TOPIC, "flights", expect=1).stderr
    missing = absent.run("import", TOPIC, f"{values[CLUSTER]['id']}/none", expect=1).stderr
    assert "non-existent remote object" in missing

    bounds = {"read": ["orders-"], "write": []}
    bounded = http.post("/v1/api-keys", json={"name": "bounded", "bounds": bounds}).json()
    reader = make_configuration("reader")
    reader.write(PROVIDER + READER)
    reader.apply()
    found = reader.values()
    read = found["data.headrace_cluster.by_name"]
    assert read == found["data.headrace_cluster.by_id"]
    assert {**read, "price": values[CLUSTER]["price"]} == values[CLUSTER]
    assert read in found["data.headrace_clusters.all"]["clusters"]
    shown = http.get(f"/v1/clusters/{read['id']}/topics/flights").json()
    assert found["data.headrace_topic.it"] == shown
    listed = {name: shown[name] for name in ("id", "name", "partitions", "replication_factor")}
    assert found["data.headrace_topics.all"]["topics"] == [listed]
    assert found["data.headrace_plans.all"]["plans"] == http.get("/v1/plans").json()["items"]
    connection = found["data.headrace_cluster_connection.it"]
    assert connection["ca_certificate"] == read["ca_certificate"]
    assert connection["rest_url"] == read["endpoints"]["rest"]
    assert connection["properties"] == {
        "bootstrap.servers": read["endpoints"]["kafka"]["sasl_ssl"],
        "security.protocol": connection["security_protocol"],
        "sasl.mechanism": connection["sasl_mechanism"],
    }
    (key,) = found["data.headrace_api_keys.its"]["api_keys"]
    assert key == found["data.headrace_api_key.it"]
    assert key == http.get(f"/v1/api-keys/{values[KEY]['id']}").json()
    assert key in found["data.headrace_api_keys.all"]["api_keys"]
    listed_keys = {one["id"]: one for one in found["data.headrace_api_keys.all"]["api_keys"]}
    assert listed_keys[bounded["id"]]["bounds"] == bounds
    assert http.delete(f"/v1/api-keys/{bounded['id']}").is_success
    configuration.destroy()


READER = """
data "headrace_cluster" "by_name" {
  name = "adopted"
}
data "headrace_cluster" "by_id" {
  id = data.headrace_cluster.by_name.id
}
data "headrace_clusters" "all" {}
data "headrace_topic" "it" {
  cluster_id = data.headrace_cluster.by_name.id
  name       = "flights"
}
data "headrace_topics" "all" {
  cluster_id = data.headrace_cluster.by_name.id
}
data "headrace_plans" "all" {}
data "headrace_cluster_connection" "it" {
  cluster_id = data.headrace_cluster.by_name.id
}
data "headrace_api_keys" "its" {
  cluster_id = data.headrace_cluster.by_name.id
}
data "headrace_api_keys" "all" {}
data "headrace_api_key" "it" {
  id = data.headrace_api_keys.its.api_keys[0].id
}
"""
