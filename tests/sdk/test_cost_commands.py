"""What things cost, as people and scripts ask for it, from the service's own metering."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader

from billing.catalog.prices import GIB
from headrace import Client
from tests.fixtures.billing import message
from tests.fixtures.published_usage import publish_usage
from tests.fixtures.waiting import eventually
from tests.sdk.conftest import SECONDS_MAX, Run, json_of
from tools.paths import venv_tool
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("sdk")

DAY = date(2026, 11, 20)
NEXT_DAY = DAY + timedelta(days=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = ("--start", DAY.isoformat(), "--end", NEXT_DAY.isoformat())


@pytest.fixture(scope="module")
def payer(running_service: RunningService) -> Generator[Client]:
    """An organization of its own whose two clusters used something on a day that is over."""
    made = running_service.operator_command("organization", "create", "Lock & Weir")
    run_id = uuid4().hex
    orders, audit = f"lkc_orders{run_id[:9]}", f"lkc_audit{run_id[:10]}"
    publish_usage(
        running_service,
        message(made["id"], NOON, cluster_id=orders, bytes_in=GIB, bytes_out=2 * GIB),
        message(
            made["id"],
            NOON,
            cluster_id=audit,
            cluster_name="=HYPERLINK()",
            bytes_in=100 * GIB,
        ),
    )
    with Client(running_service.ready.api_url, made["api_key"]) as client:
        eventually(lambda: len(list(client.billing.costs(DAY, NEXT_DAY))) == 6)
        yield client


@pytest.fixture(scope="module")
def payer_key(payer: Client) -> str:
    key = payer.api_keys.create("test").secret
    assert key is not None
    return key


@pytest.fixture
def costs_run(run: Run, payer_key: str) -> Run:
    """The command line of the organization that pays."""

    def run_as_payer(*arguments: str, **changed: str) -> Any:
        return run(*arguments, **({"HEADRACE_API_KEY": payer_key} | changed))

    return run_as_payer


def test_lines_as_table_json_and_csv(costs_run: Run) -> None:
    table = costs_run("cost", *DAYS)
    assert "KAFKA_NETWORK_WRITE" in table.stdout
    assert "orders" in table.stdout
    assert table.stderr == "total 1.050000 USD\n"

    lines = json_of(costs_run("cost", *DAYS, "-o", "json"))
    assert sum(Decimal(line["amount"]) for line in lines) == Decimal("1.05")
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)

    rows = list(csv.DictReader(io.StringIO(costs_run("cost", *DAYS, "-o", "csv").stdout)))
    assert [row["amount"] for row in rows] == [line["amount"] for line in lines]
    assert [row["base_quantity"] for row in rows] == [line["base_quantity"] for line in lines]
    assert {row["resource.display_name"] for row in rows} == {"orders", "'=HYPERLINK()"}


def test_one_cluster_of_it(costs_run: Run, payer: Client) -> None:
    lines = list(payer.billing.costs(DAY, NEXT_DAY))
    wanted = lines[-1].resource.id
    found = json_of(costs_run("-o", "json", "cost", *DAYS, "--cluster", wanted))
    assert {line["resource"]["id"] for line in found} == {wanted}
    ids = costs_run("cost", *DAYS, "--cluster", wanted, "-q").stdout.splitlines()
    assert ids == [line["id"] for line in found]
    nothing = costs_run("cost", *DAYS, "--cluster", "lkc_none")
    assert (nothing.returncode, nothing.stderr) == (0, "nothing was used\n")


def test_reports_are_written_in_the_form_that_the_file_names(
    costs_run: Run, tmp_path: Path
) -> None:
    day = ("--date", DAY.isoformat())
    for name in ("r.pdf", "r.html", "r.csv", "r.json"):
        done = costs_run("cost", "report", *day, "--out", str(tmp_path / name))
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert name in done.stderr
    text = PdfReader(tmp_path / "r.pdf").pages[0].extract_text()
    assert "Lock & Weir" in text
    assert "1.050000 USD" in text
    assert "Lock &amp; Weir" in (tmp_path / "r.html").read_text("utf-8")
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["amount"] == "1.050000"
    written = (tmp_path / "r.csv").read_bytes()
    assert written.count(b"\r\n") == 7

    assert costs_run("cost", "report", *day, "--format", "csv").stdout.encode() == written.replace(
        b"\r\n", b"\n"
    )
    said = json_of(
        costs_run("cost", "report", *day, "--out", str(tmp_path / "x"), "--format", "pdf", "-ojson")
    )
    assert (said["format"], said["bytes"]) == ("pdf", (tmp_path / "x").stat().st_size)


def test_a_preview_is_the_price_of_the_same_use(costs_run: Run) -> None:
    use = ("--plan", "dev", "--in", "1", "--out", "2", "--stored", "10", "--partitions", "30")
    found = json_of(costs_run("cost", "preview", *use, "-o", "json"))
    assert (found["per_day"], found["per_30_days"], found["is_capped"]) == (
        "0.060000",
        "1.800000",
        False,
    )
    table = costs_run("cost", "preview", *use).stdout
    assert "0.060000" in table
    assert "KAFKA_STORAGE" in table
    assert costs_run("cost", "preview", *use, "-q").stdout == "0.060000\n"
    rows = list(csv.DictReader(io.StringIO(costs_run("cost", "preview", *use, "-ocsv").stdout)))
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("0.06")
    assert json_of(costs_run("cost", "preview", "--in", "0.5", "-ojson"))["per_day"] == "0.010000"


def test_prices_name_every_plan(costs_run: Run) -> None:
    table = costs_run("cost", "prices")
    assert "KAFKA_PARTITION" in table.stdout
    assert "price book version 2" in table.stderr
    book = json_of(costs_run("cost", "prices", "-ojson"))
    assert {"dev", "standard", "pro"} <= {plan["plan"] for plan in book["plans"]}
    rows = list(csv.DictReader(io.StringIO(costs_run("cost", "prices", "-ocsv").stdout)))
    assert {(row["plan"], row["line_type"]): row["price"] for row in rows} == {
        (plan["plan"], price["line_type"]): price["price"]
        for plan in book["plans"]
        for price in plan["prices"]
    }


def test_exit_codes_tell_what_went_wrong(costs_run: Run, tmp_path: Path) -> None:
    cases = {
        ("cost", "--start", "yesterday"): 2,
        ("cost", "--start", "2026-11-20", "--end", "2026-11-20"): 1,
        ("cost", "--start", "2026-11-20", "prices"): 2,
        ("cost", "--cluster", "no-such-name"): 3,
        ("cost", "report", "--date", "2026-11-31"): 2,
        ("cost", "report", "--format", "xlsx"): 2,
        ("cost", "report", "--out", str(tmp_path / "report.xlsx")): 2,
        ("cost", "report", "--out", str(tmp_path / "none" / "r.csv")): 1,
        ("cost", "report", "--date", "2020-01-01"): 1,
        ("cost", "preview", "--plan", "platinum"): 1,
        ("cost", "preview", "--in", "much"): 1,
        ("cost", "preview", "--partitions", "-1"): 2,
        ("cost", "nonsense"): 2,
    }
    assert {arguments: costs_run(*arguments).returncode for arguments in cases} == cases
    assert costs_run("cost", HEADRACE_API_KEY="wrong").returncode == 4
    refused = costs_run("cost", "preview", "--plan", "platinum")
    assert "plan_unpriced" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_pdf_is_not_thrown_at_a_terminal(environment: dict[str, str], payer_key: str) -> None:
    screen, terminal = os.openpty()
    try:
        done = subprocess.run(
            [str(venv_tool("headrace")), "cost", "report", "--format", "pdf"],
            env=environment | {"HEADRACE_API_KEY": payer_key},
            stdout=terminal,
            stderr=subprocess.PIPE,
            timeout=SECONDS_MAX,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(screen)
    assert done.returncode == 2
    assert b"name a file" in done.stderr
