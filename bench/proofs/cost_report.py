"""What is billed is what was used: a bill of real clusters, recomputed without billing's code."""

from __future__ import annotations

import csv
import io
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from bench.proofs.bills import (
    UNIT_SIZES,
    Key,
    Prices,
    Window,
    day_of,
    differences,
    micros,
    recompute,
)
from bench.proofs.load import TOPIC, client_settings, read_all, write
from bench.proofs.report import Finding
from tools.running_service import RunningService, start_service
from tools.utc_days import two_days

WINDOW_SECONDS = 2
COLLECT_SECONDS = 1
QUICK = {
    "HEADRACE_USAGE_WINDOW_SECONDS": str(WINDOW_SECONDS),
    "HEADRACE_USAGE_COLLECT_SECONDS": str(COLLECT_SECONDS),
}
PAGE_SIZE = 4
VALUE_BYTES = 10_000
# A millionth more on a price shows only where a unit and more was used: 1.5 GB are read.
RECORDS, READERS = 50_000, 3
RECORDS_OF_OTHERS = 3_000
PARTITIONS_BEYOND = 150
KILLS, KILL_AFTER_SECONDS = 5, 2.5
LAG_SECONDS_MAX = 120
WAIT_SECONDS_MAX = 180
POLL_SECONDS = 0.5


def prove() -> Finding:
    """Bill a cluster of every plan and recompute; then see how late a cost is."""
    with (
        tempfile.TemporaryDirectory() as directory,
        start_service(Path(directory), variables=QUICK) as service,
    ):
        plans = use_clusters(service)
        windows = settled_windows(service, plans)
        days = sorted({day_of(window) for window in windows})
        with service.http() as http:
            prices = read_prices(http)
            billed = read_costs(http, days)
            reported = read_reports(http, days)
            spent = sum(read_spend(http, day) for day in days)
    with tempfile.TemporaryDirectory() as directory, start_service(Path(directory)) as service:
        lag_seconds = seconds_until_billed(service)
    expected = recompute(windows, plans, prices)
    read, dev = "KAFKA_NETWORK_READ", prices["dev"]
    dearer = replace(dev, micros={**dev.micros, read: dev.micros[read] + 1})
    fullest = max(windows, key=lambda window: window.bytes_in)
    controls = {
        "one price off by a millionth": recompute(windows, plans, {**prices, "dev": dearer}),
        "one window left out": recompute(
            [window for window in windows if window is not fullest], plans, prices
        ),
    }
    figures: dict[str, Any] = {
        "kills": KILLS,
        "clusters": len(plans),
        "windows": len(windows),
        "lines": len(expected),
        "bytes_in": sum(window.bytes_in for window in windows),
        "bytes_out": sum(window.bytes_out for window in windows),
        "billed_micros": sum(amount for _, amount in billed.values()),
        "recomputed_micros": sum(amount for _, amount in expected.values()),
        "spend_micros": spent,
        "lines_of_costs_that_differ": len(differences(expected, billed)),
        "lines_of_reports_that_differ": len(differences(expected, reported)),
        "lines_that_differ_in_controls": {
            name: len(differences(control, billed)) for name, control in controls.items()
        },
        "seconds_from_acknowledged_to_billed": round(lag_seconds, 1),
    }
    return Finding(
        figures=figures,
        bar={
            "lines_that_differ": 0,
            "kills": KILLS,
            "clusters": 3,
            "line_types": sorted(UNIT_SIZES),
            "seconds_from_acknowledged_to_billed_max": LAG_SECONDS_MAX,
        },
        passed=not differences(expected, billed)
        and not differences(expected, reported)
        and figures["spend_micros"] == figures["recomputed_micros"]
        and figures["clusters"] == len({cluster for _, cluster, _ in expected})
        and {line_type for _, _, line_type in expected} == UNIT_SIZES.keys()
        and lag_seconds <= LAG_SECONDS_MAX,
        control_red=all(differences(control, billed) for control in controls.values()),
        notes=[
            f"usage windows of {WINDOW_SECONDS} s; the delay is measured with the defaults",
            "recomputed with fractions from the collector's windows and the published prices",
        ],
    )


def use_clusters(service: RunningService) -> dict[str, str]:
    """Use a cluster of every plan and delete them; their plans by id.

    While the last one is used, the process that collects and bills is killed again and again.
    """
    plans: dict[str, str] = {}
    for plan in ("standard", "pro", "dev"):
        with service.http() as http:
            cluster, settings = new_cluster(service, http, plan)
            if plan == "dev":
                post(http, f"/v1/clusters/{cluster}/topics", "wide", PARTITIONS_BEYOND)
        plans[cluster] = plan
        if plan == "dev":
            use_under_kills(service, settings)
        else:
            write(settings, VALUE_BYTES, RECORDS_OF_OTHERS)
            read_all(settings, RECORDS_OF_OTHERS)
        time.sleep(2 * WINDOW_SECONDS)
        with service.http() as http:
            http.delete(f"/v1/clusters/{cluster}").raise_for_status()
    return plans


def use_under_kills(service: RunningService, settings: dict[str, str]) -> None:
    """Write and read while the process that collects and bills is killed; its broker goes on."""

    def use() -> None:
        write(settings, VALUE_BYTES, RECORDS)
        for _ in range(READERS):
            read_all(settings, RECORDS)

    with ThreadPoolExecutor(1) as pool:
        used = pool.submit(use)
        for _ in range(KILLS):
            time.sleep(KILL_AFTER_SECONDS)
            service.restart_killed()
        used.result()


def new_cluster(
    service: RunningService, http: httpx2.Client, plan: str
) -> tuple[str, dict[str, str]]:
    """Make a cluster with a topic; its id, and how a client reaches it."""
    cluster = service.command("cluster", "create", f"bill-{plan}", "--plan", plan, "--wait")
    key = service.command("api-key", "create", "--cluster", cluster["id"])
    post(http, f"/v1/clusters/{cluster['id']}/topics", TOPIC, 3)
    return cluster["id"], client_settings(cluster, key)


def post(http: httpx2.Client, path: str, name: str, partitions: int) -> None:
    http.post(path, json={"name": name, "partitions": partitions}).raise_for_status()


def settled_windows(service: RunningService, plans: Mapping[str, str]) -> list[Window]:
    """The collector's windows of deleted clusters, once no message about them waits."""
    database = f"file:{service.data_dir / 'headrace.db'}?mode=ro"
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    connection = sqlite3.connect(database, uri=True)
    try:
        while True:
            (waiting,) = connection.execute("SELECT count(*) FROM outbox_messages").fetchone()
            rows = connection.execute(
                "SELECT cluster_id, started_at, ended_at, running_ms, bytes_in, bytes_out,"
                " stored_bytes, partitions FROM usage_windows"
            ).fetchall()
            if not waiting and {str(row[0]) for row in rows} == set(plans):
                return [window_of(row) for row in rows]
            assert time.monotonic() < deadline, f"{waiting} messages still wait"
            time.sleep(POLL_SECONDS)
    finally:
        connection.close()


def window_of(row: tuple[Any, ...]) -> Window:
    cluster_id, started, ended, running_ms, bytes_in, bytes_out, stored, partitions = row
    return Window(
        cluster_id=cluster_id,
        started_ms=milliseconds(started),
        ended_ms=milliseconds(ended),
        running_ms=running_ms,
        bytes_in=bytes_in,
        bytes_out=bytes_out,
        stored_bytes=stored,
        partitions=partitions,
    )


def milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def read_prices(http: httpx2.Client) -> dict[str, Prices]:
    book = get(http, "/v1/billing/prices")
    return {
        plan["plan"]: Prices(
            micros={price["line_type"]: micros(price["price"]) for price in plan["prices"]},
            included_partitions=plan["included_partitions"],
            cap_micros=micros(plan["daily_cap"]),
        )
        for plan in book["plans"]
    }


def read_costs(http: httpx2.Client, days: list[str]) -> dict[Key, tuple[int, int]]:
    """The costs API's lines, page by page."""
    end = datetime.fromordinal(datetime.fromisoformat(days[-1]).toordinal() + 1).date()
    span: dict[str, Any] = {"start_date": days[0], "end_date": end, "page_size": PAGE_SIZE}
    bill: dict[Key, tuple[int, int]] = {}
    for line in pages(http, "/v1/billing/costs", span):
        key = (line["start_date"], line["resource"]["id"], line["line_type"])
        assert key not in bill, f"{key} came twice"
        bill[key] = (int(line["base_quantity"]), micros(line["amount"]))
    return bill


def pages(http: httpx2.Client, path: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    token = None
    while True:
        page = get(http, path, parameters | ({"page_token": token} if token else {}))
        yield from page["data"]
        token = page["next_page_token"]
        if token is None:
            return


def read_reports(http: httpx2.Client, days: list[str]) -> dict[Key, tuple[int, int]]:
    """The rows of the daily reports as CSV."""
    bill: dict[Key, tuple[int, int]] = {}
    for day in days:
        answer = http.get("/v1/billing/reports/daily", params={"date": day, "format": "csv"})
        answer.raise_for_status()
        for row in csv.DictReader(io.StringIO(answer.text)):
            key = (row["date"], row["cluster_id"], row["line_type"])
            assert key not in bill, f"{key} came twice"
            bill[key] = (int(row["base_quantity"]), micros(row["amount"]))
    return bill


def read_spend(http: httpx2.Client, day: str) -> int:
    """The sum that is shown for a day, whose hours must add up to it."""
    spend = get(http, "/v1/billing/spend", {"date": day})
    assert sum(micros(hour["amount"]) for hour in spend["hours"]) == micros(spend["day_amount"])
    return micros(spend["day_amount"])


def get(http: httpx2.Client, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
    answer = http.get(path, params=dict(parameters or {}))
    answer.raise_for_status()
    return answer.json()


def seconds_until_billed(service: RunningService) -> float:
    """From the acknowledgement of a record to a cost that holds its bytes, all settings default."""
    with service.http() as http:
        _, settings = new_cluster(service, http, "dev")
        write(settings, VALUE_BYTES, 1)
        started = time.monotonic()
        while not any(line == "KAFKA_NETWORK_WRITE" for line in line_types(http)):
            assert time.monotonic() - started < WAIT_SECONDS_MAX, "it was never billed"
            time.sleep(POLL_SECONDS)
        return time.monotonic() - started


def line_types(http: httpx2.Client) -> set[str]:
    start, end = two_days()
    span = {"start_date": start, "end_date": end}
    return {line["line_type"] for line in get(http, "/v1/billing/costs", span)["data"]}
