"""Billing: what clusters cost, what was spent, the prices, and what an expected use would cost."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator, Field, WithJsonSchema

from api.auth import require
from api.deps import CoreServices
from api.errors import problems
from api.schemas import Instant, RequestModel, ResponseModel
from api.v1.router import POST_PROBLEMS, v1_router
from billing.catalog.errors import PlanUnpricedError, PriceBookMissingError
from billing.catalog.prices import GIB, LINE_TYPES, UNITS, PlanPrices, PriceBook
from billing.costs.errors import DateRangeInvalidError
from billing.costs.lines import CostLine
from billing.costs.preview import ExpectedUse, Preview
from billing.costs.spend import Spend
from billing.metering.messages import PARTITIONS_MAX, PLAN_LENGTH_MAX
from billing.money import micros_text, round_half_up
from billing.periods import hours_of
from billing.rating.quantities import quantity_text
from billing.rating.rate import RatedLine
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kit.db import ID_LENGTH_MAX
from control_plane.kit.pagination import PAGE_TOKEN_LENGTH_MAX, PageRequest, PageTokenError

PRODUCT = "KAFKA"
GRANULARITY = "DAILY"
COSTS_PAGE_SIZE_DEFAULT = 500
COSTS_PAGE_SIZE_MAX = 5000
GIGABYTES_MAX = 1_000_000
GIGABYTES_PATTERN = r"^\d{1,7}(\.\d{1,9})?$"

router = v1_router("billing")

CostsReader = Annotated[Principal, Depends(require(Action.COSTS_READ))]
PricesReader = Annotated[Principal, Depends(require(Action.PRICES_READ))]

ClusterFilter = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=ID_LENGTH_MAX,
        description="Only this cluster, deleted ones included.",
    ),
]

# Exact: a JSON number would go through a float in most clients.
MoneyText = Annotated[
    str,
    Field(
        description="Exact decimal of the currency's unit with six places.",
        pattern=r"^-?\d+\.\d{6}$",
        examples=["0.060000"],
    ),
]


def get_costs_page(
    page_size: Annotated[
        int, Query(ge=1, le=COSTS_PAGE_SIZE_MAX, description="Most lines to return.")
    ] = COSTS_PAGE_SIZE_DEFAULT,
    page_token: Annotated[
        str | None,
        Query(max_length=PAGE_TOKEN_LENGTH_MAX, description="`next_page_token` of the last page."),
    ] = None,
) -> PageRequest:
    return PageRequest(page_size, page_token)


def _require_gigabytes(value: object) -> object:
    if isinstance(value, int | str) and not isinstance(value, bool):
        text = str(value)
        if re.fullmatch(GIGABYTES_PATTERN, text) and Decimal(text) <= GIGABYTES_MAX:
            return Decimal(text)
    raise ValueError(
        f"an integer, or a decimal as a string, from 0 to {GIGABYTES_MAX} with at most 9 places"
    )


Gigabytes = Annotated[
    Decimal,
    BeforeValidator(_require_gigabytes),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": GIGABYTES_MAX},
                {"type": "string", "pattern": GIGABYTES_PATTERN},
            ],
            "examples": ["2.5"],
        }
    ),
]


class CostResource(ResponseModel):
    """What a line is for; deleted clusters stay on the bill under their last name."""

    id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    display_name: Annotated[str, Field(examples=["orders"])]


class RatedQuantity(ResponseModel):
    """Quantity x price = amount.

    `amount` is `base_quantity` x `price` / `base_units_per_unit`, rounded once, half away from
    zero, to six places.
    """

    line_type: Annotated[str, Field(examples=["KAFKA_NETWORK_WRITE"])]
    quantity: Annotated[
        str,
        Field(description="In `unit`; rounded to nine places for reading.", examples=["1.5"]),
    ]
    unit: Annotated[str, Field(description="GB is 2^30 bytes.", examples=["GB"])]
    base_quantity: Annotated[
        str, Field(description="Exact integer in `base_unit`.", examples=["1610612736"])
    ]
    base_unit: Annotated[str, Field(examples=["byte"])]
    base_units_per_unit: Annotated[str, Field(examples=["1073741824"])]
    price: Annotated[MoneyText, Field(description="Of one unit.")]
    amount: MoneyText


class CostResponse(RatedQuantity):
    """One line of a UTC day, in the shape of Confluent's Costs API."""

    id: Annotated[
        str,
        Field(
            description="Stays the same for ever; lines are ordered by it.",
            examples=["2026-11-22.lkc_4q8x0n1w2e3r5t6y.dev.KAFKA_NETWORK_WRITE"],
        ),
    ]
    start_date: date
    end_date: Annotated[date, Field(description="Exclusive.")]
    granularity: Annotated[str, Field(examples=[GRANULARITY])]
    product: Annotated[str, Field(examples=[PRODUCT])]
    resource: CostResource
    plan: Annotated[str, Field(examples=["dev"])]
    currency: Annotated[str, Field(examples=["USD"])]
    price_book_version: int


class CostsResponse(ResponseModel):
    """One page of cost lines."""

    data: list[CostResponse]
    next_page_token: str | None


class ClusterSpendResponse(ResponseModel):
    """What one cluster cost."""

    resource: CostResource
    plan: Annotated[str, Field(examples=["dev"])]
    day_amount: MoneyText
    month_amount: MoneyText
    daily_cap: MoneyText
    is_capped: Annotated[bool, Field(description="Whether the day reached the plan's daily cap.")]


class LineTypeSpendResponse(ResponseModel):
    """What one line type cost over all clusters."""

    line_type: Annotated[str, Field(examples=["KAFKA_NETWORK_WRITE"])]
    day_amount: MoneyText
    month_amount: MoneyText


class HourSpendResponse(ResponseModel):
    """An hour's part of the day's amounts."""

    started_at: Instant
    amount: MoneyText


class DaySpendResponse(ResponseModel):
    """What one day of the month cost."""

    date: date
    amount: MoneyText


class SpendResponse(ResponseModel):
    """A UTC day and its month up to and including that day."""

    date: date
    currency: Annotated[str, Field(examples=["USD"])]
    price_book_version: int
    is_over: Annotated[bool, Field(description="False: what was spent so far.")]
    metered_through: Annotated[
        Instant | None,
        Field(description="End of the newest usage that is counted in the day, null for none."),
    ]
    day_amount: MoneyText
    month_amount: MoneyText
    clusters: list[ClusterSpendResponse]
    line_types: list[LineTypeSpendResponse]
    hours: Annotated[
        list[HourSpendResponse],
        Field(description="The day's 24 hours; they add up to `day_amount`."),
    ]
    days: Annotated[
        list[DaySpendResponse],
        Field(description="The month's days so far; they add up to `month_amount`."),
    ]


class PriceResponse(ResponseModel):
    """The price of one unit."""

    line_type: Annotated[str, Field(examples=["KAFKA_NETWORK_WRITE"])]
    unit: Annotated[str, Field(description="GB is 2^30 bytes.", examples=["GB"])]
    price: MoneyText


class PlanPricesResponse(ResponseModel):
    """What a plan costs."""

    plan: Annotated[str, Field(examples=["dev"])]
    prices: list[PriceResponse]
    included_partitions: Annotated[
        int, Field(description="Free in every hour, for as long as the cluster runs in it.")
    ]
    daily_cap: Annotated[
        MoneyText, Field(description="The most that one cluster costs in a UTC day.")
    ]


class PriceBookResponse(ResponseModel):
    """A version of all prices; a version never changes."""

    version: int
    currency: Annotated[str, Field(examples=["USD"])]
    effective_from: Annotated[date, Field(description="The first UTC day that it is used for.")]
    gigabyte_bytes: Annotated[int, Field(examples=[GIB])]
    plans: list[PlanPricesResponse]


class PricePreviewRequest(RequestModel):
    """A steady day of a cluster. Gigabytes (2^30 bytes) are integers or decimals as strings."""

    plan: Annotated[str, Field(min_length=1, max_length=PLAN_LENGTH_MAX, examples=["dev"])]
    partitions: Annotated[int, Field(ge=0, le=PARTITIONS_MAX, examples=[30])] = 0
    gb_in_per_day: Gigabytes = Decimal(0)
    gb_out_per_day: Gigabytes = Decimal(0)
    gb_stored: Gigabytes = Decimal(0)


class PricePreviewResponse(ResponseModel):
    """What that day would cost by the prices in force today."""

    plan: Annotated[str, Field(examples=["dev"])]
    currency: Annotated[str, Field(examples=["USD"])]
    price_book_version: int
    lines: Annotated[list[RatedQuantity], Field(description="Of one day.")]
    per_day: MoneyText
    per_30_days: MoneyText
    daily_cap: MoneyText
    is_capped: Annotated[bool, Field(description="Whether the daily cap lowers the price.")]
    per_day_uncapped: Annotated[MoneyText, Field(description="Without the daily cap.")]


@router.get(
    "/billing/costs",
    operation_id="list_costs",
    responses=problems(DateRangeInvalidError, PageTokenError),
)
def list_costs(
    caller: CostsReader,
    core: CoreServices,
    page: Annotated[PageRequest, Depends(get_costs_page)],
    start_date: Annotated[
        date | None, Query(description="First UTC day; the first of the month unless given.")
    ] = None,
    end_date: Annotated[
        date | None, Query(description="Day after the last one; tomorrow unless given.")
    ] = None,
    cluster_id: ClusterFilter = None,
) -> CostsResponse:
    """List what clusters cost by UTC day and line type, today so far included."""
    days = core.costs.day_range(start_date, end_date)
    with core.database.snapshot() as session:
        found = core.costs.page(session, caller.scope, days, cluster_id, page)
    return CostsResponse(
        data=[_cost(line) for line in found.items], next_page_token=found.next_page_token
    )


@router.get(
    "/billing/spend",
    operation_id="get_spend",
    responses=problems(DateRangeInvalidError, PriceBookMissingError),
)
def get_spend(
    caller: CostsReader,
    core: CoreServices,
    day: Annotated[
        date | None, Query(alias="date", description="UTC day; today unless given.")
    ] = None,
    cluster_id: ClusterFilter = None,
) -> SpendResponse:
    """Sum up a day and its month: by cluster, by line type, by hour and by day."""
    wanted = core.costs.require_day(day)
    with core.database.snapshot() as session:
        return _spend(core.costs.spend(session, caller.scope, wanted, cluster_id))


@router.get("/billing/prices", operation_id="get_prices", responses=problems(PriceBookMissingError))
def get_prices(
    _caller: PricesReader,
    core: CoreServices,
    day: Annotated[
        date | None,
        Query(alias="date", description="Prices of this UTC day; today's unless given."),
    ] = None,
) -> PriceBookResponse:
    """Show the prices in force: per plan and unit, what is included, and the daily cap."""
    with core.database.snapshot() as session:
        return _book(core.catalog.in_force(session, day))


@router.post(
    "/billing/price-previews",
    operation_id="create_price_preview",
    responses=problems(*POST_PROBLEMS, PlanUnpricedError),
)
def create_price_preview(
    body: PricePreviewRequest, _caller: PricesReader, core: CoreServices
) -> PricePreviewResponse:
    """Compute what a cluster would cost in a day of steady use; nothing is kept."""
    use = ExpectedUse(
        partitions=body.partitions,
        bytes_in_per_day=_bytes(body.gb_in_per_day),
        bytes_out_per_day=_bytes(body.gb_out_per_day),
        bytes_stored=_bytes(body.gb_stored),
    )
    with core.database.snapshot() as session:
        return _preview(core.costs.preview(session, body.plan, use))


def _bytes(gigabytes: Decimal) -> int:
    return round_half_up(*(gigabytes * GIB).as_integer_ratio())


def rated_quantity(line: RatedLine) -> RatedQuantity:
    """Render how a line's amount came about."""
    return RatedQuantity(
        line_type=line.line_type,
        quantity=quantity_text(line.quantity, line.unit),
        unit=line.unit.name,
        base_quantity=str(line.quantity),
        base_unit=line.unit.base,
        base_units_per_unit=str(line.unit.size),
        price=micros_text(line.price_micros),
        amount=micros_text(line.amount_micros),
    )


def _cost(line: CostLine) -> CostResponse:
    rated = line.rated
    return CostResponse(
        **rated_quantity(rated).model_dump(),
        id=line.id,
        start_date=rated.day,
        end_date=date.fromordinal(rated.day.toordinal() + 1),
        granularity=GRANULARITY,
        product=PRODUCT,
        resource=CostResource(id=rated.cluster_id, display_name=line.cluster_name),
        plan=rated.plan,
        currency=line.currency,
        price_book_version=rated.price_book_version,
    )


def _spend(spend: Spend) -> SpendResponse:
    return SpendResponse(
        date=spend.day,
        currency=spend.currency,
        price_book_version=spend.price_book_version,
        is_over=spend.is_over,
        metered_through=spend.metered_through,
        day_amount=micros_text(spend.day_micros),
        month_amount=micros_text(spend.month_micros),
        clusters=[
            ClusterSpendResponse(
                resource=CostResource(id=one.cluster_id, display_name=one.cluster_name),
                plan=one.plan,
                day_amount=micros_text(one.day_micros),
                month_amount=micros_text(one.month_micros),
                daily_cap=micros_text(one.daily_cap_micros),
                is_capped=one.is_capped,
            )
            for one in spend.clusters
        ],
        line_types=[
            LineTypeSpendResponse(
                line_type=one.line_type,
                day_amount=micros_text(one.day_micros),
                month_amount=micros_text(one.month_micros),
            )
            for one in spend.line_types
        ],
        hours=[
            HourSpendResponse(started_at=hour, amount=micros_text(micros))
            for hour, micros in zip(hours_of(spend.day), spend.hourly_micros, strict=True)
        ],
        days=[DaySpendResponse(date=one.day, amount=micros_text(one.micros)) for one in spend.days],
    )


def _book(book: PriceBook) -> PriceBookResponse:
    return PriceBookResponse(
        version=book.version,
        currency=book.currency,
        effective_from=book.effective_from,
        gigabyte_bytes=GIB,
        plans=[_plan(book.plans[plan]) for plan in sorted(book.plans)],
    )


def _plan(prices: PlanPrices) -> PlanPricesResponse:
    return PlanPricesResponse(
        plan=prices.plan,
        prices=[
            PriceResponse(
                line_type=LINE_TYPES[meter], unit=UNITS[meter].name, price=micros_text(micros)
            )
            for meter, micros in prices.micros_per_unit.items()
        ],
        included_partitions=prices.included_partitions,
        daily_cap=micros_text(prices.daily_cap_micros),
    )


def _preview(found: Preview) -> PricePreviewResponse:
    return PricePreviewResponse(
        plan=found.plan,
        currency=found.currency,
        price_book_version=found.price_book_version,
        lines=[rated_quantity(line) for line in found.lines],
        per_day=micros_text(found.day_micros),
        per_30_days=micros_text(found.month_micros),
        daily_cap=micros_text(found.daily_cap_micros),
        is_capped=found.is_capped,
        per_day_uncapped=micros_text(found.uncapped_micros),
    )
