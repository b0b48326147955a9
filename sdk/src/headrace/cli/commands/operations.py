"""headrace operation ..."""

from typing import Annotated

import typer

from headrace.cli.options import OutputFormat, OutputOption, QuietOption
from headrace.cli.shell import progress_line, shell_of

app = typer.Typer(no_args_is_help=True, help="List and show operations.")

COLUMNS = ("id", "kind", "resource_id", "status", "created_at", "finished_at")
SHOW_COLUMNS = (*COLUMNS, "error.code", "error.detail")


@app.command("list")
def list_operations(
    context: typer.Context,
    *,
    resource: Annotated[str | None, typer.Option(help="Only of this resource.")] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List what was asked for and how it went."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(client.operations.list(resource), COLUMNS)


@app.command()
def watch(
    context: typer.Context,
    *,
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="Id of the operation.")],
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show each step of an operation until it has ended, a line each."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        for found in client.operations.events(operation):
            if shell.output is OutputFormat.TABLE:
                shell.line(progress_line(found))
            else:
                shell.json(found.as_dict())


@app.command()
def show(
    context: typer.Context,
    *,
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="Id of the operation.")],
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show one operation."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.operations.get(operation), SHOW_COLUMNS)
