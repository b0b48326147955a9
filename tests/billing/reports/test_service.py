"""Reports of what was really metered, and how large they may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from billing.catalog.prices import GIB
from billing.reports import service
from billing.reports.errors import ReportTooLargeError
from billing.reports.pdf import PdfRenderer
from billing.reports.report import DailyReport
from billing.reports.service import ReportService
from control_plane.kit.scope import Scope
from tests.billing.reports.samples import many
from tests.fixtures.billing import Billing, message

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOON.date()
YESTERDAY = TODAY - timedelta(days=1)


def daily(billing: Billing, organization: str, cluster_id: str | None = None) -> DailyReport:
    reports = ReportService(billing.costs, PdfRenderer(), billing.clock)
    with billing.database.snapshot() as session:
        return reports.daily(session, Scope(organization), "Mill", TODAY, cluster_id)


def test_a_report_holds_its_day_and_the_month_up_to_it(billing: Billing) -> None:
    owner = billing.organization()
    billing.deliver(
        message(owner, NOON - timedelta(minutes=2), bytes_in=GIB),
        message(owner, NOON - timedelta(minutes=2), cluster_id="lkc_audit", bytes_out=GIB),
        message(owner, NOON - timedelta(days=1), number=2, bytes_in=GIB),
        message(owner, NOON - timedelta(days=30), number=3, bytes_in=GIB),
        message(billing.organization(), NOON, cluster_id="lkc_foreign", bytes_in=GIB),
    )
    report = daily(billing, owner)
    assert [one.cluster_id for one in report.clusters] == ["lkc_audit", "lkc_orders"]
    assert (report.total_micros, report.month_to_date_micros) == (35_000, 55_000)
    assert (report.is_final, report.metered_through) == (False, NOON - timedelta(minutes=1))
    one = daily(billing, owner, "lkc_audit")
    assert (one.total_micros, one.month_to_date_micros) == (15_000, 15_000)
    assert one.subject.cluster_id == "lkc_audit"


def test_what_is_not_there_or_not_ours_costs_nothing(sqlite_billing: Billing) -> None:
    owner = sqlite_billing.organization()
    other = sqlite_billing.organization()
    sqlite_billing.deliver(message(owner, NOON, bytes_in=GIB))
    for cluster_id in ("lkc_orders", "lkc_absent"):
        report = daily(sqlite_billing, other, cluster_id)
        assert (report.clusters, report.total_micros) == ((), 0)


def test_a_report_with_too_many_lines_is_refused_in_forms_for_people(
    sqlite_billing: Billing, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = ReportService(sqlite_billing.costs, PdfRenderer(), sqlite_billing.clock)
    monkeypatch.setattr(service, "PAGE_LINES_MAX", 10)
    monkeypatch.setattr(service, "DOCUMENT_LINES_MAX", 10)
    assert reports.page(many(2)).startswith("<!doctype html>")
    assert reports.document(many(2)).startswith(b"%PDF-")
    for render in (reports.page, reports.document):
        with pytest.raises(ReportTooLargeError, match="15 lines"):
            render(many(3))
