"""headrace api-key ..."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import cluster_id, shell_of

app = typer.Typer(no_args_is_help=True, help="Create, list, rotate and revoke API keys.")

LIST_COLUMNS = ("id", "name", "scope", "cluster_id", "role", "created_at", "revoked_at")
SHOW_COLUMNS = ("id", "secret", "name", "scope", "cluster_id", "role", "expires_at", "revoked_at")
ROTATED_COLUMNS = ("id", "secret", "previous_secret_until", "name", "cluster_id", "role")
STANDARD_INPUT = "-"
SECRET_CHARACTERS_MAX = 256
BROUGHT = "The secret is the one you gave. Kafka user name: the id; password: the secret."
NOTHING_CHANGED = "A dry run: nothing was changed, and no secret made."
ONCE = "The secret is shown this once. Kafka user name: the id; password: the secret."


@app.command()
def create(  # noqa: PLR0913 - one parameter per option
    context: typer.Context,
    *,
    cluster: Annotated[
        str | None,
        typer.Option(envvar="HEADRACE_CLUSTER", help="Only for this cluster; else for all."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the key is for.")] = None,
    role: Annotated[
        str | None,
        typer.Option(help="owner, admin, operator, developer (default), viewer, billing."),
    ] = None,
    expires_at: Annotated[
        str | None,
        typer.Option(help="When it ends by itself, such as 2030-01-31T12:00:00Z; else never."),
    ] = None,
    read: Annotated[
        list[str] | None,
        typer.Option(help="Topics that it may read: a beginning, or '*'. May be repeated."),
    ] = None,
    write: Annotated[
        list[str] | None,
        typer.Option(help="Topics that it may write. With either it may do nothing else."),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            metavar=STANDARD_INPUT,
            help="Take a secret of your own, never used before, from standard input.",
        ),
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Create an API key, in force at once; its secret is also Kafka's and HTTP's password."""
    shell = shell_of(context, output, is_quiet=quiet)
    expiry = None if expires_at is None else _instant(expires_at)
    brought = None if secret is None else _secret(secret)
    with shell.client() as client:
        scope = None if cluster is None else cluster_id(client, cluster)
        api_key = client.api_keys.create(
            name, scope, role, expiry, secret=brought, read=read or None, write=write or None
        )
    shell.show(api_key, SHOW_COLUMNS)
    shell.note(ONCE if brought is None else BROUGHT)


def _secret(option: str) -> str:
    """Read the secret: on a command line other users of the machine could see it."""
    if option != STANDARD_INPUT:
        raise typer.BadParameter(
            f"give {STANDARD_INPUT} and write the secret to standard input", param_hint="--secret"
        )
    text = sys.stdin.read(SECRET_CHARACTERS_MAX + 1)
    if len(text) > SECRET_CHARACTERS_MAX or not text.strip():
        raise typer.BadParameter("standard input holds no secret", param_hint="--secret")
    return text.strip()


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expires-at") from error
    if instant.tzinfo is None:
        raise typer.BadParameter("the time needs its zone, such as Z", param_hint="--expires-at")
    return instant


@app.command("list")
def list_api_keys(
    context: typer.Context,
    *,
    cluster: Annotated[str | None, typer.Option(help="Only keys of this cluster.")] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List API keys, without their secrets."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        scope = None if cluster is None else cluster_id(client, cluster)
        shell.show_list(client.api_keys.list(scope), LIST_COLUMNS)


@app.command()
def rotate(
    context: typer.Context,
    *,
    api_key: Annotated[str, typer.Argument(metavar="API_KEY", help="Id of the key.")],
    overlap_seconds: Annotated[
        int | None,
        typer.Option(
            min=0, help="For how long the old secret goes on working: a day unless said; 0: ends."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check, and tell until when the old one works.")
    ] = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Give an API key another secret; the old one works for a while, then its connections end."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        rotated = client.api_keys.rotate(api_key, overlap_seconds=overlap_seconds, dry_run=dry_run)
    shell.show(rotated, ROTATED_COLUMNS)
    shell.note(NOTHING_CHANGED if dry_run else ONCE)


@app.command()
def revoke(
    context: typer.Context,
    *,
    api_key: Annotated[str, typer.Argument(metavar="API_KEY", help="Id of the key.")],
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """End an API key; open connections that use it are closed."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.api_keys.revoke(api_key), SHOW_COLUMNS)
