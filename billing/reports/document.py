"""What the printed document says: plain texts, laid out by the template `daily.typ`. Pure."""

from __future__ import annotations

from billing.money import micros_text
from billing.periods import HOURS_PER_DAY
from billing.rating.rate import RatedLine
from billing.reports import chart, wording
from billing.reports.chart import CLASSES, LIGHT, HourlyChart
from billing.reports.markup import to_xml
from billing.reports.report import (
    DailyReport,
    ReportedCluster,
    by_line_type,
    hourly_by_line_type,
)

Json = str | int | bool | list["Json"] | dict[str, "Json"]

CHART_WIDTH = 720


def document(report: DailyReport) -> dict[str, Json]:
    """The template's input.

    Nothing in it is markup but the chart, and that holds no text of anybody else.
    """
    series = hourly_by_line_type(report)
    drawn = HourlyChart(
        name="hours",
        currency=report.currency,
        series=series,
        hours_begun=report.hours_begun,
        width=CHART_WIDTH,
    )
    legend: list[Json] = [
        {"color": LIGHT[CLASSES[line_type]], "name": wording.description(line_type)}
        for line_type in series
    ]
    if report.hours_begun < HOURS_PER_DAY:
        legend.append({"color": LIGHT["pending"], "name": "Still to come"})
    return {
        "title": wording.TITLE,
        "subject": wording.subject(report),
        "organization_id": report.subject.organization_id,
        "date": report.day.isoformat(),
        "long_date": wording.long_date(report.day),
        "is_final": report.is_final,
        "state": wording.state(report),
        "currency": report.currency,
        "total": str(report.money(report.total_micros)),
        "month": f"{wording.month(report.day)} to this day",
        "month_to_date": str(report.money(report.month_to_date_micros)),
        "caps": wording.cap_state(report),
        "chart": to_xml(chart.draw(drawn)),
        "chart_text": chart.describe(drawn),
        "legend": legend,
        "line_types": _line_types(report),
        "line_types_total": micros_text(report.total_micros),
        "clusters": [_cluster(report, cluster) for cluster in report.clusters],
        "rounding": wording.ROUNDING,
        "units": wording.UNITS,
        "provenance": wording.provenance(report),
    }


def _line_types(report: DailyReport) -> list[Json]:
    return [
        {"name": wording.description(line_type), "amount": micros_text(micros)}
        for line_type, micros in by_line_type(report).items()
    ]


def _cluster(report: DailyReport, cluster: ReportedCluster) -> dict[str, Json]:
    return {
        "name": cluster.name,
        "id": cluster.cluster_id,
        "plan": cluster.plan,
        "lines": [_line(line) for line in cluster.lines],
        "total": micros_text(cluster.total_micros),
        "cap": wording.cluster_cap(cluster, report.currency),
    }


def _line(line: RatedLine) -> dict[str, Json]:
    return {
        "name": wording.description(line.line_type),
        "quantity": wording.quantity(line),
        "unit": wording.unit(line),
        "price": wording.price(line),
        "amount": micros_text(line.amount_micros),
    }
