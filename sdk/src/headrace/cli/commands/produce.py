"""headrace produce: a file or standard input, one record a line."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from headrace.cli.exit_codes import ERROR
from headrace.cli.line_batches import Line, line_batches
from headrace.cli.options import ClusterOption, OutputFormat, OutputOption, QuietOption
from headrace.cli.record_lines import from_line, from_ndjson
from headrace.cli.shell import Shell, cluster_id, shell_of
from headrace.client import Client
from headrace.models import Model, RecordReport
from headrace.records import NewRecord

STANDARD_INPUT = "-"
STANDARD_INPUT_DESCRIPTOR = 0
FAILURES_SHOWN_MAX = 10


class InputFormat(StrEnum):
    """What a line is."""

    LINES = "lines"
    NDJSON = "ndjson"


PARSERS: dict[InputFormat, Callable[[bytes], NewRecord]] = {
    InputFormat.LINES: from_line,
    InputFormat.NDJSON: from_ndjson,
}


class ProduceSummary(Model, frozen=True, kw_only=True):
    """What became of the lines."""

    topic: str
    delivered: int
    failed: int


def produce(
    context: typer.Context,
    *,
    topic: Annotated[str, typer.Argument(help="Name of the topic.")],
    cluster: ClusterOption,
    file: Annotated[str, typer.Argument(help="File to read; - is standard input.")] = "-",
    input_format: Annotated[
        InputFormat,
        typer.Option(
            "--format",
            help="lines: each line is a value. ndjson: each is an object with value, key, headers, "
            "partition and timestamp.",
        ),
    ] = InputFormat.LINES,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write records from a file or standard input, one a line, in order.

    Ends with 1 if any record was not written; each such record is named with its line.
    """
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client, _open(file) as source:
        run = _Run(shell, client, cluster_id(client, cluster), topic)
        run.send_all(line_batches(source, PARSERS[input_format]), _size(file))
    if run.failed:
        raise typer.Exit(ERROR)


class _Run:
    """One run of the command: sends batches and keeps count."""

    def __init__(self, shell: Shell, client: Client, cluster: str, topic: str) -> None:
        self.delivered = 0
        self.failed = 0
        self._shell = shell
        self._client = client
        self._cluster = cluster
        self._topic = topic

    def send_all(self, batches: Iterator[list[Line]], total: int | None) -> None:
        try:
            with self._progress() as progress:
                bar = None if progress is None else _Bar(progress, self._topic, total)
                for batch in batches:
                    self._send(batch)
                    if bar is not None:
                        bar.advance(sum(line.size for line in batch), self.delivered)
        finally:
            self._summarize()

    def _send(self, batch: list[Line]) -> None:
        for line in batch:
            if line.error is not None:
                self._fail(line.number, line.error)
        sent = [line for line in batch if line.document is not None]
        documents = [line.document for line in sent if line.document is not None]
        if not documents:
            return
        reports = self._client.records.send(self._cluster, self._topic, documents)
        for line, report in zip(sent, reports, strict=True):
            self._count(line, report)

    def _count(self, line: Line, report: RecordReport) -> None:
        if report.is_delivered:
            self.delivered += 1
        else:
            self._fail(line.number, f"{report.message} ({report.code})")

    def _fail(self, number: int, reason: str) -> None:
        self.failed += 1
        if self.failed <= FAILURES_SHOWN_MAX:
            self._shell.errors.print(f"line {number}: {reason}", markup=False)
        elif self.failed == FAILURES_SHOWN_MAX + 1:
            self._shell.errors.print("further failures are only counted")

    def _progress(self) -> "Progress | nullcontext[None]":
        if not self._shell.shows_progress:
            return nullcontext()
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[records]} records"),
            TransferSpeedColumn(),
            TimeElapsedColumn(),
            console=self._shell.errors,
            transient=True,
        )

    def _summarize(self) -> None:
        summary = ProduceSummary(topic=self._topic, delivered=self.delivered, failed=self.failed)
        if self._shell.output is OutputFormat.JSON:
            self._shell.json(summary.as_dict())
        else:
            noun = "record" if self.delivered == 1 else "records"
            self._shell.note(
                f"{self.delivered} {noun} written to {self._topic}"
                + (f", {self.failed} not" if self.failed else "")
            )


class _Bar:
    """The progress of a run, as a terminal shows it."""

    def __init__(self, progress: Progress, topic: str, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task(topic, total=total, records=0)

    def advance(self, size: int, records: int) -> None:
        self._progress.update(self._task, advance=size, records=records)


def _open(file: str) -> AbstractContextManager[BinaryIO]:
    if file == STANDARD_INPUT:
        # Not sys.stdin, and never closed: both would wait for the thread that reads it.
        source = open(STANDARD_INPUT_DESCRIPTOR, "rb", closefd=False)  # noqa: SIM115
        return nullcontext(source)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from error


def _size(file: str) -> int | None:
    return None if file == STANDARD_INPUT else Path(file).stat().st_size
