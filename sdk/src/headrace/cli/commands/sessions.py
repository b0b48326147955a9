"""headrace session ..."""

from typing import Annotated

import typer

from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import shell_of

app = typer.Typer(no_args_is_help=True, help="Where you are signed in, and ending that.")

COLUMNS = (
    "id",
    "organization_id",
    "address",
    "user_agent",
    "created_at",
    "last_used_at",
    "is_current",
)


@app.command("list")
def list_sessions(
    context: typer.Context, *, output: OutputOption = None, quiet: QuietOption = False
) -> None:
    """List your live sessions, the one last used first."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(client.sessions.list(), COLUMNS)


@app.command()
def revoke(
    context: typer.Context,
    *,
    session: Annotated[
        str | None, typer.Argument(metavar="SESSION", help="Id of the session.")
    ] = None,
    others: Annotated[
        bool, typer.Option("--others", help="All of yours but the one in use.")
    ] = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """End one of your sessions, or all others, at once."""
    shell = shell_of(context, output, is_quiet=quiet)
    if (session is None) != others:
        raise typer.BadParameter("either the id of a session, or --others")
    with shell.client() as client:
        if session is None:
            shell.show_list(client.sessions.revoke_others(), COLUMNS)
        else:
            shell.show(client.sessions.revoke(session), COLUMNS)
