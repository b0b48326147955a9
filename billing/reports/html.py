"""A report as one page that needs nothing else: no script, font or picture from elsewhere.

Every text enters through the tree of `markup`, so it is escaped when it is written.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from billing.catalog.prices import DAILY_CAP_LINE_TYPE
from billing.money import micros_text
from billing.periods import HOURS_PER_DAY
from billing.rating.rate import RatedLine
from billing.reports import chart, wording
from billing.reports.chart import CLASSES, HourlyChart
from billing.reports.markup import element, to_html
from billing.reports.report import (
    DailyReport,
    ReportedCluster,
    by_line_type,
    hourly_by_line_type,
    hourly_totals,
    is_cap,
)

STYLE = (Path(__file__).parent / "daily.css").read_text(encoding="utf-8")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""What the page is served under: its own style sheet, known by its hash, and nothing else."""

WIDTHS = {"wide": 960, "narrow": 380}
"""The chart is drawn twice, so that its texts stay legible on a phone; one of them is shown."""


def render(report: DailyReport) -> str:
    """The whole page, for screens light and dark and for paper."""
    title = f"{wording.TITLE}, {wording.subject(report)}, {report.day.isoformat()}"
    head = element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("title", {}, title),
        element("style", {}, STYLE),
    )
    body = element(
        "body",
        {},
        element("header", {}, *_heading(report)),
        element(
            "main",
            {},
            _summary(report),
            _chart(report),
            *_line_types(report),
            *(_cluster(report, cluster) for cluster in report.clusters),
            _hours(report),
        ),
        _footer(report),
    )
    return "<!doctype html>\n" + to_html(element("html", {"lang": "en"}, head, body)) + "\n"


def _heading(report: DailyReport) -> Iterator[Element]:
    yield element("p", {"class": "kind"}, wording.TITLE)
    yield element("h1", {}, wording.subject(report))
    yield element(
        "p",
        {"class": "day"},
        element("time", {"datetime": report.day.isoformat()}, wording.long_date(report.day)),
        " (UTC)",
    )
    state = "final" if report.is_final else "open"
    yield element("p", {"class": f"state {state}"}, wording.state(report))


def _summary(report: DailyReport) -> Element:
    return element(
        "dl",
        {"class": "summary"},
        _figure("Total of the day", str(report.money(report.total_micros))),
        _figure(
            f"{wording.month(report.day)} to this day",
            str(report.money(report.month_to_date_micros)),
        ),
        _figure("Daily caps", wording.cap_state(report), kind="words"),
    )


def _figure(name: str, value: str, kind: str = "amount") -> Element:
    return element("div", {}, element("dt", {}, name), element("dd", {"class": kind}, value))


def _chart(report: DailyReport) -> Element:
    series = hourly_by_line_type(report)
    drawn = [
        element(
            "div",
            {"class": name},
            chart.draw(
                HourlyChart(
                    name=name,
                    currency=report.currency,
                    series=series,
                    hours_begun=report.hours_begun,
                    width=width,
                )
            ),
        )
        for name, width in WIDTHS.items()
    ]
    legend = [
        element(
            "li",
            {},
            element("span", {"class": f"key {CLASSES[line_type]}"}),
            wording.description(line_type),
        )
        for line_type in series
    ]
    if report.hours_begun < HOURS_PER_DAY:
        text = "Still to come"
        legend.append(element("li", {}, element("span", {"class": "key pending"}), text))
    return element(
        "section",
        {},
        element("h2", {}, f"Hour by hour, {report.currency}"),
        *drawn,
        *([element("ul", {"class": "legend"}, *legend)] if legend else []),
    )


def _line_types(report: DailyReport) -> Iterator[Element]:
    """What all clusters together used; of a single one its own section says it."""
    if not report.clusters[1:]:
        return
    rows = [
        element(
            "tr",
            {"class": "cap"} if line_type == DAILY_CAP_LINE_TYPE else {},
            element("th", {"scope": "row"}, wording.description(line_type)),
            element("td", {}, micros_text(micros)),
        )
        for line_type, micros in by_line_type(report).items()
    ]
    table = element(
        "table",
        {},
        _table_head("Item", f"Amount, {report.currency}"),
        element("tbody", {}, *rows),
        _table_foot("Total", micros_text(report.total_micros), 2),
    )
    yield element("section", {}, element("h2", {}, "All clusters"), table)


def _cluster(report: DailyReport, cluster: ReportedCluster) -> Element:
    currency = report.currency
    table = element(
        "table",
        {},
        _table_head("Item", "Quantity", f"Price, {currency}", f"Amount, {currency}"),
        element("tbody", {}, *(_line(line) for line in cluster.lines)),
        _table_foot("Total", micros_text(cluster.total_micros), 4),
    )
    identity = element("code", {}, cluster.cluster_id)
    return element(
        "section",
        {},
        element("h2", {}, cluster.name),
        element("p", {"class": "note"}, identity, f", plan {cluster.plan}"),
        table,
        element("p", {"class": "note"}, wording.cluster_cap(cluster, currency)),
    )


def _line(line: RatedLine) -> Element:
    name = element("th", {"scope": "row"}, wording.description(line.line_type))
    charged = element("td", {}, micros_text(line.amount_micros))
    if is_cap(line):
        empty = element("td", {"colspan": "2"}, "")
        return element("tr", {"class": "cap"}, name, empty, charged)
    return element(
        "tr",
        {},
        name,
        element("td", {}, wording.quantity(line), " ", element("small", {}, wording.unit(line))),
        element("td", {}, wording.price(line)),
        charged,
    )


def _hours(report: DailyReport) -> Element:
    rows = [
        element(
            "tr",
            {},
            element("th", {"scope": "row"}, wording.hour(hour)),
            element("td", {}, micros_text(micros)),
        )
        for hour, micros in enumerate(hourly_totals(report))
    ]
    table = element(
        "table",
        {},
        _table_head("Hour (UTC)", f"Amount, {report.currency}"),
        element("tbody", {}, *rows),
    )
    return element("details", {}, element("summary", {}, "Hours in figures"), table)


def _table_head(first: str, *others: str) -> Element:
    cells = [element("th", {"scope": "col"}, name) for name in (first, *others)]
    return element("thead", {}, element("tr", {}, *cells))


def _table_foot(name: str, amount: str, columns: int) -> Element:
    label = element("th", {"scope": "row", "colspan": str(columns - 1)}, name)
    row = element("tr", {}, label, element("td", {}, amount))
    return element("tfoot", {}, row)


def _footer(report: DailyReport) -> Element:
    return element(
        "footer",
        {},
        element("p", {}, wording.ROUNDING),
        element("p", {}, wording.UNITS),
        element("p", {}, wording.provenance(report)),
        element("p", {}, "Organization ", element("code", {}, report.subject.organization_id), "."),
    )
