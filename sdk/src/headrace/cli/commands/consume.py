"""headrace consume: the records of a topic, to standard output."""

import sys
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

import typer

from headrace.cli.exit_codes import BROKEN_PIPE
from headrace.cli.options import ClusterOption, OutputFormat, OutputOption
from headrace.cli.read_start import EARLIEST, read_start
from headrace.cli.record_lines import to_ndjson
from headrace.cli.shell import cluster_id, let_go_of_output, shell_of
from headrace.cli.tail import Placed, Tail
from headrace.resources.records import Start


def _start(text: str) -> Start:
    try:
        return read_start(text, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--from") from None


def consume(
    context: typer.Context,
    *,
    topic: Annotated[str, typer.Argument(help="Name of the topic.")],
    cluster: ClusterOption,
    start: Annotated[
        str,
        typer.Option(
            "--from",
            help="earliest, latest, an offset of each partition, a time such as "
            "2026-11-22T09:30:00Z or 2026-11-22 (UTC), or how long ago: 90s, 15m, 2h, 7d.",
        ),
    ] = EARLIEST,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")
    ] = False,
    maximum: Annotated[
        int | None, typer.Option("--max", min=1, help="End after so many records.")
    ] = None,
    partition: Annotated[
        int | None, typer.Option(min=0, help="Only this partition; else all of them.")
    ] = None,
    output: OutputOption = None,
) -> None:
    """Write the values of a topic's records, one a line; with -o json, whole records.

    Ends at what was the end when it began, unless it follows. Records of one partition come in
    their order. JSON lines can be read again by `headrace produce --format ndjson`. From a time
    on, each partition begins at its first record whose timestamp is not before it.
    """
    shell = shell_of(context, output)
    if shell.output is OutputFormat.CSV:
        raise typer.BadParameter("records are written as values or as json", param_hint="--output")
    begins = _start(start)
    with shell.client() as client:
        found = cluster_id(client, cluster)
        count = client.topics.get(found, topic).partitions
        partitions = list(range(count)) if partition is None else [partition]
        tail = Tail(client, found, topic, partitions, begins, follows=follow)
        try:
            for placed in islice(tail, maximum):
                _write(topic, placed, as_json=shell.output is OutputFormat.JSON)
                if follow:
                    sys.stdout.buffer.flush()
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            let_go_of_output()
            raise typer.Exit(BROKEN_PIPE) from None


def _write(topic: str, placed: Placed, *, as_json: bool) -> None:
    out = sys.stdout.buffer
    if as_json:
        out.write(to_ndjson(topic, placed.partition, placed.record))
    else:
        out.write(placed.record.value_bytes or b"")
    out.write(b"\n")
