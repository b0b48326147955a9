"""Billing: what clusters cost, the prices, previews of both, and daily reports."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Literal

from headrace.costs import CostLine, CostPage, DailyReport, PriceBook, PricePreview, Spend
from headrace.transport import Request, Transport

PATH = "/v1/billing"
PAGE_SIZE = 1_000

Gigabytes = int | Decimal | str
"""Of 2^30 bytes; a text is a decimal such as `2.5`, and a float is refused: it is not exact."""

ReportFormat = Literal["html", "pdf", "csv", "json"]


class Billing:
    """What `client.billing` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def costs(
        self,
        start_date: date | None = None,
        end_date: date | None = None,
        cluster_id: str | None = None,
    ) -> Iterator[CostLine]:
        """Yield what was paid for from one day up to, not including, another.

        Without days it is the month so far, today included.
        """
        query = _query(
            page_size=PAGE_SIZE, start_date=start_date, end_date=end_date, cluster_id=cluster_id
        )
        while True:
            page = self._transport.get(f"{PATH}/costs", CostPage, query)
            yield from page.data
            if page.next_page_token is None:
                return
            query["page_token"] = page.next_page_token

    def spend(self, day: date | None = None, cluster_id: str | None = None) -> Spend:
        """Return the sums of a day (today unless said) and of its month up to it."""
        query = _query(date=day, cluster_id=cluster_id)
        return self._transport.get(f"{PATH}/spend", Spend, query)

    def prices(self, day: date | None = None) -> PriceBook:
        """Return the prices in force on a day, today unless said."""
        return self._transport.get(f"{PATH}/prices", PriceBook, _query(date=day))

    def price_preview(
        self,
        plan: str = "dev",
        *,
        partitions: int = 0,
        gb_in_per_day: Gigabytes = 0,
        gb_out_per_day: Gigabytes = 0,
        gb_stored: Gigabytes = 0,
    ) -> PricePreview:
        """Return what a cluster would cost that is used like this every day."""
        body = {
            "plan": plan,
            "partitions": partitions,
            "gb_in_per_day": _exact(gb_in_per_day),
            "gb_out_per_day": _exact(gb_out_per_day),
            "gb_stored": _exact(gb_stored),
        }
        return self._transport.post(f"{PATH}/price-previews", body, PricePreview)

    def daily_report(self, day: date | None = None, cluster_id: str | None = None) -> DailyReport:
        """Return what a day (today unless said) cost, line by line and hour by hour."""
        query = _query(date=day, cluster_id=cluster_id, format="json")
        return self._transport.get(f"{PATH}/reports/daily", DailyReport, query)

    def daily_report_file(
        self,
        report_format: ReportFormat = "pdf",
        day: date | None = None,
        cluster_id: str | None = None,
    ) -> bytes:
        """Return the same report as a document: `html`, `pdf`, `csv` or `json`."""
        query = _query(date=day, cluster_id=cluster_id, format=report_format)
        return self._transport.send(Request("GET", f"{PATH}/reports/daily", query)).content


def _query(**wanted: str | int | date | None) -> dict[str, str | int]:
    """What was said of `wanted`, days written as ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in wanted.items()
        if value is not None
    }


def _exact(gigabytes: Gigabytes) -> int | str:
    if isinstance(gigabytes, Decimal):
        return f"{gigabytes:f}"
    return gigabytes
