"""What a cluster used, from its own broker to the command line: usage first, then its cost."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator
from decimal import Decimal
from typing import Any

import pytest

from tests.fixtures.waiting import eventually
from tests.sdk.conftest import Run, json_of
from tools.running_service import RunningService, start_service
from tools.utc_days import two_days

pytestmark = pytest.mark.xdist_group("sdk")

RECORDS = 300
QUICK = {"HEADRACE_USAGE_WINDOW_SECONDS": "1", "HEADRACE_USAGE_COLLECT_SECONDS": "1"}


@pytest.fixture(scope="module")
def running_service(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningService]:
    """A service that counts by the second; `run` of this file talks to it."""
    with start_service(tmp_path_factory.mktemp("usage"), variables=QUICK) as running:
        running.command("cluster", "create", "orders")
        for topic in ("placed", "shipped"):
            running.command("topic", "create", topic, "--cluster", "orders")
        yield running


def totals(run: Run) -> dict[str, Any]:
    return json_of(run("usage", "orders", *period(), "-o", "json"))["totals"]


def period() -> tuple[str, ...]:
    start, end = two_days()
    return ("--start", start.isoformat(), "--end", end.isoformat())


def test_what_was_produced_and_consumed_is_used_and_then_costs(run: Run) -> None:
    lines = "".join(f"line {number}\n" for number in range(RECORDS))
    for topic in ("placed", "shipped"):
        assert run("produce", topic, "--cluster", "orders", given=lines).returncode == 0
    assert run("consume", "placed", "--cluster", "orders").stdout == lines
    eventually(lambda: totals(run)["records_in"] == 2 * RECORDS)
    eventually(lambda: totals(run)["bytes_out"] > 0)
    used = totals(run)

    rows = csv.DictReader(io.StringIO(run("usage", "orders", *period(), "-o", "csv").stdout))
    assert sum(int(row["bytes_in"]) for row in rows) == used["bytes_in"]

    by_topic = json_of(
        run("usage", "orders", *period(), "--group-by", "topic", "--granularity", "day", "-ojson")
    )
    records: dict[str, int] = {}
    for item in by_topic["data"]:
        records[item["topic"]] = records.get(item["topic"], 0) + item["records_in"]
    assert records == {"placed": RECORDS, "shipped": RECORDS}

    table = run("usage", "orders", *period(), "--group-by", "principal")
    assert "User:hk_" in table.stdout
    assert table.stderr.startswith(f"{used['bytes_in']} bytes in, ")

    def charged() -> list[Decimal]:
        found = json_of(run("cost", *period(), "-o", "json"))
        return [
            Decimal(line["base_quantity"])
            for line in found
            if line["line_type"] == "KAFKA_NETWORK_WRITE"
        ]

    eventually(lambda: sum(charged()) == used["bytes_in"])


def test_what_a_cluster_does_is_shown_over_time_and_now(run: Run) -> None:
    assert run("produce", "placed", "--cluster", "orders", given="one\n").returncode == 0

    def stored() -> list[float]:
        found = json_of(run("cluster", "metrics", "orders", "--name", "stored_bytes", "-o", "json"))
        assert [one["name"] for one in found["series"]] == ["stored_bytes"]
        return [value for value in found["series"][0]["values"] if value]

    eventually(stored)
    table = run("cluster", "metrics", "orders")
    assert "BYTES_IN_PER_SECOND" in table.stdout
    assert table.stderr.startswith("steps of 10 s until ")
    (row,) = json_of(run("cluster", "top", "-o", "json"))
    assert row["name"] == "orders"
    assert row["values"]["stored_bytes"] > 0
    nobody = json_of(run("group", "metrics", "nobody", "--cluster", "orders", "-o", "json"))
    assert {value for one in nobody["series"] for value in one["values"]} == {None}


def test_exit_codes_tell_what_went_wrong(run: Run) -> None:
    cases = {
        ("usage",): 2,
        ("usage", "no-such-name"): 3,
        ("usage", "lkc_none"): 3,
        ("usage", "orders", "--start", "soon"): 2,
        ("usage", "orders", "--start", "2026-11-22T10:00:00"): 2,
        ("usage", "orders", "--group-by", "colour"): 2,
        ("cluster", "metrics", "orders", "--name", "colour"): 2,
        ("cluster", "metrics", "orders", "--step", "15"): 2,
        ("cluster", "metrics", "orders", "--from", "2001-01-01"): 1,
        ("usage", "orders", "--start", "2026-11-22", "--end", "2026-11-21"): 1,
        ("usage", "orders", "--start", "2026-11-22T10:00:00Z", "--end", "2026-11-22T12:00:00Z"): 0,
    }
    assert {arguments: run(*arguments).returncode for arguments in cases} == cases
