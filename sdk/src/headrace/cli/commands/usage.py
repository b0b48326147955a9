"""headrace usage: what a cluster used."""

from enum import StrEnum
from typing import Annotated

import typer

from headrace.cli.moments import moment
from headrace.cli.options import OutputFormat, OutputOption, QuietOption
from headrace.cli.shell import cluster_id, shell_of
from headrace.costs import Usage

TRAFFIC = ("bytes_in", "records_in", "bytes_out", "produce_requests", "read_requests")
LEVELS = ("stored_bytes", "partitions", "connections")
CSV_LEVELS = ("running_ms", "stored_byte_seconds", *LEVELS)


class Granularity(StrEnum):
    """Steps of time."""

    HOUR = "hour"
    DAY = "day"


class Group(StrEnum):
    """What a step is split by."""

    TOPIC = "topic"
    PRINCIPAL = "principal"


def usage(
    context: typer.Context,
    *,
    cluster: Annotated[str, typer.Argument(metavar="CLUSTER", help="Id or name of the cluster.")],
    start: Annotated[
        str | None, typer.Option(help="A day or moment in UTC, such as 2026-11-22; else today.")
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Where to end, itself not included; else now.")
    ] = None,
    granularity: Annotated[Granularity, typer.Option(help="In steps of.")] = Granularity.HOUR,
    group_by: Annotated[
        Group | None, typer.Option(help="Split each step by topic or by principal.")
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show what a cluster used: bytes and records written and read, and what it keeps.

    Bytes are those of record batches in the log, headers included. Steps without usage are left
    out.
    """
    shell = shell_of(context, output, is_quiet=quiet)
    first, last = moment(start, "--start"), moment(end, "--end")
    with shell.client() as client:
        found = client.clusters.usage(
            cluster_id(client, cluster),
            first,
            last,
            granularity=granularity.value,
            group_by=None if group_by is None else group_by.value,
        )
    if shell.output is OutputFormat.JSON:
        shell.json(found.as_dict())
        return
    shell.show_list(
        found.data,
        _columns(group_by, is_csv=shell.output is OutputFormat.CSV),
        identity="started_at",
        numbers=(*TRAFFIC, *LEVELS),
    )
    shell.note(_totals(found))


def _columns(group_by: Group | None, *, is_csv: bool) -> tuple[str, ...]:
    times = ("started_at", "ended_at") if is_csv else ("started_at",)
    if group_by is Group.PRINCIPAL:
        return (*times, "principal", *TRAFFIC)
    if group_by is Group.TOPIC:
        return (*times, "topic", *(("topic_id",) if is_csv else ()), *TRAFFIC)
    return (*times, *TRAFFIC, *(CSV_LEVELS if is_csv else LEVELS))


def _totals(found: Usage) -> str:
    totals = found.totals
    counted = "nothing is counted yet"
    if found.collected_until is not None:
        counted = f"counted until {found.collected_until:%Y-%m-%dT%H:%M:%SZ}"
    return (
        f"{totals.bytes_in} bytes in, {totals.bytes_out} bytes out,"
        f" {totals.stored_bytes} bytes stored at the end; {counted}"
    )
