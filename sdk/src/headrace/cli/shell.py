"""What commands are given: the client, and where and how to write."""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headrace.cli.csv_lines import to_csv
from headrace.cli.exit_codes import BROKEN_PIPE
from headrace.cli.options import OutputFormat
from headrace.client import Client
from headrace.errors import HeadraceError, ProblemError
from headrace.models import Model, Operation
from headrace.resources.clusters import ID_PREFIX

Columns = Sequence[str]

PIPE_WIDTH = 10_000
_FRACTION = re.compile(r"\.\d+(?=Z$)")


class Shell:
    """The terminal, or what stands in for it. One per process; commands set what they were told."""

    def __init__(self) -> None:
        self.output = OutputFormat.TABLE
        self.is_quiet = False
        self.profile: str | None = None
        self.errors = Console(stderr=True, highlight=False, soft_wrap=True)
        self._results = _Results(highlight=False, soft_wrap=True)
        if not self._results.is_terminal:
            self._results.width = PIPE_WIDTH  # nothing is cut or folded in a file or a pipe

    def use(self, output: OutputFormat | None, *, is_quiet: bool = False) -> None:
        """Take over options given at one place; what is not given there stays."""
        self.output = output or self.output
        self.is_quiet = is_quiet or self.is_quiet

    def client(self) -> Client:
        """Connect to the service of the environment or the profile."""
        client = Client.from_environment(self.profile)
        if self.shows_progress:
            client.operations.on_progress = self.progress
        return client

    def progress(self, operation: Operation) -> None:
        """Say how far an operation is."""
        self.note(progress_line(operation))

    @property
    def shows_progress(self) -> bool:
        """Whether somebody is looking who wants to see progress."""
        return self.errors.is_terminal and not self.is_quiet

    def show(self, found: Model, columns: Columns, identity: str = "id") -> None:
        """Write one thing."""
        plain = found.as_dict()
        if self.is_quiet and self.output is OutputFormat.TABLE:
            self.line(str(plain[identity]))
        elif self.output is OutputFormat.JSON:
            self.json(plain)
        elif self.output is OutputFormat.CSV:
            self._csv(columns, [plain])
        else:
            table = Table(show_header=False, box=None, pad_edge=False)
            for column in columns:
                value = _at(plain, column)
                if value is not None:
                    table.add_row(f"[bold]{column}[/]", _cell(value))
            self._results.print(table)

    def show_list(
        self,
        found: Iterable[Model],
        columns: Columns,
        identity: str = "id",
        *,
        numbers: Columns = (),
    ) -> None:
        """Write several things of one kind; columns of `numbers` stand to the right."""
        rows = [one.as_dict() for one in found]
        if self.is_quiet and self.output is OutputFormat.TABLE:
            for row in rows:
                self.line(str(row[identity]))
        elif self.output is OutputFormat.JSON:
            self.json(rows)
        elif self.output is OutputFormat.CSV:
            self._csv(columns, rows)
        else:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for column in columns:
                table.add_column(
                    column.rpartition(".")[2].upper(),
                    overflow="fold",
                    justify="right" if column in numbers else "left",
                )
            for row in rows:
                table.add_row(*(_cell(_at(row, column)) for column in columns))
            self._results.print(table)

    def json(self, value: object) -> None:
        """Write a value as JSON."""
        self.line(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())

    def deleted(self, identity: str) -> None:
        """Say that something is gone."""
        if self.output is OutputFormat.JSON:
            self.json({"deleted": identity})
        else:
            self.note(f"deleted {identity}")

    def note(self, text: str) -> None:
        """Say something that is no result."""
        if not self.is_quiet:
            self.errors.print(text, markup=False)

    def fail(self, error: HeadraceError) -> None:
        """Say what went wrong, with the service's code and advice."""
        if self.output is OutputFormat.JSON:
            body = msgspec.json.encode({"error": _error_body(error)})
            self.errors.print(body.decode(), markup=False)
            return
        self.errors.print(f"error: {error}", markup=False)
        if isinstance(error, ProblemError):
            for field in error.problem.errors:
                self.errors.print(f"  {field.field}: {field.detail}", markup=False)
            if error.problem.advice is not None:
                self.errors.print(f"  {error.problem.advice}", markup=False)
            if error.problem.request_id is not None:
                self.errors.print(f"  request {error.problem.request_id}", markup=False)

    def raw(self, content: bytes) -> None:
        """Write a document as it is."""
        try:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            let_go_of_output()
            raise typer.Exit(BROKEN_PIPE) from None

    def _csv(self, columns: Columns, rows: Iterable[dict[str, Any]]) -> None:
        self.raw(to_csv(columns, ([_at(row, one) for one in columns] for row in rows)).encode())

    def line(self, text: str) -> None:
        """Write a line of a result."""
        self.raw(f"{text}\n".encode())


class _Results(Console):
    def on_broken_pipe(self) -> None:
        let_go_of_output()
        raise typer.Exit(BROKEN_PIPE) from None


def progress_line(operation: Operation) -> str:
    """Write how far an operation is, in a line."""
    percent = operation.progress_percent
    share = "" if percent is None else f" {percent} %"
    doing = f": {operation.steps_left[0]}" if operation.steps_left else ""
    return f"{operation.kind} {operation.status}{share}{doing}"


def shell_of(
    context: typer.Context, output: OutputFormat | None = None, *, is_quiet: bool = False
) -> Shell:
    """Return the shell, with the options that a command was given."""
    shell = context.obj
    assert isinstance(shell, Shell)
    shell.use(output, is_quiet=is_quiet)
    return shell


def cluster_id(client: Client, id_or_name: str) -> str:
    """Return the id of the cluster that a user names."""
    if id_or_name.startswith(ID_PREFIX):
        return id_or_name
    return client.clusters.find(id_or_name).id


def let_go_of_output() -> None:
    """Keep the interpreter from complaining about an output that is gone when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _error_body(error: HeadraceError) -> dict[str, Any]:
    if isinstance(error, ProblemError):
        body: dict[str, Any] = msgspec.to_builtins(error.problem)
        return body
    return {"code": error.code, "detail": str(error)}


def _at(row: dict[str, Any], column: str) -> Any:
    first, _, rest = column.partition(".")
    value = row.get(first)
    if not rest or value is None:
        return value
    return _at(cast("dict[str, Any]", value), rest)


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return escape(_FRACTION.sub("", text))
