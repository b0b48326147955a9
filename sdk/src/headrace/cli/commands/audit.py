"""headrace audit ..."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from headrace import audit_chain
from headrace.cli.exit_codes import ERROR
from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import shell_of
from headrace.client import Client
from headrace.models import AuditEvent
from headrace.resources.audit import Audit

app = typer.Typer(no_args_is_help=True, help="What was done and refused in the organization.")

LIST_COLUMNS = ("sequence", "at", "actor.id", "action", "resource_id", "outcome", "result.status")
VERDICT_COLUMNS = ("holds", "events", "sequence", "hash", "broken_at")
LISTED_DEFAULT = 50

ActorOption = Annotated[str | None, typer.Option(help="Only of this key or member.")]
ActionOption = Annotated[str | None, typer.Option(help="Only this action, as clusters.delete.")]
OutcomeOption = Annotated[
    str | None, typer.Option(help="succeeded, denied, refused, failed or unknown.")
]
ResourceOption = Annotated[str | None, typer.Option(help="Only about what has this id.")]
SinceOption = Annotated[str | None, typer.Option(help="Not before this date or instant.")]
InstallationOption = Annotated[
    bool, typer.Option("--installation", help="The log of what operators of the installation did.")
]
UntilOption = Annotated[str | None, typer.Option(help="Before this date or instant.")]


@app.command("list")
def list_events(  # noqa: PLR0913 - one parameter per option
    context: typer.Context,
    *,
    actor: ActorOption = None,
    action: ActionOption = None,
    outcome: OutcomeOption = None,
    resource: ResourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    installation: InstallationOption = False,
    limit: Annotated[int, typer.Option(min=1, help="Most events to list.")] = LISTED_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List events, newest first."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        found = _log(client, installation=installation).list(
            actor_id=actor,
            action=action,
            outcome=outcome,
            resource_id=resource,
            since=since,
            until=until,
        )
        shell.show_list(_first(found, limit), LIST_COLUMNS, "sequence")


@app.command()
def export(
    context: typer.Context,
    *,
    actor: ActorOption = None,
    action: ActionOption = None,
    outcome: OutcomeOption = None,
    resource: ResourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    installation: InstallationOption = False,
) -> None:
    """Write events as JSON, one a line, oldest first."""
    shell = shell_of(context)
    with shell.client() as client:
        lines = _log(client, installation=installation).export(
            actor_id=actor,
            action=action,
            outcome=outcome,
            resource_id=resource,
            since=since,
            until=until,
        )
        for line in lines:
            shell.raw(line + b"\n")


@app.command()
def verify(
    context: typer.Context,
    *,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Check this export, and ask nobody."),
    ] = None,
    installation: InstallationOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Check that no event was changed, left out or put in; ends with 1 if one was."""
    shell = shell_of(context, output, is_quiet=quiet)
    if file is None:
        with shell.client() as client:
            verdict = _log(client, installation=installation).verify()
    else:
        with file.open("rb") as lines:
            verdict = audit_chain.verify(lines)
    shell.show(verdict, VERDICT_COLUMNS, "hash")
    if not verdict.holds:
        raise typer.Exit(ERROR)


def _log(client: Client, *, installation: bool) -> Audit:
    return client.installation_audit if installation else client.audit


def _first(found: Iterator[AuditEvent], limit: int) -> Iterator[AuditEvent]:
    for count, event in enumerate(found, start=1):
        yield event
        if count == limit:
            return
