"""headrace cluster ..."""

from typing import Annotated, Literal

import typer

from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import shell_of
from headrace.models import MaintenanceWindow
from headrace.resources.operations import WAIT_SECONDS_DEFAULT

app = typer.Typer(
    no_args_is_help=True, help="Create, show, change, pause, delete and bring back clusters."
)

DELETED_COLUMNS = ("id", "name", "plan", "deleted_at", "purge_at")
LIST_COLUMNS = ("id", "name", "plan", "status", "endpoints.kafka.sasl_ssl", "created_at")
SHOW_COLUMNS = (
    "id",
    "name",
    "plan",
    "engine",
    "status",
    "reason",
    "endpoints.rest",
    "endpoints.kafka.sasl_ssl",
    "endpoints.kafka.sasl_plaintext",
    "endpoints.kafka.ssl",
    "endpoints.kafka.oauth",
    "labels",
    "deletion_protection",
    "wake_on_connect",
    "auto_pause_minutes",
    "allowed_networks",
    "storage_limit_bytes",
    "retention_ms_max",
    "retention_bytes_max",
    "maintenance_window",
    "version",
    "access",
    "access_reason",
    "organization_id",
    "created_at",
    "purge_at",
    "ca_certificate",
)

ClusterArgument = Annotated[
    str, typer.Argument(metavar="CLUSTER", help="Id or name of the cluster.")
]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Return when it is done, or at once.")
]
TimeoutOption = Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", metavar="NAME=VALUE", help="A label; repeatable.")
]
NetworkOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-network",
        metavar="NETWORK",
        help="An address or network that clients may come from, as 192.0.2.0/24; repeatable.",
    ),
]


StorageLimitOption = Annotated[
    int | None,
    typer.Option(metavar="BYTES", min=0, help="The most it may store; 0 for that of its plan."),
]
RetentionMsOption = Annotated[
    int | None,
    typer.Option(metavar="MS", min=0, help="The longest its topics may keep; 0 for no ceiling."),
]
RetentionBytesOption = Annotated[
    int | None,
    typer.Option(metavar="BYTES", min=0, help="The most a partition may keep; 0 for no ceiling."),
]
WindowOption = Annotated[
    str | None,
    typer.Option(
        metavar="WEEKDAY:HOUR",
        help="When it may be moved to another version: 4 hours from an hour of UTC on, as "
        "sunday:3; any_time for no window.",
    ),
]


def window_of(text: str | None) -> MaintenanceWindow | Literal["any_time"] | None:
    """Read a window; raise BadParameter. Which weekdays there are the service says."""
    if text is None or text == "any_time":
        return text
    weekday, separator, hour = text.partition(":")
    if not separator or not hour.isdecimal():
        raise typer.BadParameter(f"{text!r} is not WEEKDAY:HOUR", param_hint="--maintenance-window")
    return MaintenanceWindow(weekday=weekday.lower(), hour=int(hour))


def labels_of(entries: list[str] | None) -> dict[str, str] | None:
    """Read labels that were given, None where none was; raise BadParameter."""
    if not entries:
        return None
    labels: dict[str, str] = {}
    for entry in entries:
        name, separator, value = entry.partition("=")
        if not separator or not name:
            raise typer.BadParameter(f"{entry!r} is not NAME=VALUE", param_hint="--label")
        labels[name] = value
    return labels


@app.command()
def create(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="Name of the cluster.")],
    plan: Annotated[str, typer.Option(help="Plan of the cluster.")] = "dev",
    label: LabelOption = None,
    deletion_protection: Annotated[
        bool, typer.Option("--deletion-protection", help="Refuse to delete it.")
    ] = False,
    allowed_network: NetworkOption = None,
    storage_limit: StorageLimitOption = None,
    retention_ms_max: RetentionMsOption = None,
    retention_bytes_max: RetentionBytesOption = None,
    maintenance_window: WindowOption = None,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Create a cluster and print it, ready to use."""
    window = window_of(maintenance_window)
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        cluster = client.clusters.create(
            name,
            plan,
            labels=labels_of(label),
            deletion_protection=deletion_protection,
            allowed_networks=allowed_network or (),
            storage_limit_bytes=storage_limit or None,
            retention_ms_max=retention_ms_max or None,
            retention_bytes_max=retention_bytes_max or None,
            maintenance_window=None if window == "any_time" else window,
            wait=wait,
            timeout_seconds=timeout,
        )
    shell.show(cluster, SHOW_COLUMNS)


@app.command("list")
def list_clusters(
    context: typer.Context,
    *,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="List deleted clusters that can be brought back.")
    ] = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List your clusters."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        found = client.clusters.list(deleted=deleted)
        shell.show_list(found, DELETED_COLUMNS if deleted else LIST_COLUMNS)


@app.command()
def show(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show one cluster: its status, its addresses and the authority to trust."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.clusters.find(cluster), SHOW_COLUMNS)
