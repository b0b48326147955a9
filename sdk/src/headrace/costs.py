"""What things cost and what was used, as the API answers it.

Money and quantities are exact decimals (`Decimal`, never a float), days and hours are UTC.
"""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from headrace.models import Model


class CostResource(Model, frozen=True, kw_only=True):
    """The cluster that something is for; a deleted one keeps its last name."""

    id: str
    display_name: str


class RatedQuantity(Model, frozen=True, kw_only=True):
    """Quantity times price is amount.

    `amount` is `base_quantity` x `price` / `base_units_per_unit`, rounded once, half away from
    zero, to six places; `quantity` is in `unit`, rounded for reading.
    """

    line_type: str
    quantity: Decimal
    unit: str
    base_quantity: Decimal
    base_unit: str
    base_units_per_unit: Decimal
    price: Decimal
    amount: Decimal


class CostLine(RatedQuantity, frozen=True, kw_only=True):
    """One line of a cluster's day; `end_date` is the day after."""

    id: str
    start_date: date
    end_date: date
    granularity: str
    product: str
    resource: CostResource
    plan: str
    currency: str
    price_book_version: int


class CostPage(msgspec.Struct, frozen=True):
    """A page of cost lines."""

    data: list[CostLine]
    next_page_token: str | None = None


class ClusterSpend(Model, frozen=True, kw_only=True):
    """What one cluster cost on a day and in its month."""

    resource: CostResource
    plan: str
    day_amount: Decimal
    month_amount: Decimal
    daily_cap: Decimal
    is_capped: bool


class LineTypeSpend(Model, frozen=True, kw_only=True):
    """What one line type cost on a day and in its month."""

    line_type: str
    day_amount: Decimal
    month_amount: Decimal


class HourSpend(Model, frozen=True, kw_only=True):
    """An hour's part of a day."""

    started_at: datetime
    amount: Decimal


class DaySpend(Model, frozen=True, kw_only=True):
    """What one day cost."""

    date: date
    amount: Decimal


class Spend(Model, frozen=True, kw_only=True):
    """A day and its month up to and including it; without `is_over` it is what was spent so far."""

    date: date
    currency: str
    price_book_version: int
    is_over: bool
    metered_through: datetime | None
    day_amount: Decimal
    month_amount: Decimal
    clusters: list[ClusterSpend]
    line_types: list[LineTypeSpend]
    hours: list[HourSpend]
    days: list[DaySpend]


class Price(Model, frozen=True, kw_only=True):
    """The price of one unit."""

    line_type: str
    unit: str
    price: Decimal


class PlanPrices(Model, frozen=True, kw_only=True):
    """What a plan costs; `daily_cap` is the most that one cluster costs in a day."""

    plan: str
    prices: list[Price]
    included_partitions: int
    daily_cap: Decimal


class PriceBook(Model, frozen=True, kw_only=True):
    """A version of all prices; a version never changes."""

    version: int
    currency: str
    effective_from: date
    gigabyte_bytes: int
    plans: list[PlanPrices]


class PricePreview(Model, frozen=True, kw_only=True):
    """What a steady day of a cluster would cost by the prices in force."""

    plan: str
    currency: str
    price_book_version: int
    lines: list[RatedQuantity]
    per_day: Decimal
    per_30_days: Decimal
    daily_cap: Decimal
    is_capped: bool
    per_day_uncapped: Decimal


class ReportedLine(RatedQuantity, frozen=True, kw_only=True):
    """One line of a report; the hourly amounts add up to `amount`."""

    description: str
    hourly_amounts: list[Decimal]


class ReportedCluster(Model, frozen=True, kw_only=True):
    """One cluster's part of a report; `spared` is what its daily cap took off."""

    resource: CostResource
    plan: str
    amount: Decimal
    daily_cap: Decimal
    is_capped: bool
    spared: Decimal
    lines: list[ReportedLine]


class DailyReport(Model, frozen=True, kw_only=True):
    """What a day cost an organization, or one cluster of it."""

    organization_id: str
    organization_name: str
    cluster_id: str | None
    date: date
    currency: str
    is_final: bool
    metered_through: datetime | None
    amount: Decimal
    month_to_date: Decimal
    spared: Decimal
    price_book_version: int
    clusters: list[ReportedCluster]
    hours: list[HourSpend]


class Traffic(Model, frozen=True, kw_only=True):
    """What was written and read: bytes of record batches, records, and requests."""

    bytes_in: int
    records_in: int
    bytes_out: int
    produce_requests: int
    read_requests: int
    requests: int


class UsageItem(Traffic, frozen=True, kw_only=True):
    """An hour or day, or one topic's or principal's part of it.

    What is stored, running and connected is told of whole hours and days alone.
    """

    started_at: datetime
    ended_at: datetime
    topic_id: str | None = None
    topic: str | None = None
    principal: str | None = None
    running_ms: int | None = None
    stored_byte_seconds: int | None = None
    stored_bytes: int | None = None
    partitions: int | None = None
    connections: int | None = None


class UsageTotals(Traffic, frozen=True, kw_only=True):
    """A whole period; bytes stored, partitions and connections are those of its end."""

    running_ms: int
    stored_byte_seconds: int
    stored_bytes: int
    partitions: int
    connections: int


class Usage(Model, frozen=True, kw_only=True):
    """What a cluster used; everything until `collected_until` is counted."""

    cluster_id: str
    start: datetime
    end: datetime
    granularity: str
    group_by: str | None
    collected_until: datetime | None
    data: list[UsageItem]
    totals: UsageTotals
