"""Who may reach a cluster and from where, as configurations say it."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.client_authority import ClientAuthority
from tests.terraform.configurations import PROVIDER, api_key, cluster
from tools.terraform_cli import Configuration

pytestmark = pytest.mark.xdist_group("terraform")

CLUSTER, KEY = "headrace_cluster.it", "headrace_api_key.it"
BOUNDS = '{ read = ["orders-"] }'


def test_networks_are_changed_in_place_and_bounds_make_another_key(
    configuration: Configuration, http: httpx2.Client
) -> None:
    confined = cluster("confined", allowed_networks='["192.0.2.0/24", "2001:DB8::/32"]')
    configuration.write(PROVIDER + confined + api_key("loader", bounds=BOUNDS))
    configuration.apply()
    configuration.plan(expect=0)
    values = configuration.values()
    path = f"/v1/clusters/{values[CLUSTER]['id']}"
    found = http.get(path).json()["allowed_networks"]
    assert found == ["192.0.2.0/24", "2001:DB8::/32"], "they are kept as they are written"
    key = http.get(f"/v1/api-keys/{values[KEY]['id']}").json()
    assert key["bounds"] == {"read": ["orders-"], "write": []}

    wider = cluster("confined", allowed_networks='["198.51.100.7"]')
    configuration.write(PROVIDER + wider + api_key("loader", bounds=BOUNDS))
    assert "0 to add, 1 to change, 0 to destroy" in configuration.plan(expect=2)
    configuration.apply()
    assert http.get(path).json()["allowed_networks"] == ["198.51.100.7"]
    configuration.plan(expect=0)

    assert http.patch(path, json={"allowed_networks": []}).status_code == 200
    assert "198.51.100.7" in configuration.plan(expect=2), "what others opened is planned again"

    configuration.write(
        PROVIDER + cluster("confined") + api_key("loader", bounds='{ read = ["*"] }')
    )
    assert "1 to add, 0 to change, 1 to destroy" in configuration.plan(expect=2)
    configuration.apply()
    configuration.plan(expect=0)
    assert http.get(path).json()["allowed_networks"] == []


def test_client_certificates_are_set_changed_and_taken_away_in_place(
    configuration: Configuration, http: httpx2.Client, tmp_path: Path
) -> None:
    pem = json.dumps(ClientAuthority(tmp_path).pem)

    def taking(certificates: str) -> str:
        return PROVIDER + cluster("certified", client_certificates=f"{{ {certificates} }}")

    configuration.write(taking(f'mode = "requested", authorities = {pem}'))
    configuration.apply()
    configuration.plan(expect=0)
    made = configuration.values()[CLUSTER]
    assert made["endpoints"]["kafka"]["ssl"] is not None
    path = f"/v1/clusters/{made['id']}"
    found = http.get(path).json()["client_certificates"]
    assert (found["mode"], found["mapping_rules"]) == ("requested", "")

    rules = 'mapping_rules = "RULE:^CN=(.*?),O=Mill$/$1/L,DEFAULT"'
    configuration.write(taking(f'mode = "required", authorities = {pem}, {rules}'))
    assert "0 to add, 1 to change, 0 to destroy" in configuration.plan(expect=2)
    configuration.apply()
    configuration.plan(expect=0)
    found = http.get(path).json()["client_certificates"]
    assert (found["mode"], found["mapping_rules"][:5]) == ("required", "RULE:")

    configuration.write(PROVIDER + cluster("certified"))
    assert "0 to add, 1 to change, 0 to destroy" in configuration.plan(expect=2)
    configuration.apply()
    configuration.plan(expect=0)
    assert http.get(path).json()["client_certificates"] is None
    assert configuration.values()[CLUSTER]["endpoints"]["kafka"]["ssl"] is None
    configuration.write(taking(f'mode = "off", authorities = {pem}'))
    assert "mode" in configuration.plan(expect=1)


def test_networks_and_bounds_that_can_not_be_are_refused(configuration: Configuration) -> None:
    configuration.write(PROVIDER + cluster("wrong", allowed_networks='["10.0.0.1/8"]'))
    assert "allowed_networks" in configuration.plan(expect=1)
    configuration.write(PROVIDER + cluster("wrong", allowed_networks="[]"))
    assert "allowed_networks" in configuration.plan(expect=1)
    configuration.write(PROVIDER + cluster("wrong") + api_key("loader", bounds='{ read = [""] }'))
    assert "bounds" in configuration.plan(expect=1)
