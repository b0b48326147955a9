"""The daily report over HTTP: every form, for those who may see it, of their own clusters alone."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader

from billing.catalog.prices import GIB
from billing.metering.messages import parse
from billing.reports import html
from control_plane.identity.policy import Role
from tests.fixtures.billing import message
from tests.fixtures.service import Service

PATH = "/v1/billing/reports/daily"
ORDERS, AUDIT = "lkc_orders", "lkc_audit"
MORNING = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def owner(sqlite_service: Service) -> str:
    """An organization with usage of two clusters: today, it is noon, and yesterday."""
    organization = sqlite_service.add_organization("Müller & Söhne")
    count(
        sqlite_service,
        message(organization, MORNING, bytes_in=GIB, bytes_out=2 * GIB, partitions=30),
        message(organization, MORNING, cluster_id=AUDIT, cluster_name="audit", bytes_in=80 * GIB),
        message(organization, datetime(2026, 11, 21, 9, tzinfo=UTC), number=2, bytes_in=GIB),
    )
    return organization


def count(service: Service, *messages: dict[str, Any]) -> None:
    core = service.core
    with core.database.transaction() as session:
        books = core.catalog.books(session)
        for one in messages:
            core.metering.count(session, parse(one), books)


@pytest.fixture
def http(sqlite_service: Service, owner: str) -> TestClient:
    return sqlite_service.client(sqlite_service.add_key(owner))


class TestJson:
    def test_is_the_whole_report(self, http: TestClient, owner: str) -> None:
        report = http.get(PATH).json()
        assert (report["date"], report["currency"]) == ("2026-11-22", "USD")
        assert (report["organization_id"], report["organization_name"]) == (owner, "Müller & Söhne")
        assert (report["is_final"], report["metered_through"]) == (
            False,
            "2026-11-22T09:01:00.000000Z",
        )
        assert (report["amount"], report["month_to_date"]) == ("1.050000", "1.070000")
        assert report["spared"] == "0.600000"
        audit, orders = report["clusters"]
        assert audit["resource"] == {"id": AUDIT, "display_name": "audit"}
        assert (audit["is_capped"], audit["amount"], audit["daily_cap"]) == (
            True,
            "1.000000",
            "1.000000",
        )
        (written,) = [one for one in orders["lines"] if one["line_type"] == "KAFKA_NETWORK_WRITE"]
        assert (written["description"], written["quantity"], written["unit"]) == (
            "Data in",
            "1",
            "GB",
        )
        assert (written["base_quantity"], written["price"], written["amount"]) == (
            str(GIB),
            "0.020000",
            "0.020000",
        )
        assert written["hourly_amounts"][9] == "0.020000"

    def test_adds_up(self, http: TestClient) -> None:
        report = http.get(PATH).json()
        total = Decimal(report["amount"])
        assert sum(Decimal(hour["amount"]) for hour in report["hours"]) == total
        assert sum(Decimal(cluster["amount"]) for cluster in report["clusters"]) == total
        for cluster in report["clusters"]:
            for line in cluster["lines"]:
                assert sum(map(Decimal, line["hourly_amounts"])) == Decimal(line["amount"])

    def test_is_what_the_costs_api_says(self, http: TestClient) -> None:
        report = http.get(PATH).json()
        costs = http.get(
            "/v1/billing/costs", params={"start_date": "2026-11-22", "end_date": "2026-11-23"}
        ).json()["data"]
        reported = {
            (cluster["resource"]["id"], line["line_type"]): line["amount"]
            for cluster in report["clusters"]
            for line in cluster["lines"]
        }
        assert reported == {
            (one["resource"]["id"], one["line_type"]): one["amount"] for one in costs
        }

    def test_of_one_cluster(self, http: TestClient) -> None:
        report = http.get(PATH, params={"cluster_id": ORDERS, "date": "2026-11-21"}).json()
        assert (report["cluster_id"], report["is_final"]) == (ORDERS, True)
        assert [one["resource"]["id"] for one in report["clusters"]] == [ORDERS]
        assert report["amount"] == report["month_to_date"] == "0.020000"


class TestForms:
    def test_a_browser_gets_a_page_under_its_own_policy(self, http: TestClient, owner: str) -> None:
        reply = http.get(PATH, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
        assert reply.headers["Content-Security-Policy"] == html.CONTENT_SECURITY_POLICY
        assert reply.headers["Content-Disposition"] == (
            f'inline; filename="headrace-costs-2026-11-22-{owner}.html"'
        )
        assert reply.headers["Vary"] == "Accept"
        assert "Müller &amp; Söhne" in reply.text
        assert "So far: usage is counted up to 2026-11-22 09:01:00 UTC." in reply.text

    def test_the_format_says_more_than_the_header(self, http: TestClient) -> None:
        accepted = {"Accept": "text/html"}
        reply = http.get(PATH, params={"format": "json"}, headers=accepted)
        assert reply.json()["amount"] == "1.050000"

    def test_a_pdf(self, http: TestClient) -> None:
        reply = http.get(PATH, params={"format": "pdf", "cluster_id": ORDERS})
        assert reply.headers["Content-Type"] == "application/pdf"
        assert reply.headers["Content-Disposition"].endswith('2026-11-22-lkc_orders.pdf"')
        (page,) = PdfReader(io.BytesIO(reply.content)).pages
        assert "orders of Müller & Söhne" in page.extract_text()

    def test_csv_is_a_file_to_keep(self, http: TestClient) -> None:
        reply = http.get(PATH, headers={"Accept": "text/csv"})
        assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert reply.headers["Content-Disposition"].startswith("attachment; ")
        rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
        assert sum(Decimal(row["amount"]) for row in rows) == Decimal("1.05")

    def test_nothing_of_a_report_is_kept_by_caches(self, http: TestClient) -> None:
        for form in ("json", "html", "csv"):
            assert http.get(PATH, params={"format": form}).headers["Cache-Control"] == "no-store"

    def test_a_file_name_holds_nothing_but_the_letters_of_ids(self, http: TestClient) -> None:
        reply = http.get(PATH, params={"cluster_id": 'a"; x=y/../é', "format": "csv"})
        assert reply.headers["Content-Disposition"].endswith('2026-11-22-axy.csv"')


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ({"date": "yesterday"}, 422, "request_invalid"),
            ({"format": "xlsx"}, 422, "request_invalid"),
            ({"cluster_id": "x" * 65}, 422, "request_invalid"),
            ({"date": "2020-01-01"}, 422, "price_book_missing"),
            ({"date": "9999-12-31"}, 422, "date_range_invalid"),
        ],
    )
    def test_say_what_was_wrong(
        self, http: TestClient, query: dict[str, str], status: int, code: str
    ) -> None:
        reply = http.get(PATH, params=query)
        assert (reply.status_code, reply.json()["code"]) == (status, code)

    def test_another_organization_sees_nothing_of_it(
        self, sqlite_service: Service, owner: str
    ) -> None:
        stranger = sqlite_service.client(
            sqlite_service.add_key(sqlite_service.add_organization("Stranger"))
        )
        foreign = stranger.get(PATH, params={"cluster_id": ORDERS})
        absent = stranger.get(PATH, params={"cluster_id": "lkc_absent"})
        assert foreign.json() == absent.json() | {"cluster_id": ORDERS}
        assert foreign.json()["clusters"] == []
        assert owner not in foreign.text

    def test_keys_of_one_cluster_do_not_see_costs(
        self, sqlite_service: Service, owner: str
    ) -> None:
        cluster = sqlite_service.add_cluster(owner)
        key = sqlite_service.add_key(owner, Role.DEVELOPER, cluster)
        reply = sqlite_service.client(key).get(PATH)
        assert (reply.status_code, reply.json()["code"]) == (403, "permission_denied")

    def test_nobody_without_credentials(self, sqlite_service: Service) -> None:
        assert sqlite_service.client().get(PATH).status_code == 401
