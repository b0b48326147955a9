"""A report as rows (RFC 4180), one for each line: what a bookkeeper or a program reads. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from billing.money import micros_text
from billing.rating.quantities import quantity_text
from billing.reports import wording
from billing.reports.report import DailyReport, ReportedCluster

COLUMNS = (
    "date",
    "organization_id",
    "cluster_id",
    "cluster_name",
    "plan",
    "line_type",
    "quantity",
    "unit",
    "base_quantity",
    "base_unit",
    "base_units_per_unit",
    "price",
    "amount",
    "currency",
    "price_book_version",
    "is_final",
    "metered_through",
)
"""`base_quantity` counts `base_unit`, of which `base_units_per_unit` make one `unit`; both are
integers, and `quantity` is the same in units, rounded for reading. `amount` is `base_quantity` x
`price` / `base_units_per_unit`, rounded once, half away from zero, to six places."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula (OWASP, CSV injection)."""


def render(report: DailyReport) -> str:
    """The rows under a header, with CRLF line ends; texts cannot become formulas."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for cluster in report.clusters:
        writer.writerows(_rows(report, cluster))
    return written.getvalue()


def _rows(report: DailyReport, cluster: ReportedCluster) -> Iterator[Sequence[str | int]]:
    through = report.metered_through
    for line in cluster.lines:
        yield (
            report.day.isoformat(),
            report.subject.organization_id,
            cluster.cluster_id,
            harmless(cluster.name),
            harmless(cluster.plan),
            line.line_type,
            quantity_text(line.quantity, line.unit),
            line.unit.name,
            line.quantity,
            line.unit.base,
            line.unit.size,
            micros_text(line.price_micros),
            micros_text(line.amount_micros),
            report.currency,
            line.price_book_version,
            "true" if report.is_final else "false",
            "" if through is None else wording.rfc3339(through),
        )


def harmless(text: str) -> str:
    """A text that no spreadsheet computes: with an apostrophe before what begins a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
