"""headrace quota ..."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from headrace.cli.options import (
    ClusterOption,
    DryRunOption,
    OutputFormat,
    OutputOption,
    QuietOption,
)
from headrace.cli.shell import Shell, cluster_id, shell_of
from headrace.models import ClientQuota, Model

app = typer.Typer(
    no_args_is_help=True, help="List, set and delete client quotas: rates that clients may reach."
)

RATES = (
    "producer_byte_rate",
    "consumer_byte_rate",
    "request_percentage",
    "controller_mutation_rate",
    "connection_creation_rate",
)
COLUMNS = ("entity", *RATES)
DEFAULT = "<default>"
NONE = "none"

UserOption = Annotated[str | None, typer.Option(help="A user: the id of a key, or a name.")]
ClientIdOption = Annotated[str | None, typer.Option(help="A client id.")]
IpOption = Annotated[str | None, typer.Option(help="An IP address.")]
DefaultOption = Annotated[
    list[str] | None,
    typer.Option(help="user, client-id or ip: all that have no quota of their own."),
]


class Row(Model, frozen=True, kw_only=True):
    """A quota as a line of a table."""

    entity: str
    producer_byte_rate: float | None = None
    consumer_byte_rate: float | None = None
    request_percentage: float | None = None
    controller_mutation_rate: float | None = None
    connection_creation_rate: float | None = None


@app.command("list")
def list_quotas(
    context: typer.Context,
    *,
    cluster: ClusterOption,
    user: UserOption = None,
    client_id: ClientIdOption = None,
    ip: IpOption = None,
    default: DefaultOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List client quotas, those of native clients among them."""
    entity = _entity(user, client_id, ip, default or [])
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        _show(shell, client.quotas.list(cluster_id(client, cluster), entity))


@app.command("set")
def set_quota(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    rates: Annotated[
        list[str],
        typer.Argument(
            metavar="RATE=VALUE...",
            help="Such as producer_byte_rate=1048576; the value none takes a rate away. Rates: "
            + ", ".join(RATES)
            + ".",
        ),
    ],
    cluster: ClusterOption,
    user: UserOption = None,
    client_id: ClientIdOption = None,
    ip: IpOption = None,
    default: DefaultOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Set rates of a user, a client id, both together, or an address."""
    entity = _named(_entity(user, client_id, ip, default or []))
    changes = dict(_rate(text) for text in rates)
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        place = cluster_id(client, cluster)
        quota = client.quotas.set(place, entity, changes, dry_run=dry_run)
    _show_one(shell, quota, dry_run=dry_run)


@app.command()
def delete(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    cluster: ClusterOption,
    user: UserOption = None,
    client_id: ClientIdOption = None,
    ip: IpOption = None,
    default: DefaultOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Take every rate of a user, a client id, both together, or an address away."""
    entity = _named(_entity(user, client_id, ip, default or []))
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        quota = client.quotas.delete(cluster_id(client, cluster), entity, dry_run=dry_run)
    _show_one(shell, quota, dry_run=dry_run)


def _show(shell: Shell, quotas: Iterable[ClientQuota]) -> None:
    if shell.output is OutputFormat.JSON:
        shell.json([quota.as_dict() for quota in quotas])
        return
    rows = [_row(quota) for quota in quotas]
    shell.show_list(rows, COLUMNS, identity="entity", numbers=RATES)


def _show_one(shell: Shell, quota: ClientQuota, *, dry_run: bool) -> None:
    if shell.output is OutputFormat.JSON:
        shell.json(quota.as_dict())
    else:
        shell.show(_row(quota), COLUMNS, identity="entity")
    if dry_run:
        shell.note("nothing was changed")


def _row(quota: ClientQuota) -> Row:
    parts = [f"{part.type}={DEFAULT if part.name is None else part.name}" for part in quota.entity]
    rates: dict[str, Any] = {name: rate for name, rate in quota.rates.items() if name in RATES}
    return Row(entity=" ".join(parts), **rates)


def _entity(
    user: str | None, client_id: str | None, ip: str | None, defaults: list[str]
) -> dict[str, str | None]:
    names = {"user": user, "client-id": client_id, "ip": ip}
    entity: dict[str, str | None] = {kind: name for kind, name in names.items() if name is not None}
    for kind in defaults:
        if kind not in names or kind in entity:
            raise typer.BadParameter(
                f"{kind!r} is not user, client-id or ip, or is named twice", param_hint="--default"
            )
        entity[kind] = None
    return entity


def _named(entity: dict[str, str | None]) -> dict[str, str | None]:
    if not entity:
        raise typer.BadParameter("name --user, --client-id, --ip or --default")
    return entity


def _rate(text: str) -> tuple[str, float | None]:
    name, separator, value = text.partition("=")
    if not separator or name not in RATES:
        raise typer.BadParameter(f"{text!r} is not RATE=VALUE; rates are {', '.join(RATES)}")
    if value == NONE:
        return name, None
    try:
        return name, float(value)
    except ValueError as error:
        raise typer.BadParameter(f"{value!r} is neither a number nor none") from error
