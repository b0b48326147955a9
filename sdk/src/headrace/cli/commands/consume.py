"""headrace consume: the records of a topic, to standard output."""

import sys
from itertools import islice
from typing import Annotated

import typer

from headrace.cli.exit_codes import BROKEN_PIPE
from headrace.cli.options import ClusterOption, OutputFormat, OutputOption
from headrace.cli.record_lines import to_ndjson
from headrace.cli.shell import cluster_id, let_go_of_output, shell_of
from headrace.cli.tail import Placed, Tail
from headrace.resources.records import Offset

EARLIEST, LATEST = "earliest", "latest"


def _offset(text: str) -> Offset:
    if text == EARLIEST:
        return "earliest"
    if text == LATEST:
        return "latest"
    if not text.isascii() or not text.isdigit():
        raise typer.BadParameter("earliest, latest or an offset", param_hint="--from")
    return int(text)


def consume(
    context: typer.Context,
    *,
    topic: Annotated[str, typer.Argument(help="Name of the topic.")],
    cluster: ClusterOption,
    start: Annotated[
        str, typer.Option("--from", help="earliest, latest, or an offset of each partition.")
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
    their order. JSON lines can be read again by `headrace produce --format ndjson`.
    """
    shell = shell_of(context, output)
    if shell.output is OutputFormat.CSV:
        raise typer.BadParameter("records are written as values or as json", param_hint="--output")
    offset = _offset(start)
    with shell.client() as client:
        found = cluster_id(client, cluster)
        count = client.topics.get(found, topic).partitions
        partitions = list(range(count)) if partition is None else [partition]
        tail = Tail(client, found, topic, partitions, offset, follows=follow)
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
