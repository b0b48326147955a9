"""Prices are seen where clusters are planned, exactly as the service tells them."""

from __future__ import annotations

import httpx2
import pytest

from tests.terraform.configurations import PROVIDER, cluster
from tools.terraform_cli import Configuration

pytestmark = pytest.mark.xdist_group("terraform")

CLUSTER = "headrace_cluster.it"
PLAN = "saved.tfplan"
USE = {"plan": "standard", "partitions": 40, "gb_in_per_day": "2.5", "gb_stored": "10"}
PRICES = """
data "headrace_prices" "today" {}
data "headrace_prices" "of_a_day" {
  date = data.headrace_prices.today.effective_from
}
data "headrace_price_preview" "used" {
  plan          = "standard"
  partitions    = 40
  gb_in_per_day = 2.5
  gb_stored     = 10
}
data "headrace_price_preview" "at_rest" {
  plan = "dev"
}
"""


def test_a_plan_tells_the_price_of_a_cluster(
    configuration: Configuration, http: httpx2.Client
) -> None:
    wanted = {"name": "priced", "plan": "standard"}
    price = http.post("/v1/clusters", params={"dry_run": True}, json=wanted).json()["price"]
    configuration.write(PROVIDER + cluster("priced", "standard"))
    planned = configuration.plan_to_file(PLAN)
    (change,) = planned["resource_changes"]
    assert change["change"]["after"]["price"] == price
    assert price["per_day_at_rest"] in configuration.plan(expect=2)
    configuration.run("apply", "-input=false", PLAN)
    assert configuration.values()[CLUSTER]["price"] == price
    configuration.plan(expect=0)
    configuration.destroy()


def test_prices_are_read_as_the_service_tells_them(
    configuration: Configuration, http: httpx2.Client
) -> None:
    configuration.write(PROVIDER + PRICES)
    configuration.apply()
    found = configuration.values()
    book = http.get("/v1/billing/prices").json()
    assert {**book, "date": None} == found["data.headrace_prices.today"]
    assert {**book, "date": book["effective_from"]} == found["data.headrace_prices.of_a_day"]
    used = found["data.headrace_price_preview.used"]
    preview = http.post("/v1/billing/price-previews", json=USE).json()
    assert len(preview["lines"]) == len(used["lines"])
    for line, shown in zip(preview.pop("lines"), used.pop("lines"), strict=True):
        assert shown == {name: line[name] for name in shown}
    assert used == {**USE, "gb_out_per_day": None, **preview}
    at_rest = http.post("/v1/billing/price-previews", json={"plan": "dev"}).json()
    assert found["data.headrace_price_preview.at_rest"]["per_day"] == at_rest["per_day"]


def test_what_has_no_price_is_told(configuration: Configuration) -> None:
    for written, expected in (
        ('data "headrace_price_preview" "it" { plan = "platinum" }', "plan_unpriced"),
        ('data "headrace_prices" "it" { date = "1999-01-01" }', "price_book_missing"),
        ('data "headrace_prices" "it" { date = "soon" }', "request_invalid"),
    ):
        configuration.write(PROVIDER + written)
        assert expected in configuration.plan(expect=1)
