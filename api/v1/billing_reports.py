"""Daily cost reports: a page for browsers, a PDF to keep, CSV for books, JSON for programs."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api.auth import require
from api.deps import CoreServices
from api.errors import problems
from api.negotiation import preferred
from api.schemas import Instant, ResponseModel
from api.v1.billing import (
    ClusterFilter,
    CostResource,
    HourSpendResponse,
    MoneyText,
    RatedQuantity,
    rated_quantity,
)
from api.v1.router import v1_router
from billing.catalog.errors import PriceBookMissingError
from billing.costs.errors import DateRangeInvalidError
from billing.money import micros_text
from billing.periods import hours_of
from billing.reports import csv, html, wording
from billing.reports.errors import ReportBusyError, ReportTimeoutError, ReportTooLargeError
from billing.reports.report import DailyReport, ReportedCluster, hourly_totals
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal

router = v1_router("billing")

_NOT_OF_IDS = re.compile(r"[^A-Za-z0-9_]")


class ReportFormat(StrEnum):
    """The forms that a report comes in."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"


MEDIA_TYPES = {
    ReportFormat.JSON: "application/json",
    ReportFormat.HTML: "text/html",
    ReportFormat.PDF: "application/pdf",
    ReportFormat.CSV: "text/csv",
}


class ReportedLine(RatedQuantity):
    """One line of a cluster's day."""

    description: Annotated[str, Field(examples=["Data in"])]
    hourly_amounts: Annotated[
        list[MoneyText], Field(description="The parts of the 24 hours; they add up to `amount`.")
    ]


class ReportedClusterResponse(ResponseModel):
    """One cluster's part of the day."""

    resource: CostResource
    plan: Annotated[str, Field(examples=["dev"])]
    amount: MoneyText
    daily_cap: MoneyText
    is_capped: bool
    spared: Annotated[MoneyText, Field(description="What the daily cap took off.")]
    lines: list[ReportedLine]


class DailyReportResponse(ResponseModel):
    """What a UTC day cost an organization, or one cluster of it."""

    organization_id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    organization_name: Annotated[str, Field(examples=["Mill Street"])]
    cluster_id: Annotated[str | None, Field(description="Null for the whole organization.")]
    date: date
    currency: Annotated[str, Field(examples=["USD"])]
    is_final: Annotated[
        bool, Field(description="The day is over and its usage metered; false: so far.")
    ]
    metered_through: Annotated[
        Instant | None, Field(description="End of the newest usage that is counted, null for none.")
    ]
    amount: MoneyText
    month_to_date: Annotated[
        MoneyText, Field(description="From the first of the month to the end of this day.")
    ]
    spared: Annotated[MoneyText, Field(description="What daily caps took off.")]
    price_book_version: int
    rounding: str
    clusters: list[ReportedClusterResponse]
    hours: Annotated[
        list[HourSpendResponse], Field(description="The 24 hours; they add up to `amount`.")
    ]


@router.get(
    "/billing/reports/daily",
    operation_id="get_daily_report",
    response_model=DailyReportResponse,
    responses={
        200: {
            "description": "The report, in the form that was asked for.",
            "content": {
                media_type: {"schema": {"type": "string"}}
                for report_format, media_type in MEDIA_TYPES.items()
                if report_format is not ReportFormat.JSON
            },
        },
        **problems(
            DateRangeInvalidError,
            PriceBookMissingError,
            ReportBusyError,
            ReportTimeoutError,
            ReportTooLargeError,
        ),
    },
)
def get_daily_report(
    request: Request,
    caller: Annotated[Principal, Depends(require(Action.COSTS_READ))],
    core: CoreServices,
    day: Annotated[
        date | None, Query(alias="date", description="UTC day; today unless given.")
    ] = None,
    cluster_id: ClusterFilter = None,
    wanted: Annotated[
        ReportFormat | None,
        Query(alias="format", description="Without it the Accept header decides; else JSON."),
    ] = None,
) -> Response:
    """Report what a day cost: lines of every cluster, hour by hour, caps, and month to date."""
    that_day = core.costs.require_day(day)
    with core.database.snapshot() as session:
        organization = core.organizations.get(
            session, caller.organization_id, visible_to=caller.organization_id
        )
        report = core.reports.daily(session, caller.scope, organization.name, that_day, cluster_id)
    form = wanted or _negotiated(request)
    headers = {"Vary": "Accept", "Content-Disposition": _disposition(report, form)}
    match form:
        case ReportFormat.JSON:
            body = _response(report).model_dump(mode="json")
            return JSONResponse(body, headers={"Vary": "Accept"})
        case ReportFormat.HTML:
            headers["Content-Security-Policy"] = html.CONTENT_SECURITY_POLICY
            content = core.reports.page(report).encode()
        case ReportFormat.PDF:
            content = core.reports.document(report)
        case ReportFormat.CSV:
            content = csv.render(report).encode()
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


def _negotiated(request: Request) -> ReportFormat:
    chosen = preferred(request.headers.get("accept"), list(MEDIA_TYPES.values()))
    return next(form for form, media_type in MEDIA_TYPES.items() if media_type == chosen)


def _disposition(report: DailyReport, form: ReportFormat) -> str:
    """Browsers show pages and PDFs and keep CSV; each is saved under a name that tells it apart."""
    place = "attachment" if form is ReportFormat.CSV else "inline"
    subject = report.subject.cluster_id or report.subject.organization_id
    safe = _NOT_OF_IDS.sub("", subject)
    return f'{place}; filename="headrace-costs-{report.day}-{safe}.{form}"'


def _response(report: DailyReport) -> DailyReportResponse:
    return DailyReportResponse(
        organization_id=report.subject.organization_id,
        organization_name=report.subject.organization_name,
        cluster_id=report.subject.cluster_id,
        date=report.day,
        currency=report.currency,
        is_final=report.is_final,
        metered_through=report.metered_through,
        amount=micros_text(report.total_micros),
        month_to_date=micros_text(report.month_to_date_micros),
        spared=micros_text(report.spared_micros),
        price_book_version=report.price_book_version,
        rounding=wording.ROUNDING,
        clusters=[_cluster(cluster) for cluster in report.clusters],
        hours=[
            HourSpendResponse(started_at=hour, amount=micros_text(micros))
            for hour, micros in zip(hours_of(report.day), hourly_totals(report), strict=True)
        ],
    )


def _cluster(cluster: ReportedCluster) -> ReportedClusterResponse:
    return ReportedClusterResponse(
        resource=CostResource(id=cluster.cluster_id, display_name=cluster.name),
        plan=cluster.plan,
        amount=micros_text(cluster.total_micros),
        daily_cap=micros_text(cluster.daily_cap_micros),
        is_capped=cluster.is_capped,
        spared=micros_text(cluster.spared_micros),
        lines=[
            ReportedLine(
                **rated_quantity(line).model_dump(),
                description=wording.description(line.line_type),
                hourly_amounts=[micros_text(micros) for micros in line.hourly_micros],
            )
            for line in cluster.lines
        ],
    )
