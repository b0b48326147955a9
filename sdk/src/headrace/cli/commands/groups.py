"""headrace group ..."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
import typer

from headrace.cli.options import (
    ClusterOption,
    DryRunOption,
    OutputFormat,
    OutputOption,
    QuietOption,
)
from headrace.cli.read_start import read_start
from headrace.cli.shell import Shell, cluster_id, shell_of
from headrace.models import OffsetReset

app = typer.Typer(
    no_args_is_help=True, help="List, show and delete consumer groups, and move their offsets."
)

LIST_COLUMNS = ("group_id", "state", "type", "is_simple")
SHOW_COLUMNS = ("group_id", "cluster_id", "state", "type", "assignor")
LAG_COLUMNS = ("partitions", "lag", "max_lag", "lag_ms")
OFFSET_COLUMNS = (
    "topic",
    "partition",
    "committed_offset",
    "log_end_offset",
    "lag",
    "lag_ms",
    "first_unread_at",
    "client_id",
)
OFFSET_NUMBERS = ("partition", "committed_offset", "log_end_offset", "lag", "lag_ms")
CHANGE_COLUMNS = ("topic", "partition", "before", "after", "lag_before", "lag_after")
CHANGE_NUMBERS = CHANGE_COLUMNS[1:]

GroupArgument = Annotated[str, typer.Argument(metavar="GROUP", help="Id of the consumer group.")]


@app.command("list")
def list_groups(
    context: typer.Context,
    *,
    cluster: ClusterOption,
    state: Annotated[
        str | None, typer.Option(help="Only groups in this state: stable, empty, ...")
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the consumer groups of a cluster."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        groups = client.groups.list(cluster_id(client, cluster), state)
        shell.show_list(groups, LIST_COLUMNS, identity="group_id")


@app.command()
def show(
    context: typer.Context,
    *,
    group: GroupArgument,
    cluster: ClusterOption,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show one group: its members, and how far it is behind, in all and by partition."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        place = cluster_id(client, cluster)
        found = client.groups.get(place, group)
        lag = client.groups.lag(place, group)
        offsets = lag.items
        if lag.next_page_token is not None:
            offsets = list(client.groups.offsets(place, group))
    if shell.output is OutputFormat.JSON:
        totals = {name: lag.as_dict()[name] for name in (*LAG_COLUMNS, "is_lag_ms_complete")}
        rows = [one.as_dict() for one in offsets]
        shell.json({**found.as_dict(), "lag": totals, "offsets": rows})
        return
    if shell.output is OutputFormat.TABLE:
        shell.show(found, SHOW_COLUMNS, identity="group_id")
        if shell.is_quiet:
            return
        shell.show(lag, LAG_COLUMNS)
    shell.show_list(offsets, OFFSET_COLUMNS, numbers=OFFSET_NUMBERS)


@app.command()
def reset(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    group: GroupArgument,
    cluster: ClusterOption,
    to: Annotated[
        str | None,
        typer.Option(
            help="earliest, latest, an offset, a time such as 2026-11-22T09:30:00Z, or how long "
            "ago: 90s, 15m, 2h, 7d."
        ),
    ] = None,
    by: Annotated[
        int | None, typer.Option(help="So many records on; a negative number goes back.")
    ] = None,
    undo: Annotated[
        Path | None,
        typer.Option(
            help="Put everything back as the answer (-o json) of an earlier reset has it: a file.",
            allow_dash=True,
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option(help="TOPIC or TOPIC:0,1,2; else wherever the group has offsets."),
    ] = None,
    dry_run: DryRunOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Move what a group has committed; its consumers must be stopped."""
    body = _body(to, by, undo, topic or [])
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        made = client.groups.reset(cluster_id(client, cluster), group, body, dry_run=dry_run)
    _show_changes(shell, made)


@app.command()
def delete(
    context: typer.Context,
    *,
    group: GroupArgument,
    cluster: ClusterOption,
    topic: Annotated[
        str | None, typer.Option(help="Delete only what the group has committed in this topic.")
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Delete a group with its offsets, or those of one topic; its consumers must be stopped."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        place = cluster_id(client, cluster)
        if topic is not None:
            _show_changes(shell, client.groups.delete_offsets(place, group, topic))
            return
        client.groups.delete(place, group)
    shell.deleted(group)


def _show_changes(shell: Shell, made: OffsetReset) -> None:
    if shell.output is OutputFormat.JSON:
        shell.json(made.as_dict())
        return
    shell.show_list(made.changes, CHANGE_COLUMNS, identity="topic", numbers=CHANGE_NUMBERS)
    if made.is_dry_run:
        shell.note("nothing was changed")


def _body(to: str | None, by: int | None, undo: Path | None, topics: list[str]) -> dict[str, Any]:
    given = [one for one in (to, by, undo) if one is not None]
    if len(given) != 1:
        raise typer.BadParameter("name one of --to, --by and --undo")
    if undo is not None:
        return _undo(undo)
    body: dict[str, Any] = {"to": "shift", "by": by} if to is None else _target(to)
    if topics:
        body["topics"] = [_topic(text) for text in topics]
    return body


def _target(to: str) -> dict[str, Any]:
    try:
        start = read_start(to, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--to") from error
    if isinstance(start, datetime):
        return {"to": "time", "at": start.isoformat()}
    return {"to": "offset", "offset": start} if isinstance(start, int) else {"to": start}


def _topic(text: str) -> dict[str, Any]:
    name, separator, partitions = text.partition(":")
    if not separator:
        return {"topic": name}
    try:
        return {"topic": name, "partitions": [int(one) for one in partitions.split(",")]}
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not TOPIC or TOPIC:0,1,2", param_hint="--topic"
        ) from error


def _undo(path: Path) -> dict[str, Any]:
    raw = typer.get_binary_stream("stdin").read() if str(path) == "-" else path.read_bytes()
    try:
        answer = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise typer.BadParameter(f"{path} is no JSON: {error}", param_hint="--undo") from error
    undo = cast("dict[str, Any]", answer).get("undo") if isinstance(answer, dict) else None
    if not isinstance(undo, dict):
        raise typer.BadParameter(
            f"{path} is not the answer of a reset with -o json", param_hint="--undo"
        )
    return cast("dict[str, Any]", undo)
