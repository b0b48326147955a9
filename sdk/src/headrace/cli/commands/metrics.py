"""headrace cluster metrics, headrace cluster top, headrace group metrics."""

import time
from typing import Annotated, cast, get_args

import typer

from headrace.cli.commands.clusters import ClusterArgument
from headrace.cli.commands.groups import GroupArgument
from headrace.cli.moments import moment
from headrace.cli.options import ClusterOption, OutputFormat, OutputOption, QuietOption
from headrace.cli.shell import Shell, cluster_id, shell_of
from headrace.client import Client
from headrace.metrics import MetricName, Metrics, StepSeconds
from headrace.models import Cluster, Model

NAMES: tuple[MetricName, ...] = get_args(MetricName)
TABLE_NAMES: tuple[MetricName, ...] = (
    "bytes_in_per_second",
    "bytes_out_per_second",
    "produce_latency_p99_ms",
    "connections",
    "lag_records",
)
TOP_NAMES: tuple[MetricName, ...] = (
    "bytes_in_per_second",
    "bytes_out_per_second",
    "requests_per_second",
    "produce_latency_p99_ms",
    "stored_bytes",
    "partitions",
    "connections",
    "lag_records",
)
TOP_EVERY_SECONDS = 5


class TopRow(Model, frozen=True, kw_only=True):
    """What a cluster does now; nothing is known of one that does not run."""

    name: str
    id: str
    status: str
    values: dict[str, float | None]


FromOption = Annotated[
    str | None,
    typer.Option("--from", help="A day or moment, such as 2026-11-22T09:00Z; else an hour ago."),
]
ToOption = Annotated[
    str | None, typer.Option("--to", help="Where to end, itself not included; else now.")
]
StepSecondsOption = Annotated[
    int | None, typer.Option("--step", help="Seconds of a step: 10, 60 or 3600.")
]


def register(clusters: typer.Typer, groups: typer.Typer) -> None:
    """Add the commands to those of clusters and groups."""
    clusters.command("metrics")(cluster_metrics)
    clusters.command("top")(top)
    groups.command("metrics")(group_metrics)


def cluster_metrics(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC", help=f"A metric; repeatable. One of {', '.join(NAMES)}."),
    ] = None,
    start: FromOption = None,
    end: ToOption = None,
    step: StepSecondsOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show what a cluster did over a range of time: throughput, latency, sizes, lag, throttling."""
    shell = shell_of(context, output, is_quiet=quiet)
    names = _names(name)
    first, last = moment(start, "--from"), moment(end, "--to")
    if not names and shell.output is OutputFormat.TABLE:
        names = TABLE_NAMES
    with shell.client() as client:
        place = cluster_id(client, cluster)
        found = client.clusters.metrics(place, names, start=first, end=last, step=_step(step))
    _show(shell, found)


def group_metrics(
    context: typer.Context,
    *,
    group: GroupArgument,
    cluster: ClusterOption,
    start: FromOption = None,
    end: ToOption = None,
    step: StepSecondsOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show how many records a consumer group had not read, over a range of time."""
    shell = shell_of(context, output, is_quiet=quiet)
    first, last = moment(start, "--from"), moment(end, "--to")
    with shell.client() as client:
        place = cluster_id(client, cluster)
        found = client.groups.metrics(place, group, start=first, end=last, step=_step(step))
    _show(shell, found)


def top(
    context: typer.Context,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help=f"Again every {TOP_EVERY_SECONDS} seconds, until ^C.")
    ] = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show what each cluster does now, those that write most first."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        while True:
            rows = [_now(client, one) for one in client.clusters.list()]
            rows.sort(key=lambda row: -(row.values.get("bytes_in_per_second") or 0))
            columns = tuple(f"values.{name}" for name in TOP_NAMES)
            shell.show_list(rows, ("name", "status", *columns), numbers=columns)
            if not watch:
                return
            time.sleep(TOP_EVERY_SECONDS)


def _now(client: Client, cluster: Cluster) -> TopRow:
    """Return the newest values of a cluster that runs."""
    values: dict[str, float | None] = {}
    if cluster.status not in {"paused", "pausing", "creating"}:
        rows = list(client.clusters.metrics(cluster.id, TOP_NAMES, step=10).rows())
        values = rows[-1].values if rows else {}
    return TopRow(name=cluster.name, id=cluster.id, status=cluster.status, values=values)


def _show(shell: Shell, found: Metrics) -> None:
    if shell.output is OutputFormat.JSON:
        shell.json(found.as_dict())
        return
    columns = tuple(f"values.{one.name}" for one in found.series)
    shell.show_list(found.rows(), ("started_at", *columns), identity="started_at", numbers=columns)
    until = "nothing is known yet"
    if found.read_at is not None:
        until = f"steps of {found.step_seconds} s until {found.read_at:%Y-%m-%dT%H:%M:%SZ}"
    shell.note(until)


def _names(wanted: list[str] | None) -> tuple[MetricName, ...]:
    unknown = [one for one in wanted or () if one not in NAMES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no metric", param_hint="--name")
    return tuple(cast("list[MetricName]", wanted or []))


def _step(seconds: int | None) -> StepSeconds | None:
    if seconds is not None and seconds not in get_args(StepSeconds):
        raise typer.BadParameter("10, 60 or 3600 expected", param_hint="--step")
    return cast("StepSeconds | None", seconds)
