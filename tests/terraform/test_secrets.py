"""A secret that is brought works, and is in neither state, plan, log nor any other file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from control_plane.identity.secrets import key_id_of, new_secret
from tests.terraform.configurations import PROVIDER, api_key, cluster, topic
from tests.terraform.conftest import MakeConfiguration
from tests.terraform.programs import client_options, produce_and_consume
from tools.running_service import RunningService
from tools.terraform_cli import Configuration, copy_example, mirror_config

pytestmark = pytest.mark.xdist_group("terraform")

CLUSTER, TOPIC, KEY = "headrace_cluster.it", "headrace_topic.it", "headrace_api_key.it"
UNAUTHORIZED = 401
PLAN = "saved.tfplan"
VARIABLE = """
variable "secret" {
  type      = string
  ephemeral = true
}
"""
MADE = PROVIDER + VARIABLE + cluster("secrets") + topic("flights")


def brought(version: int) -> str:
    """A key whose secret is the variable's, numbered by `version`."""
    return api_key("program", secret_wo="var.secret", secret_wo_version=str(version))


def bringing(configuration: Configuration, secret: str) -> Configuration:
    """The configuration with another secret in its variable."""
    return replace(configuration, settings={**configuration.settings, "TF_VAR_secret": secret})


def contents(configuration: Configuration) -> Iterator[tuple[str, bytes]]:
    """Every file of a configuration, and what is packed in those that are archives."""
    for path in configuration.files():
        yield path.name, path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield f"{path.name}:{name}", archive.read(name)


def assert_nowhere(configuration: Configuration, secret: str, *said: str) -> None:
    random_part = secret.split("_")[2]
    assert len(random_part) >= 40
    names: list[str] = []
    for name, content in contents(configuration):
        names.append(name)
        assert random_part.encode() not in content, name
    assert "terraform.tfstate" in names
    for text in said:
        assert random_part not in text


def test_a_brought_secret_works_and_is_in_no_file(
    configuration: Configuration, running_service: RunningService
) -> None:
    first_id, first = new_secret()
    configuration.write(MADE + brought(1))
    run = bringing(configuration, first)
    run.run("validate")
    planned = run.plan_to_file(PLAN)
    (change,) = (each["change"] for each in planned["resource_changes"] if each["address"] == KEY)
    assert change["actions"] == ["create"]
    assert change["after"]["secret"] is None
    assert change["after"].get("secret_wo") is None
    applied = run.run("apply", "-input=false", PLAN, TF_LOG="TRACE")
    values = run.values()
    assert (values[KEY]["id"], values[KEY]["secret"]) == (first_id, None)
    assert values[KEY].get("secret_wo") is None
    assert "headrace_api_key" in applied.stderr, "this is no log"
    assert_nowhere(run, first, json.dumps(planned), applied.stdout, applied.stderr)
    assert any(name.startswith(f"{PLAN}:") for name, _ in contents(run))
    run.plan(expect=0)
    bringing(configuration, new_secret()[1]).plan(expect=0)

    options = client_options(
        values[CLUSTER]["endpoints"]["kafka"]["sasl_ssl"],
        values[CLUSTER]["ca_certificate"],
        first_id,
        first,
    )
    produce_and_consume(options, values[TOPIC]["name"], b"first")

    second_id, second = new_secret()
    configuration.write(MADE + brought(2))
    run = bringing(configuration, second)
    assert "1 to add, 0 to change, 1 to destroy" in run.plan(expect=2)
    run.apply()
    assert run.values()[KEY]["id"] == second_id
    for secret in (first, second):
        assert_nowhere(run, secret)
    run.plan(expect=0)
    produce_and_consume(
        {**options, "sasl.username": second_id, "sasl.password": second}, "flights", b"second"
    )
    with running_service.http(first) as ended:
        assert ended.get("/v1/whoami").status_code == UNAUTHORIZED
    run.destroy()


def test_the_example_keeps_its_secret_outside_the_state(
    tmp_path: Path, running_service: RunningService
) -> None:
    directory = copy_example("secret-outside-state", tmp_path)
    settings = {
        "HEADRACE_URL": running_service.ready.api_url,
        "HEADRACE_API_KEY": running_service.ready.api_key,
    }
    configuration = Configuration(directory, mirror_config(tmp_path), settings)
    configuration.run("init", "-input=false")
    credentials = directory / "credentials.json"
    ids: list[str] = []
    for version in ("1", "2"):
        run = replace(configuration, settings={**settings, "TF_VAR_secret_version": version})
        run.apply()
        kept = json.loads(credentials.read_text(encoding="utf-8"))
        assert credentials.stat().st_mode & 0o077 == 0
        credentials.unlink()
        assert key_id_of(kept["password"]) == kept["username"]
        assert_nowhere(run, kept["password"])
        run.plan(expect=0)
        outputs = json.loads(run.run("output", "-json").stdout)
        options = {
            **outputs["client_properties"]["value"],
            "ssl.ca.pem": outputs["ca_certificate"]["value"],
            "sasl.username": kept["username"],
            "sasl.password": kept["password"],
        }
        produce_and_consume(options, outputs["topic"]["value"], f"version-{version}".encode())
        ids.append(kept["username"])
    assert ids[0] != ids[1]
    with running_service.http() as http:
        ended, living = (http.get(f"/v1/api-keys/{each}").json()["revoked_at"] for each in ids)
    assert ended is not None
    assert living is None
    configuration.destroy()


def test_a_store_that_fails_leaves_no_key_behind(
    tmp_path: Path, running_service: RunningService
) -> None:
    directory = copy_example("secret-outside-state", tmp_path)
    settings = {
        "HEADRACE_URL": running_service.ready.api_url,
        "HEADRACE_API_KEY": running_service.ready.api_key,
    }
    configuration = Configuration(directory, mirror_config(tmp_path), settings)
    configuration.run("init", "-input=false")
    failing = ("apply", "-auto-approve", "-input=false")
    configuration.run(*failing, expect=1, TF_VAR_store="exit 3")
    lost = configuration.values()["headrace_api_key.program"]["id"]
    configuration.apply()
    kept = json.loads((directory / "credentials.json").read_text(encoding="utf-8"))
    assert kept["username"] == configuration.values()["headrace_api_key.program"]["id"] != lost
    with running_service.http() as http:
        assert http.get(f"/v1/api-keys/{lost}").json()["revoked_at"] is not None
    with running_service.http(kept["password"]) as program:
        assert program.get("/v1/whoami").json()["id"] == kept["username"]
    configuration.destroy()


def test_what_is_no_secret_fails_the_plan(configuration: Configuration) -> None:
    _, secret = new_secret()
    configuration.write(MADE + brought(1))
    said = bringing(configuration, secret[:-1]).plan(expect=1)
    assert "headrace_secret draws" in said
    assert secret[:-1] not in said
    for settings, missing in (
        ({"secret_wo": "var.secret"}, "secret_wo_version"),
        ({"secret_wo_version": "1"}, "secret_wo"),
    ):
        configuration.write(MADE + api_key("program", **settings))
        said = bringing(configuration, secret).plan(expect=1)
        assert f'"{missing}" must be specified' in " ".join(said.split())


def test_a_secret_that_was_used_is_refused(
    configuration: Configuration, http: httpx2.Client
) -> None:
    _, secret = new_secret()
    assert http.post("/v1/api-keys", json={"secret": secret}).json()["secret"] is None
    configuration.write(MADE + brought(1))
    run = bringing(configuration, secret)
    refused = run.run("apply", "-auto-approve", "-input=false", expect=1).stderr
    assert "api_key_secret_used" in refused
    assert "secret_wo" in refused
    assert_nowhere(run, secret, refused)
    run.destroy()


def test_a_key_that_the_service_made_is_replaced_by_one_with_a_brought_secret(
    configuration: Configuration,
) -> None:
    configuration.write(MADE + api_key("program"))
    run = bringing(configuration, new_secret()[1])
    run.apply()
    made = run.values()[KEY]["secret"]
    with pytest.raises(AssertionError, match=r"terraform\.tfstate"):
        assert_nowhere(run, made)
    configuration.write(MADE + brought(1))
    assert "1 to add, 0 to change, 1 to destroy" in run.plan(expect=2)
    run.apply()
    assert run.values()[KEY]["secret"] is None
    state = (run.directory / "terraform.tfstate").read_text(encoding="utf-8")
    assert made not in state
    configuration.write(MADE + api_key("program"))
    assert "1 to add, 0 to change, 1 to destroy" in run.plan(expect=2)
    run.destroy()


def test_an_imported_key_keeps_its_secret(
    make_configuration: MakeConfiguration, configuration: Configuration
) -> None:
    key_id, secret = new_secret()
    configuration.write(MADE + brought(1))
    bringing(configuration, secret).apply()
    values = configuration.values()

    other = bringing(make_configuration("other"), new_secret()[1])
    other.write(MADE + brought(7))
    other.run("import", CLUSTER, values[CLUSTER]["id"])
    other.run("import", TOPIC, f"{values[CLUSTER]['id']}/flights")
    other.run("import", KEY, key_id)
    assert "0 to add, 1 to change, 0 to destroy" in other.plan(expect=2)
    other.apply()
    imported = other.values()[KEY]
    assert (imported["id"], imported["secret_wo_version"]) == (key_id, 7)
    other.plan(expect=0)
    other.write(MADE + brought(8))
    assert "1 to add, 0 to change, 1 to destroy" in other.plan(expect=2)
    other.destroy()
