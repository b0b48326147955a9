"""headrace organization ..."""

from typing import Annotated

import typer

from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import shell_of

app = typer.Typer(no_args_is_help=True, help="Create and list organizations.")

LIST_COLUMNS = ("id", "name", "created_at")
SHOW_COLUMNS = ("id", "name", "api_key", "api_key_id", "created_at")


@app.command()
def create(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="Name of the organization.")],
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Create an organization with its first API key, as an operator of the installation."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        organization = client.organizations.create(name)
    shell.show(organization, SHOW_COLUMNS)
    shell.note("The API key is shown this once.")


@app.command("list")
def list_organizations(
    context: typer.Context,
    *,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the organizations you can see: your own, or all of them for an operator."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(client.organizations.list(), LIST_COLUMNS)
