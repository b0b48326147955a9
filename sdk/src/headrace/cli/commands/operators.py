"""headrace operator ..."""

from typing import Annotated

import typer

from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import shell_of

app = typer.Typer(
    no_args_is_help=True, help="Who operates the installation; for its operators alone."
)
keys = typer.Typer(no_args_is_help=True, help="Keys that operate the installation and no more.")
app.add_typer(keys, name="key")

GRANT_COLUMNS = ("principal_id", "holder_organization_id", "granted_by", "granted_at")
KEY_COLUMNS = ("id", "name", "created_at", "expires_at", "last_used_at", "revoked_at")
CREATED_COLUMNS = ("id", "secret", *KEY_COLUMNS[1:])

PrincipalArgument = Annotated[
    str, typer.Argument(metavar="KEY_OR_MEMBER", help="Id of an API key or member.")
]


@app.command("list")
def list_operators(
    context: typer.Context, *, output: OutputOption = None, quiet: QuietOption = False
) -> None:
    """List keys and members of organizations that operate the installation too."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(client.operators.list(), GRANT_COLUMNS, "principal_id")


@app.command()
def grant(
    context: typer.Context,
    *,
    principal: PrincipalArgument,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Let an API key or member of an organization operate the installation too."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.operators.grant(principal), GRANT_COLUMNS, "principal_id")


@app.command()
def revoke(
    context: typer.Context,
    *,
    principal: PrincipalArgument,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Take that back; what they may do in their organization stays."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.operators.revoke(principal), GRANT_COLUMNS, "principal_id")


@keys.command("create")
def create_key(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Make a key of an operator."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.operators.create_key(name), CREATED_COLUMNS)
    shell.note("The secret is shown this once.")


@keys.command("list")
def list_keys(
    context: typer.Context, *, output: OutputOption = None, quiet: QuietOption = False
) -> None:
    """List keys of operators, revoked ones included."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(client.operators.list_keys(), KEY_COLUMNS)


@keys.command("revoke")
def revoke_key(
    context: typer.Context,
    *,
    api_key: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")],
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """End a key of an operator for good."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.operators.revoke_key(api_key), KEY_COLUMNS)
