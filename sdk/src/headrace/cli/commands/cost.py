"""headrace cost ..."""

import sys
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, get_args

import typer

from headrace.cli.options import OutputFormat, OutputOption, QuietOption
from headrace.cli.shell import cluster_id, shell_of
from headrace.client import Client
from headrace.costs import CostLine, PriceBook
from headrace.models import Model
from headrace.resources.billing import ReportFormat

app = typer.Typer(help="Show what clusters cost, daily reports, previews and prices.")

STANDARD_OUTPUT = Path("-")

COLUMNS = (
    "start_date",
    "resource.display_name",
    "line_type",
    "quantity",
    "unit",
    "price",
    "amount",
    "currency",
)
CSV_COLUMNS = (
    "id",
    "start_date",
    "end_date",
    "resource.id",
    "resource.display_name",
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
)
PREVIEW_LINE_COLUMNS = ("line_type", "quantity", "unit", "price", "amount")
PREVIEW_COLUMNS = (
    "plan",
    "per_day",
    "per_30_days",
    "currency",
    "daily_cap",
    "is_capped",
    "per_day_uncapped",
    "price_book_version",
)
PRICE_COLUMNS = (
    "plan",
    "line_type",
    "unit",
    "price",
    "currency",
    "included_partitions",
    "daily_cap",
)
NUMBERS = ("quantity", "price", "amount", "included_partitions", "daily_cap")

DayOption = Annotated[
    str | None, typer.Option("--date", help="UTC day, such as 2026-11-22; else today.")
]
ClusterFilter = Annotated[
    str | None, typer.Option("--cluster", help="Only this cluster: its id, or its name.")
]


class PlanPrice(Model, frozen=True, kw_only=True):
    """One price of one plan."""

    plan: str
    line_type: str
    unit: str
    price: Decimal
    currency: str
    included_partitions: int
    daily_cap: Decimal


@app.callback(invoke_without_command=True)
def cost(
    context: typer.Context,
    *,
    start: Annotated[
        str | None, typer.Option(help="First UTC day; else the first of the month.")
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="The day after the last one; else tomorrow.")
    ] = None,
    cluster: ClusterFilter = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show what clusters cost, day by day and line by line: this month so far, or other days.

    Amounts are exact. With -o json or csv also the exact quantities that they were computed from.
    """
    shell = shell_of(context, output, is_quiet=quiet)
    if context.invoked_subcommand is not None:
        if start or end or cluster:
            raise typer.BadParameter("--start, --end and --cluster belong to `cost` alone")
        return
    first, last = _day(start, "--start"), _day(end, "--end")
    with shell.client() as client:
        lines = list(client.billing.costs(first, last, _cluster(client, cluster)))
    columns = CSV_COLUMNS if shell.output is OutputFormat.CSV else COLUMNS
    shell.show_list(lines, columns, numbers=NUMBERS)
    if shell.output is OutputFormat.TABLE:
        shell.note(_total(lines))


@app.command()
def report(
    context: typer.Context,
    *,
    day: DayOption = None,
    cluster: ClusterFilter = None,
    report_format: Annotated[
        str | None,
        typer.Option("--format", help="pdf, html, csv or json; else what --out ends in, or csv."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="File to write; else standard output.")
    ] = STANDARD_OUTPUT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write the report of a day: of everything, or of one cluster."""
    shell = shell_of(context, output, is_quiet=quiet)
    wanted = _format(report_format, out)
    that_day = _day(day, "--date")
    if wanted == "pdf" and out == STANDARD_OUTPUT and sys.stdout.isatty():
        raise typer.BadParameter("a PDF is nothing for a terminal: name a file", param_hint="--out")
    with shell.client() as client:
        content = client.billing.daily_report_file(wanted, that_day, _cluster(client, cluster))
    if out == STANDARD_OUTPUT:
        shell.raw(content)
        return
    out.write_bytes(content)
    if shell.output is OutputFormat.JSON:
        shell.json({"file": str(out), "format": wanted, "bytes": len(content)})
    else:
        shell.note(f"wrote {out} ({len(content)} bytes)")


@app.command()
def preview(
    context: typer.Context,
    *,
    plan: Annotated[str, typer.Option(help="Plan of the cluster.")] = "dev",
    gb_in: Annotated[
        str, typer.Option("--in", help="GB (2^30 bytes) written a day, such as 2.5.")
    ] = "0",
    gb_out: Annotated[str, typer.Option("--out", help="GB read a day.")] = "0",
    stored: Annotated[str, typer.Option(help="GB kept.")] = "0",
    partitions: Annotated[int, typer.Option(min=0, help="Partitions of all topics.")] = 0,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compute what a cluster would cost that is used like this every day; nothing is made."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        found = client.billing.price_preview(
            plan,
            partitions=partitions,
            gb_in_per_day=gb_in,
            gb_out_per_day=gb_out,
            gb_stored=stored,
        )
    if shell.output is OutputFormat.CSV:
        shell.show_list(found.lines, PREVIEW_LINE_COLUMNS)
        return
    if shell.output is OutputFormat.TABLE and not shell.is_quiet:
        shell.show_list(found.lines, PREVIEW_LINE_COLUMNS, numbers=NUMBERS)
    shell.show(found, PREVIEW_COLUMNS, identity="per_day")


@app.command()
def prices(
    context: typer.Context,
    *,
    day: DayOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show the prices of all plans, what they include, and their daily caps."""
    shell = shell_of(context, output, is_quiet=quiet)
    that_day = _day(day, "--date")
    with shell.client() as client:
        book = client.billing.prices(that_day)
    if shell.output is OutputFormat.JSON:
        shell.json(book.as_dict())
        return
    shell.show_list(_plan_prices(book), PRICE_COLUMNS, identity="price", numbers=NUMBERS)
    shell.note(f"price book version {book.version}, since {book.effective_from}; GB is 2^30 bytes")


def _plan_prices(book: PriceBook) -> list[PlanPrice]:
    return [
        PlanPrice(
            plan=plan.plan,
            line_type=price.line_type,
            unit=price.unit,
            price=price.price,
            currency=book.currency,
            included_partitions=plan.included_partitions,
            daily_cap=plan.daily_cap,
        )
        for plan in book.plans
        for price in plan.prices
    ]


def _total(lines: Sequence[CostLine]) -> str:
    """The sum of each currency; there is one unless prices changed it."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, Decimal(0)) + line.amount
    if not sums:
        return "nothing was used"
    return "total " + ", ".join(f"{amount:.6f} {currency}" for currency, amount in sums.items())


def _cluster(client: Client, named: str | None) -> str | None:
    return None if named is None else cluster_id(client, named)


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a day: {error}", param_hint=option) from error


def _format(given: str | None, out: Path) -> ReportFormat:
    for known in _FORMATS:
        if known == (given or out.suffix.removeprefix(".") or "csv"):
            return known
    raise typer.BadParameter(f"one of {', '.join(_FORMATS)}", param_hint="--format")


_FORMATS: tuple[ReportFormat, ...] = get_args(ReportFormat)
