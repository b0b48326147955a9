"""What the SDK asks for costs, and that no amount passes through a float."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from headrace import Client
from headrace.resources.billing import Gigabytes
from tests.sdk.conftest import ScriptedServer

DAY = date(2026, 11, 22)


def client_of(server: ScriptedServer) -> Client:
    return Client(server.url, "hrs_key")


def cost(identity: str, amount: str) -> dict[str, Any]:
    return {
        "id": identity,
        "start_date": "2026-11-22",
        "end_date": "2026-11-23",
        "granularity": "DAILY",
        "product": "KAFKA",
        "resource": {"id": "lkc_a", "display_name": "orders"},
        "plan": "dev",
        "line_type": "KAFKA_NETWORK_WRITE",
        "quantity": "0.1",
        "unit": "GB",
        "base_quantity": "107374182",
        "base_unit": "byte",
        "base_units_per_unit": "1073741824",
        "price": "0.020000",
        "amount": amount,
        "currency": "USD",
        "price_book_version": 1,
    }


def test_costs_fetch_their_pages_and_are_exact(server: ScriptedServer) -> None:
    server.will_answer(200, {"data": [cost("a", "0.100000")], "next_page_token": "t 1"})
    server.will_answer(200, {"data": [cost("b", "0.200000")], "next_page_token": None})

    with client_of(server) as client:
        lines = list(client.billing.costs(DAY, date(2026, 11, 23), "lkc_a"))

    assert sum(line.amount for line in lines) == Decimal("0.3")
    assert (lines[0].start_date, lines[0].as_dict()["amount"]) == (DAY, "0.100000")
    first, second = (asked.path for asked in server.asked)
    assert first == (
        "/v1/billing/costs?page_size=1000&start_date=2026-11-22&end_date=2026-11-23"
        "&cluster_id=lkc_a"
    )
    assert second == f"{first}&page_token=t+1"


@pytest.mark.parametrize(
    ("given", "sent"), [(2, 2), ("2.5", "2.5"), (Decimal("1E+2"), "100"), (Decimal("0.10"), "0.10")]
)
def test_gigabytes_are_sent_exactly(server: ScriptedServer, given: Gigabytes, sent: object) -> None:
    preview: dict[str, Any] = {
        "plan": "dev",
        "currency": "USD",
        "price_book_version": 1,
        "lines": [],
        "per_day": "0.060000",
        "per_30_days": "1.800000",
        "daily_cap": "1.000000",
        "is_capped": False,
        "per_day_uncapped": "0.060000",
    }
    server.will_answer(201, preview)

    with client_of(server) as client:
        found = client.billing.price_preview(gb_in_per_day=given)

    assert found.per_day == Decimal("0.06")
    assert json.loads(server.asked[0].body)["gb_in_per_day"] == sent


def test_a_report_is_the_bytes_that_came(server: ScriptedServer) -> None:
    server.will_answer(200, b"%PDF-1.7 \xff")

    with client_of(server) as client:
        assert client.billing.daily_report_file("pdf", DAY) == b"%PDF-1.7 \xff"

    assert server.asked[0].path == "/v1/billing/reports/daily?date=2026-11-22&format=pdf"


def test_usage_is_asked_for_a_period(server: ScriptedServer) -> None:
    totals = dict.fromkeys(
        (
            "bytes_in",
            "records_in",
            "bytes_out",
            "produce_requests",
            "read_requests",
            "requests",
            "running_ms",
            "stored_byte_seconds",
            "stored_bytes",
            "partitions",
            "connections",
        ),
        7,
    )
    answer: dict[str, Any] = {
        "cluster_id": "lkc_a",
        "start": "2026-11-22T00:00:00Z",
        "end": "2026-11-22T10:00:00Z",
        "granularity": "hour",
        "group_by": "topic",
        "collected_until": None,
        "data": [],
        "totals": totals,
    }
    server.will_answer(200, answer)

    with client_of(server) as client:
        end = datetime(2026, 11, 22, 10, tzinfo=UTC)
        found = client.clusters.usage("lkc_a", DAY, end, group_by="topic")

    assert (found.totals.bytes_in, found.collected_until) == (7, None)
    assert server.asked[0].path == (
        "/v1/clusters/lkc_a/usage?start=2026-11-22&end=2026-11-22T10%3A00%3A00%2B00%3A00"
        "&granularity=hour&group_by=topic"
    )
