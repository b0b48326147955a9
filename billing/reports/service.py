"""Daily reports of what an organization, or one cluster of it, cost."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from billing.costs.service import CostService, DayRange
from billing.reports.pdf import PdfRenderer
from billing.reports.report import DailyReport, Subject, daily_report
from control_plane.kit.scope import Scope


class ReportService:
    """Puts reports together; `pdf` prints them, outside of any transaction."""

    def __init__(self, costs: CostService, pdf: PdfRenderer) -> None:
        self._costs = costs
        self.pdf = pdf

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
        return daily_report(subject, spend, lines)
