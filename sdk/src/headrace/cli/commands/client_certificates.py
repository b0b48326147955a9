"""headrace cluster client-certificates."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from headrace.cli.commands.cluster_changes import show_preview
from headrace.cli.commands.clusters import (
    SHOW_COLUMNS,
    ClusterArgument,
    TimeoutOption,
    WaitOption,
)
from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import cluster_id, shell_of
from headrace.models import ClientCertificates
from headrace.resources.operations import WAIT_SECONDS_DEFAULT


class Mode(StrEnum):
    """Whether clients have to show a certificate."""

    REQUIRED = "required"
    REQUESTED = "requested"
    OFF = "off"


def register(app: typer.Typer) -> None:
    """Add the command to those of clusters."""
    app.command()(client_certificates)


def client_certificates(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    authorities: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="PEM file of the authorities that sign clients' certificates.",
        ),
    ] = None,
    mapping_rules: Annotated[
        str, typer.Option(help="Kafka's ssl.principal.mapping.rules; DEFAULT without.")
    ] = "",
    mode: Annotated[
        Mode,
        typer.Option(
            help="Refuse who shows no certificate, take it as User:ANONYMOUS, or have no such "
            "endpoint."
        ),
    ] = Mode.REQUIRED,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check it, and tell what would change.")
    ] = False,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Let clients be known by certificates, on an endpoint of their own (restarts the broker)."""
    wanted = _wanted(mode, authorities, mapping_rules)
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        found = cluster_id(client, cluster)
        if dry_run:
            show_preview(shell, client.clusters.preview_update(found, client_certificates=wanted))
            return
        changed = client.clusters.update(
            found, client_certificates=wanted, wait=wait, timeout_seconds=timeout
        )
    shell.show(changed, SHOW_COLUMNS)


def _wanted(
    mode: Mode, authorities: Path | None, mapping_rules: str
) -> ClientCertificates | Literal["off"]:
    if mode is Mode.OFF:
        if authorities is not None or mapping_rules:
            raise typer.BadParameter("off takes no authorities and no mapping rules")
        return "off"
    if authorities is None:
        raise typer.BadParameter("the authorities are missing", param_hint="--authorities")
    return ClientCertificates(
        authorities=authorities.read_text(encoding="utf-8"),
        mapping_rules=mapping_rules,
        mode="required" if mode is Mode.REQUIRED else "requested",
    )
