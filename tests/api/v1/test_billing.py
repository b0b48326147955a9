"""What callers are told about costs and prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from billing.catalog.prices import GIB
from billing.metering.tasks import USAGE_SUBJECT
from control_plane.identity.policy import Role
from control_plane.kit.job_runner import JobRunners
from control_plane.kit.outbox import publish
from tests.fixtures.billing import message
from tests.fixtures.service import Service

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PREVIEW = {
    "plan": "dev",
    "partitions": 30,
    "gb_in_per_day": 1,
    "gb_out_per_day": "2",
    "gb_stored": "10.0",
}


@dataclass(frozen=True)
class Bill:
    """An organization and what its clusters use."""

    service: Service
    organization_id: str
    http: TestClient

    def use(self, started_at: datetime, **changes: Any) -> None:
        """Count a usage window as the collector hands it over."""
        core = self.service.core
        body = message(self.organization_id, started_at, **changes)
        with core.database.transaction() as session:
            key = body["cluster_id"]
            publish(session, subject=USAGE_SUBJECT, key=key, body=body, now=core.clock.now())
        runner = self.service.container.job_runner
        assert isinstance(runner, JobRunners)
        runner.run_due()

    def costs(self, **parameters: Any) -> Any:
        reply = self.http.get("/v1/billing/costs", params=parameters)
        assert reply.status_code == 200, reply.text
        return reply.json()


def new_bill(service: Service) -> Bill:
    organization_id = service.add_organization()
    return Bill(service, organization_id, service.client(service.add_key(organization_id)))


@pytest.fixture
def bill(service: Service) -> Bill:
    return new_bill(service)


@pytest.fixture
def sqlite_bill(sqlite_service: Service) -> Bill:
    return new_bill(sqlite_service)


class TestCosts:
    def test_are_lines_in_the_shape_of_the_costs_api_that_is_known(self, bill: Bill) -> None:
        bill.use(NOON, bytes_in=3 * GIB // 2)
        written = bill.costs()["data"][-1]
        assert written == {
            "id": "2026-11-22.lkc_orders.dev.KAFKA_NETWORK_WRITE",
            "start_date": "2026-11-22",
            "end_date": "2026-11-23",
            "granularity": "DAILY",
            "product": "KAFKA",
            "line_type": "KAFKA_NETWORK_WRITE",
            "resource": {"id": "lkc_orders", "display_name": "orders"},
            "plan": "dev",
            "quantity": "1.5",
            "unit": "GB",
            "base_quantity": "1610612736",
            "base_unit": "byte",
            "base_units_per_unit": "1073741824",
            "price": "0.020000",
            "amount": "0.030000",
            "currency": "USD",
            "price_book_version": 2,
        }

    def test_follow_usage_at_once_and_keep_their_ids(self, bill: Bill) -> None:
        bill.use(NOON, number=1, bytes_in=GIB)
        before = {line["id"]: line["amount"] for line in bill.costs()["data"]}
        bill.use(NOON + timedelta(minutes=1), number=2, bytes_in=GIB)
        after = {line["id"]: line["amount"] for line in bill.costs()["data"]}
        written = "2026-11-22.lkc_orders.dev.KAFKA_NETWORK_WRITE"
        assert (before[written], after[written]) == ("0.020000", "0.040000")
        assert before.keys() == after.keys()

    def test_come_in_pages(self, sqlite_bill: Bill) -> None:
        for day in (1, 15, 22):
            sqlite_bill.use(NOON.replace(day=day), number=day, bytes_in=GIB, bytes_out=1)
        whole = sqlite_bill.costs()
        assert whole["next_page_token"] is None
        first = sqlite_bill.costs(page_size=4)
        rest = sqlite_bill.costs(page_size=5, page_token=first["next_page_token"])
        assert first["data"] + rest["data"] == whole["data"]
        assert rest["next_page_token"] is None
        refused = sqlite_bill.http.get("/v1/billing/costs?page_token=bm9uc2Vuc2U")
        assert (refused.status_code, refused.json()["code"]) == (422, "page_token_invalid")

    def test_are_of_the_days_and_the_cluster_asked_for(self, sqlite_bill: Bill) -> None:
        sqlite_bill.use(NOON.replace(day=20), number=1, bytes_in=1)
        sqlite_bill.use(NOON.replace(day=21), number=2, cluster_id="lkc_other", bytes_in=1)
        found = sqlite_bill.costs(start_date="2026-11-21", end_date="2026-11-22")["data"]
        assert {line["resource"]["id"] for line in found} == {"lkc_other"}
        found = sqlite_bill.costs(cluster_id="lkc_orders")["data"]
        assert {line["start_date"] for line in found} == {"2026-11-20"}
        assert sqlite_bill.costs(cluster_id="lkc_absent") == {"data": [], "next_page_token": None}

    @pytest.mark.parametrize(
        "query",
        [
            "start_date=2026-11-22&end_date=2026-11-22",
            "start_date=2025-01-01&end_date=2026-11-22",
            "end_date=0001-01-01",
            "start_date=9999-12-31",
        ],
    )
    def test_of_no_day_or_too_many_are_refused(self, sqlite_bill: Bill, query: str) -> None:
        refused = sqlite_bill.http.get(f"/v1/billing/costs?{query}")
        assert (refused.status_code, refused.json()["code"]) == (422, "date_range_invalid")

    @pytest.mark.parametrize("query", ["start_date=yesterday", "page_size=0", "page_size=5001"])
    def test_of_what_is_no_question_are_refused(self, sqlite_bill: Bill, query: str) -> None:
        refused = sqlite_bill.http.get(f"/v1/billing/costs?{query}")
        assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid")

    def test_of_deleted_clusters_stay(self, bill: Bill) -> None:
        # Billing asks nobody whether the cluster still exists; this one never did.
        bill.use(NOON, cluster_id="lkc_gone", cluster_name="gone", bytes_in=GIB)
        assert {line["resource"]["display_name"] for line in bill.costs()["data"]} == {"gone"}


class TestWhoSees:
    def test_others_see_nothing(self, bill: Bill) -> None:
        bill.use(NOON, bytes_in=GIB)
        stranger = new_bill(bill.service)
        assert stranger.costs()["data"] == []
        assert stranger.costs(cluster_id="lkc_orders")["data"] == []
        spend = stranger.http.get("/v1/billing/spend?cluster_id=lkc_orders").json()
        assert (spend["month_amount"], spend["clusters"]) == ("0.000000", [])

    def test_developers_see_what_they_cause(self, sqlite_bill: Bill) -> None:
        service = sqlite_bill.service
        sqlite_bill.use(NOON, bytes_in=GIB)
        developer = service.client(service.add_key(sqlite_bill.organization_id, Role.DEVELOPER))
        assert len(developer.get("/v1/billing/costs").json()["data"]) == 2

    def test_keys_of_one_cluster_see_prices_but_no_costs(self, sqlite_bill: Bill) -> None:
        service, owner = sqlite_bill.service, sqlite_bill.organization_id
        cluster_id = service.add_cluster(owner)
        http = service.client(service.add_key(owner, Role.DEVELOPER, cluster_id))
        for path in ("/v1/billing/costs", "/v1/billing/spend"):
            assert http.get(path).status_code == 403
        assert http.get("/v1/billing/prices").status_code == 200
        assert http.post("/v1/billing/price-previews", json=PREVIEW).status_code == 200


class TestSpend:
    def test_sums_up_today_and_the_month(self, bill: Bill) -> None:
        bill.use(NOON.replace(day=1), number=1, bytes_in=GIB)
        bill.use(NOON, number=2, bytes_in=60 * GIB)
        spend = bill.http.get("/v1/billing/spend").json()
        hours, days = spend.pop("hours"), spend.pop("days")
        assert spend == {
            "date": "2026-11-22",
            "currency": "USD",
            "price_book_version": 2,
            "is_over": False,
            "metered_through": "2026-11-22T12:01:00.000000Z",
            "day_amount": "1.000000",
            "month_amount": "1.020000",
            "clusters": [
                {
                    "resource": {"id": "lkc_orders", "display_name": "orders"},
                    "plan": "dev",
                    "day_amount": "1.000000",
                    "month_amount": "1.020000",
                    "daily_cap": "1.000000",
                    "is_capped": True,
                }
            ],
            "line_types": [
                {
                    "line_type": "KAFKA_BASE",
                    "day_amount": "0.000000",
                    "month_amount": "0.000000",
                },
                {
                    "line_type": "KAFKA_DAILY_CAP",
                    "day_amount": "-0.200000",
                    "month_amount": "-0.200000",
                },
                {
                    "line_type": "KAFKA_NETWORK_WRITE",
                    "day_amount": "1.200000",
                    "month_amount": "1.220000",
                },
            ],
        }
        assert hours[12] == {"started_at": "2026-11-22T12:00:00.000000Z", "amount": "1.000000"}
        assert sum(Decimal(hour["amount"]) for hour in hours) == 1
        assert (len(days), days[0]) == (22, {"date": "2026-11-01", "amount": "0.020000"})

    def test_of_a_day_without_prices_is_refused(self, sqlite_bill: Bill) -> None:
        refused = sqlite_bill.http.get("/v1/billing/spend?date=2025-12-31")
        assert (refused.status_code, refused.json()["code"]) == (422, "price_book_missing")


class TestPrices:
    def test_are_shown_with_units_inclusions_and_caps(self, bill: Bill) -> None:
        book = bill.http.get("/v1/billing/prices").json()
        assert (book["version"], book["currency"], book["gigabyte_bytes"]) == (2, "USD", GIB)
        assert [plan["plan"] for plan in book["plans"]] == ["dev", "ha", "pro", "standard"]
        dev = book["plans"][0]
        assert (dev["included_partitions"], dev["daily_cap"]) == (100, "1.000000")
        assert dev["prices"] == [
            {"line_type": "KAFKA_BASE", "unit": "hour", "price": "0.000000"},
            {"line_type": "KAFKA_NETWORK_WRITE", "unit": "GB", "price": "0.020000"},
            {"line_type": "KAFKA_NETWORK_READ", "unit": "GB", "price": "0.015000"},
            {"line_type": "KAFKA_STORAGE", "unit": "GB-day", "price": "0.001000"},
            {"line_type": "KAFKA_PARTITION", "unit": "partition-hour", "price": "0.000050"},
        ]


class TestPreview:
    def test_of_the_small_workload_is_six_cents(self, bill: Bill) -> None:
        preview = bill.http.post("/v1/billing/price-previews", json=PREVIEW).json()
        assert (preview["per_day"], preview["per_30_days"]) == ("0.060000", "1.800000")
        assert (preview["is_capped"], preview["per_day_uncapped"]) == (False, "0.060000")
        assert {line["line_type"]: line["quantity"] for line in preview["lines"]} == {
            "KAFKA_BASE": "24",
            "KAFKA_NETWORK_WRITE": "1",
            "KAFKA_NETWORK_READ": "2",
            "KAFKA_STORAGE": "10",
        }

    def test_tells_when_the_cap_bites(self, sqlite_bill: Bill) -> None:
        body = {**PREVIEW, "gb_in_per_day": 100}
        preview = sqlite_bill.http.post("/v1/billing/price-previews", json=body).json()
        assert (preview["per_day"], preview["per_day_uncapped"]) == ("1.000000", "2.040000")
        assert preview["is_capped"]
        assert preview["lines"][-1]["amount"] == "-1.040000"

    def test_is_what_such_a_day_is_billed(self, sqlite_bill: Bill) -> None:
        preview = sqlite_bill.http.post(
            "/v1/billing/price-previews", json={**PREVIEW, "plan": "pro", "partitions": 2_500}
        ).json()
        start = NOON.replace(hour=0)
        for hour in range(24):
            sqlite_bill.use(
                start + timedelta(hours=hour),
                number=hour,
                seconds=3600,
                plan="pro",
                bytes_in=GIB if hour == 0 else 0,
                bytes_out=2 * GIB if hour == 0 else 0,
                stored_bytes=10 * GIB,
                partitions=2_500,
            )
        billed = sqlite_bill.costs()["data"]
        shown = ("line_type", "base_quantity", "price", "amount")
        assert sorted([line[name] for name in shown] for line in preview["lines"]) == [
            [line[name] for name in shown] for line in billed
        ]

    @pytest.mark.parametrize(
        "change",
        [
            {"gb_in_per_day": 1.5},
            {"gb_in_per_day": True},
            {"gb_in_per_day": "-1"},
            {"gb_in_per_day": -1},
            {"gb_in_per_day": "1e3"},
            {"gb_in_per_day": "1000000.1"},
            {"gb_in_per_day": "0.0000000001"},
            {"gb_in_per_day": "NaN"},
            {"gb_in_per_day": None},
            {"partitions": -1},
            {"partitions": 1_000_001},
            {"plan": ""},
            {"price": 1},
        ],
    )
    def test_refuses_what_is_no_use(self, sqlite_bill: Bill, change: dict[str, Any]) -> None:
        refused = sqlite_bill.http.post("/v1/billing/price-previews", json={**PREVIEW, **change})
        assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid")
        assert refused.json()["errors"][0]["field"] == f"body.{next(iter(change))}"

    def test_of_an_unknown_plan_names_the_known_ones(self, sqlite_bill: Bill) -> None:
        body = {**PREVIEW, "plan": "platinum"}
        refused = sqlite_bill.http.post("/v1/billing/price-previews", json=body).json()
        assert refused["code"] == "plan_unpriced"
        assert refused["advice"] == "choose one of: dev, ha, pro, standard"
