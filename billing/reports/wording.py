"""The words and figures that every form of a report uses alike. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from billing.catalog.prices import DAILY_CAP_LINE_TYPE, LINE_TYPES, Meter
from billing.money import Money, micros_text
from billing.rating.quantities import QUANTITY_PLACES, quantity_text
from billing.rating.rate import RatedLine
from billing.reports.report import DailyReport, ReportedCluster, is_cap

PERCENT = 100

TITLE = "Daily cost report"

DESCRIPTIONS: Mapping[str, str] = {
    LINE_TYPES[Meter.BASE]: "Cluster running",
    LINE_TYPES[Meter.NETWORK_WRITE]: "Data in",
    LINE_TYPES[Meter.NETWORK_READ]: "Data out",
    LINE_TYPES[Meter.STORAGE]: "Data stored",
    LINE_TYPES[Meter.PARTITION]: "Partitions beyond those included",
    DAILY_CAP_LINE_TYPE: "Daily cap",
}

ROUNDING = (
    "Every amount is quantity times price, rounded once for a cluster's whole day and line to six"
    " places, halves away from zero. Quantities are shown rounded to"
    f" {QUANTITY_PLACES} places; amounts are computed from the exact ones, which the CSV and JSON"
    " forms of this report name."
    " Hours share a day's amount by largest remainder, so that they add up to it."
)
LATE = "Usage that a cluster reports late is added to the hour it belongs to."
COUNTED_BY_LOOKING = frozenset({"ha"})
"""Plans whose brokers keep no usage windows of their own (docs/apache-kafka.md)."""

LOOKING = (
    "What clusters of the plan ha were written is counted by their logs; what was read and kept is"
    " as it was seen once a minute or so. What a broker had sent since and then was killed is not"
    " charged."
)
UNITS = "GB is 2^30 bytes, GB-day one GB kept for 24 hours. Days and hours are UTC."


def quantity(line: RatedLine) -> str:
    """A line's quantity in its unit; a cap has none."""
    return "" if is_cap(line) else quantity_text(line.quantity, line.unit)


def unit(line: RatedLine) -> str:
    """The unit of a line's quantity; a cap has none."""
    return "" if is_cap(line) else line.unit.name


def description(line_type: str) -> str:
    """What a line type is called on a report; its own name if it has no other."""
    return DESCRIPTIONS.get(line_type, line_type)


def subject(report: DailyReport) -> str:
    """Whom the report is about."""
    organization = report.subject.organization_name
    if report.subject.cluster_id is None:
        return organization
    names = [cluster.name for cluster in report.clusters]
    return f"{names[0] if names else report.subject.cluster_id} of {organization}"


def long_date(day: date) -> str:
    """A day as people write it: `Sunday, 22 November 2026`."""
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def month(day: date) -> str:
    """The month of a day: `November 2026`."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def moment(at: datetime) -> str:
    """A moment in UTC, to the second: `2026-11-22 20:46:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def rfc3339(at: datetime) -> str:
    """A moment as programs read it, in UTC to the microsecond: `2026-11-22T20:46:00.000000Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def state(report: DailyReport) -> str:
    """Whether the figures still move, and up to when they count usage."""
    if report.is_final:
        return "Final: the day is over and its usage is metered."
    if report.metered_through is None:
        return "So far: no usage of the day is metered yet."
    return f"So far: usage is counted up to {moment(report.metered_through)}."


def provenance(report: DailyReport) -> str:
    """Which prices and which usage a report was made of."""
    through = report.metered_through
    metered = "none is metered" if through is None else f"metered up to {moment(through)}"
    is_looked_at = any(cluster.plan in COUNTED_BY_LOOKING for cluster in report.clusters)
    looking = f" {LOOKING}" if is_looked_at else ""
    return f"Price book version {report.price_book_version}. Usage: {metered}. {LATE}{looking}"


def cap_state(report: DailyReport) -> str:
    """How the report's clusters stand to their daily caps."""
    if report.capped_clusters == 0:
        return "No cluster reached its daily cap." if report.clusters else "No cluster was used."
    clusters = f"{report.capped_clusters} of {len(report.clusters)} clusters"
    if len(report.clusters) == 1:
        clusters = "The cluster"
    spared = report.money(report.spared_micros)
    return f"{clusters} reached the daily cap: {spared} are not charged."


def cluster_cap(cluster: ReportedCluster, currency: str) -> str:
    """How one cluster stands to its daily cap."""
    cap = Money(cluster.daily_cap_micros, currency)
    if cluster.is_capped:
        spared = Money(cluster.spared_micros, currency)
        return f"Daily cap of {cap} reached: {spared} are not charged."
    if cluster.daily_cap_micros == 0:
        return f"Daily cap {cap}."
    used = cluster.total_micros * PERCENT // cluster.daily_cap_micros
    return f"{used} % of the daily cap of {cap}."


def price(line: RatedLine) -> str:
    """The price of one unit; a cap has none."""
    return "" if is_cap(line) else micros_text(line.price_micros)


def hour(number: int) -> str:
    """One hour of a day: `14:00-15:00`."""
    return f"{number:02}:00\N{EN DASH}{number + 1:02}:00"


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""Written out because strftime's names follow the locale of the process."""
