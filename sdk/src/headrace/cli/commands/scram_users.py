"""headrace scram-user ..."""

import sys
from typing import Annotated

import typer

from headrace.cli.options import (
    ClusterOption,
    DryRunOption,
    OutputFormat,
    OutputOption,
    QuietOption,
)
from headrace.cli.shell import Shell, cluster_id, shell_of
from headrace.models import Model, ScramUser

app = typer.Typer(
    no_args_is_help=True,
    help="List, create and delete SCRAM users: logins of one cluster that are no API keys.",
)

LIST_COLUMNS = ("name", "principal", "mechanisms")
SHOW_COLUMNS = ("name", "password", "principal")
STANDARD_INPUT = "-"
PASSWORD_CHARACTERS_MAX = 256
ONCE = "The password is shown this once."

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="Name of the user.")]
PasswordOption = Annotated[
    str | None,
    typer.Option(
        metavar=STANDARD_INPUT,
        help="Take the password from standard input; else one is made and shown.",
    ),
]


class Row(Model, frozen=True, kw_only=True):
    """A user as a line of a table."""

    name: str
    principal: str
    mechanisms: str


@app.command("list")
def list_scram_users(
    context: typer.Context,
    *,
    cluster: ClusterOption,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List SCRAM users, those of native clients among them."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        users = list(client.scram_users.list(cluster_id(client, cluster)))
    if shell.output is OutputFormat.JSON:
        shell.json([user.as_dict() for user in users])
        return
    shell.show_list([_row(user) for user in users], LIST_COLUMNS, identity="name")


@app.command()
def create(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    user: UserArgument,
    cluster: ClusterOption,
    password: PasswordOption = None,
    mechanism: Annotated[
        list[str] | None,
        typer.Option(help="SCRAM-SHA-256 or SCRAM-SHA-512; else both. May be repeated."),
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(help="How often the password is hashed: 4096 to 16384.")
    ] = None,
    dry_run: DryRunOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Create a SCRAM user, good at once."""
    brought = None if password is None else _password(password)
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        made = client.scram_users.create(
            cluster_id(client, cluster),
            user,
            brought,
            mechanisms=mechanism or None,
            iterations=iterations,
            dry_run=dry_run,
        )
    _show(shell, made, dry_run=dry_run)


@app.command("set-password")
def set_password(
    context: typer.Context,
    *,
    user: UserArgument,
    cluster: ClusterOption,
    password: PasswordOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Give a SCRAM user another password; the old one is refused from then on."""
    brought = None if password is None else _password(password)
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        place = cluster_id(client, cluster)
        changed = client.scram_users.set_password(place, user, brought, dry_run=dry_run)
    _show(shell, changed, dry_run=dry_run)


@app.command()
def delete(
    context: typer.Context,
    *,
    user: UserArgument,
    cluster: ClusterOption,
    dry_run: DryRunOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """End a SCRAM user and its connections."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        gone = client.scram_users.delete(cluster_id(client, cluster), user, dry_run=dry_run)
    if dry_run:
        _show(shell, gone, dry_run=True)
    else:
        shell.deleted(user)


def _row(user: ScramUser) -> Row:
    mechanisms = ", ".join(login.mechanism for login in user.logins)
    return Row(name=user.name, principal=user.principal, mechanisms=mechanisms)


def _show(shell: Shell, user: ScramUser, *, dry_run: bool) -> None:
    shell.show(user, SHOW_COLUMNS, identity="name")
    if dry_run:
        shell.note("nothing was changed")
    elif user.password is not None:
        shell.note(ONCE)


def _password(option: str) -> str:
    """Read the password: on a command line other users of the machine could see it."""
    if option != STANDARD_INPUT:
        raise typer.BadParameter(
            f"give {STANDARD_INPUT} and write the password to standard input",
            param_hint="--password",
        )
    text = sys.stdin.read(PASSWORD_CHARACTERS_MAX + 2).rstrip("\r\n")
    if not 1 <= len(text) <= PASSWORD_CHARACTERS_MAX:
        raise typer.BadParameter("standard input holds no password", param_hint="--password")
    return text
