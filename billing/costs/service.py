"""What clusters cost: rated when asked for, from metered hours and immutable prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from billing.catalog.service import CatalogService
from billing.costs.errors import DateRangeInvalidError
from billing.costs.lines import CostLine, cost_lines, day_of_id
from billing.costs.preview import ExpectedUse, Preview, preview
from billing.costs.spend import Spend, spend_of
from billing.metering.service import MeteringService
from billing.periods import day_of, month_start
from control_plane.kit.clock import Clock
from control_plane.kit.errors import FieldError
from control_plane.kit.pagination import (
    Page,
    PageRequest,
    PageTokenError,
    decode_token,
    encode_token,
)
from control_plane.kit.scope import Scope

DAYS_MAX = 366
DAY_MIN = date(2000, 1, 2)
DAY_MAX = date(2999, 12, 30)
DAYS_AT_ONCE = 7
"""A page of costs is rated by so many days at a time."""


@dataclass(frozen=True)
class DayRange:
    """UTC days from `start` up to, not including, `end`."""

    start: date
    end: date


class CostService:
    """Answers what clusters cost, cost so far today, and would cost."""

    def __init__(self, catalog: CatalogService, metering: MeteringService, clock: Clock) -> None:
        self._catalog = catalog
        self._metering = metering
        self._clock = clock

    def today(self) -> date:
        """Return the present UTC day."""
        return day_of(self._clock.now())

    def day_range(self, start: date | None, end: date | None) -> DayRange:
        """Return the days asked for; unless said the month of the last day, up to today.

        Raises DateRangeInvalidError for no day at all and for more than DAYS_MAX.
        """
        last = self.require_day(end or self.today() + timedelta(days=1))
        first = self.require_day(start or month_start(last - timedelta(days=1)))
        if not 0 < (last - first).days <= DAYS_MAX:
            raise DateRangeInvalidError(
                f"{first} to {last} (exclusive) are {max(0, (last - first).days)} days",
                advice=f"ask for 1 to {DAYS_MAX} days; end_date is the day after the last one",
                errors=[FieldError("query.end_date", "date_range_invalid", "later, not too late")],
            )
        return DayRange(first, last)

    def require_day(self, day: date | None) -> date:
        """Return the day asked for, today unless said; raise DateRangeInvalidError."""
        wanted = day or self.today()
        if not DAY_MIN <= wanted <= DAY_MAX:
            raise DateRangeInvalidError(
                f"{wanted} is not between {DAY_MIN} and {DAY_MAX}",
                advice="ask for a day on which the service was there",
            )
        return wanted

    def lines(
        self, session: Session, scope: Scope, days: DayRange, cluster_id: str | None = None
    ) -> list[CostLine]:
        """Return the lines of all clusters of `scope`, or of one, ordered by id."""
        metered = self._metering.list_days(session, scope, days.start, days.end, cluster_id)
        return cost_lines(metered, self._catalog.books(session))

    def page(
        self,
        session: Session,
        scope: Scope,
        days: DayRange,
        cluster_id: str | None,
        page: PageRequest,
    ) -> Page[CostLine]:
        """Return one page of `lines`; raises PageTokenError."""
        start, place = days.start, ""
        if page.token is not None:
            (place,) = decode_token(page.token, 1)
            start = max(days.start, _day_of_place(place))
        found: list[CostLine] = []
        while start < days.end and len(found) <= page.size:
            end = min(start + timedelta(days=DAYS_AT_ONCE), days.end)
            lines = self.lines(session, scope, DayRange(start, end), cluster_id)
            found.extend(line for line in lines if line.id > place)
            start = end
        if len(found) <= page.size:
            return Page(found, None)
        return Page(found[: page.size], encode_token([found[page.size - 1].id]))

    def spend(
        self, session: Session, scope: Scope, day: date, cluster_id: str | None = None
    ) -> Spend:
        """Return what a UTC day and its month cost; raises PriceBookMissingError."""
        book = self._catalog.in_force(session, day)
        days = DayRange(month_start(day), day + timedelta(days=1))
        return spend_of(
            day,
            self.lines(session, scope, days, cluster_id),
            currency=book.currency,
            version=book.version,
            now=self._clock.now(),
        )

    def preview(self, session: Session, plan: str, use: ExpectedUse) -> Preview:
        """Return what a day of `use` would cost today; raises PlanUnpricedError."""
        book, _ = self._catalog.plan_in_force(session, plan)
        return preview(plan, book, use, self.today())


def _day_of_place(place: str) -> date:
    day = day_of_id(place)
    if day is None:
        raise PageTokenError("the page token names no day")
    return day
