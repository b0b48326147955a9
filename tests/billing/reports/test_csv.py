"""The rows that bookkeepers and programs read: complete, exact, and nothing that computes."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

import pytest

from billing.reports import csv as report_csv
from tests.billing.reports.samples import BUSY, HOSTILE, cluster_day, full, report, so_far, steady

GOLDEN = (
    "date,organization_id,cluster_id,cluster_name,plan,line_type,quantity,unit,base_quantity,"
    "base_unit,base_units_per_unit,price,amount,currency,price_book_version,is_final,"
    "metered_through\r\n"
    "2026-11-22,org_4q8x0n1w2e3r5t6y,lkc_0000000000000002,telemetry,dev,KAFKA_BASE,24,hour,"
    "86400000,millisecond,3600000,0.000000,0.000000,USD,1,true,2026-11-23T00:00:00.000000Z\r\n"
    "2026-11-22,org_4q8x0n1w2e3r5t6y,lkc_0000000000000002,telemetry,dev,KAFKA_NETWORK_WRITE,48,GB,"
    "51539607552,byte,1073741824,0.020000,0.960000,USD,1,true,2026-11-23T00:00:00.000000Z\r\n"
    "2026-11-22,org_4q8x0n1w2e3r5t6y,lkc_0000000000000002,telemetry,dev,KAFKA_NETWORK_READ,36,GB,"
    "38654705664,byte,1073741824,0.015000,0.540000,USD,1,true,2026-11-23T00:00:00.000000Z\r\n"
    "2026-11-22,org_4q8x0n1w2e3r5t6y,lkc_0000000000000002,telemetry,dev,KAFKA_STORAGE,10,GB-day,"
    "927712935936000,byte-second,92771293593600,0.001000,0.010000,USD,1,true,"
    "2026-11-23T00:00:00.000000Z\r\n"
    "2026-11-22,org_4q8x0n1w2e3r5t6y,lkc_0000000000000002,telemetry,dev,KAFKA_PARTITION,720,"
    "partition-hour,2592000000,partition-millisecond,3600000,0.000050,0.036000,USD,1,true,"
    "2026-11-23T00:00:00.000000Z\r\n"
    "2026-11-22,org_4q8x0n1w2e3r5t6y,lkc_0000000000000002,telemetry,dev,KAFKA_DAILY_CAP,1,day,1,"
    "day,1,-0.546000,-0.546000,USD,1,true,2026-11-23T00:00:00.000000Z\r\n"
)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_rows_of_a_capped_day() -> None:
    assert report_csv.render(report(BUSY)) == GOLDEN


def test_amounts_can_be_computed_again_from_each_row_alone() -> None:
    found = rows(report_csv.render(full()))
    assert len(found) == 11
    for row in found:
        exact = Fraction(row["price"]) * int(row["base_quantity"]) / int(row["base_units_per_unit"])
        assert abs(Fraction(row["amount"]) - exact) <= Fraction(1, 2_000_000)
    assert sum(Fraction(row["amount"]) for row in found) == Fraction(full().total_micros, 10**6)


def test_a_day_that_goes_on_is_marked() -> None:
    found = rows(report_csv.render(so_far()))
    assert {row["is_final"] for row in found} == {"false"}
    assert {row["metered_through"] for row in found} == {"2026-11-22T14:20:00.000000Z"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_never_becomes_a_formula(start: str) -> None:
    name = f'{start}cmd|"/c calc"!A1,\r\nx'
    named = report(cluster_day(name, 1, written=steady(1), read=steady(0)))
    assert {row["cluster_name"] for row in rows(report_csv.render(named))} == {f"'{name}"}


def test_other_names_stay_as_they_are() -> None:
    assert report_csv.harmless("orders-1") == "orders-1"
    assert report_csv.harmless(HOSTILE) == f"'{HOSTILE}"


def test_a_day_without_usage_is_a_header() -> None:
    assert rows(report_csv.render(report())) == []
    assert report_csv.render(report()) == ",".join(report_csv.COLUMNS) + "\r\n"
