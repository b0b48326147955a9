"""Daily reports of what an organization, or one cluster of it, cost."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from billing.costs.service import CostService, DayRange
from billing.reports import html
from billing.reports.errors import ReportTooLargeError
from billing.reports.pdf import PdfRenderer
from billing.reports.report import DailyReport, Subject, daily_report
from control_plane.kit.clock import Clock
from control_plane.kit.scope import Scope

PAGE_LINES_MAX = 20_000
DOCUMENT_LINES_MAX = 2_500
"""A PDF takes several times the memory and time of a page."""


class ReportService:
    """Puts reports together, and lays them out for people: outside of any transaction."""

    def __init__(self, costs: CostService, pdf: PdfRenderer, clock: Clock) -> None:
        self._costs = costs
        self._clock = clock
        self._pdf = pdf

    def daily(
        self,
        session: Session,
        scope: Scope,
        organization_name: str,
        day: date,
        cluster_id: str | None = None,
    ) -> DailyReport:
        """Return the report of a UTC day; a day without usage has no clusters.

        Raises PriceBookMissingError for a day before the first price book.
        """
        subject = Subject(
            organization_id=scope.organization_id,
            organization_name=organization_name,
            cluster_id=cluster_id,
        )
        spend = self._costs.spend(session, scope, day, cluster_id)
        lines = self._costs.lines(
            session, scope, DayRange(day, day + timedelta(days=1)), cluster_id
        )
        return daily_report(subject, spend, lines, self._clock.now())

    def page(self, report: DailyReport) -> str:
        """Return the report as HTML; raises ReportTooLargeError."""
        _require_lines(report, PAGE_LINES_MAX)
        return html.render(report)

    def document(self, report: DailyReport) -> bytes:
        """Return the report as PDF.

        Raises ReportTooLargeError, ReportBusyError and ReportTimeoutError.
        """
        _require_lines(report, DOCUMENT_LINES_MAX)
        return self._pdf.render(report)


def _require_lines(report: DailyReport, lines_max: int) -> None:
    if report.line_count > lines_max:
        raise ReportTooLargeError(
            f"the report has {report.line_count} lines, in this form it can have {lines_max}",
            advice="ask for one cluster by cluster_id, or for format=csv",
        )
