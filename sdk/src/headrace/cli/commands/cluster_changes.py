"""headrace cluster pause, resume, restart, rotate, upgrade, update, fork, delete and so on."""

import sys
from datetime import datetime
from typing import Annotated, Protocol

import typer

from headrace.cli.commands.clusters import (
    SHOW_COLUMNS,
    ClusterArgument,
    LabelOption,
    NetworkOption,
    RetentionBytesOption,
    RetentionMsOption,
    StorageLimitOption,
    TimeoutOption,
    WaitOption,
    WindowOption,
    labels_of,
    window_of,
)
from headrace.cli.options import OutputFormat, OutputOption, QuietOption
from headrace.cli.shell import Shell, cluster_id, shell_of
from headrace.models import Cluster, ClusterChangePreview, ClusterForkPreview
from headrace.resources.clusters import Access, ClusterChanges, Clusters
from headrace.resources.operations import WAIT_SECONDS_DEFAULT

PREVIEW_COLUMNS = ("field", "before", "after")


class Verb(Protocol):
    """What is done to a cluster and takes nothing but time."""

    def __call__(
        self, clusters: Clusters, cluster_id: str, /, *, wait: bool, timeout_seconds: float
    ) -> Cluster: ...


def register(app: typer.Typer) -> None:
    """Add the commands to those of clusters."""
    for command in (
        pause,
        resume,
        restart,
        rotate,
        upgrade,
        update,
        access,
        fork,
        delete,
        undelete,
    ):
        app.command()(command)


def pause(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Stop a cluster and keep its data and addresses; then only storage costs something."""
    shell = shell_of(context, output, is_quiet=quiet)
    _change(shell, cluster, Clusters.pause, wait=wait, timeout=timeout)


def resume(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Start a paused cluster again, at the same addresses."""
    shell = shell_of(context, output, is_quiet=quiet)
    _change(shell, cluster, Clusters.resume, wait=wait, timeout=timeout)


def restart(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """End a cluster's broker and start it again; no connection is refused meanwhile."""
    shell = shell_of(context, output, is_quiet=quiet)
    _change(shell, cluster, Clusters.restart, wait=wait, timeout=timeout)


def rotate(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Give a cluster another private key and certificate; connections under the old one end."""
    shell = shell_of(context, output, is_quiet=quiet)
    _change(shell, cluster, Clusters.rotate, wait=wait, timeout=timeout)


def upgrade(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Move a cluster to the version that is installed, without waiting for its window."""
    shell = shell_of(context, output, is_quiet=quiet)
    _change(shell, cluster, Clusters.upgrade, wait=wait, timeout=timeout)


def _change(
    shell: Shell,
    cluster: str,
    verb: Verb,
    *,
    wait: bool,
    timeout: float,
) -> None:
    """Do it to a cluster, given by name or id, and show the cluster."""
    with shell.client() as client:
        found = cluster_id(client, cluster)
        changed = verb(client.clusters, found, wait=wait, timeout_seconds=timeout)
    shell.show(changed, SHOW_COLUMNS)


def update(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    plan: Annotated[str | None, typer.Option(help="Another plan, larger or smaller.")] = None,
    label: LabelOption = None,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Take all labels off.")] = False,
    deletion_protection: Annotated[
        bool | None,
        typer.Option(
            "--deletion-protection/--no-deletion-protection", help="Refuse to delete it, or not."
        ),
    ] = None,
    wake_on_connect: Annotated[
        bool | None,
        typer.Option(
            "--wake-on-connect/--no-wake-on-connect", help="Start it when a client connects."
        ),
    ] = None,
    auto_pause: Annotated[
        int | None,
        typer.Option(metavar="MINUTES", help="Pause it when idle for so long; 0 for never."),
    ] = None,
    allowed_network: NetworkOption = None,
    any_network: Annotated[
        bool, typer.Option("--any-network", help="Let clients come from everywhere.")
    ] = False,
    storage_limit: StorageLimitOption = None,
    retention_ms_max: RetentionMsOption = None,
    retention_bytes_max: RetentionBytesOption = None,
    maintenance_window: WindowOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would change, and its price.")
    ] = False,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Change a cluster; labels and networks are replaced as a whole."""
    changes = ClusterChanges(
        name=name,
        plan=plan,
        labels={} if no_labels else labels_of(label),
        deletion_protection=deletion_protection,
        wake_on_connect=wake_on_connect,
        auto_pause_minutes=auto_pause,
        allowed_networks=[] if any_network else allowed_network,
        storage_limit_bytes=storage_limit,
        retention_ms_max=retention_ms_max,
        retention_bytes_max=retention_bytes_max,
        maintenance_window=window_of(maintenance_window),
    )
    if all(one is None for one in changes.values()):
        raise typer.BadParameter("nothing to change was given")
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        found = cluster_id(client, cluster)
        if dry_run:
            show_preview(shell, client.clusters.preview_update(found, **changes))
            return
        changed = client.clusters.update(found, wait=wait, timeout_seconds=timeout, **changes)
    shell.show(changed, SHOW_COLUMNS)


def access(
    context: typer.Context,
    *,
    cluster: Annotated[str, typer.Argument(metavar="ID", help="Id of the cluster.")],
    access: Annotated[Access, typer.Argument(help="How far clients are let in.")],
    reason: Annotated[
        str | None, typer.Option(help="What its owner is told; needed unless it is full.")
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Open or close a cluster of any organization, by its id; for operators of the service."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        changed = client.clusters.set_access(cluster, access, reason)
    shell.show(changed, SHOW_COLUMNS)


def fork(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    name: Annotated[str, typer.Option(help="Name of the new cluster.")],
    plan: Annotated[str | None, typer.Option(help="Its plan; that of its source.")] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Take what lies before this time (RFC 3339 with zone)."),
    ] = None,
    offset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOPIC:PARTITION:OFFSET",
            help="Take of a partition what lies before an offset; may be repeated.",
        ),
    ] = None,
    label: LabelOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell whether it is possible, and its price.")
    ] = False,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Make a new cluster with the data of another, running or paused, which is not changed.

    It has the topics, records, offsets of groups and access rules that the other one has now,
    or had at a time or at offsets. Keys of the other cluster alone are not good for it.
    """
    moment, offsets = _moment(at), _offsets(offset)
    if moment is not None and offsets:
        raise typer.BadParameter("a fork ends at a time or at offsets, not at both")
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        found = cluster_id(client, cluster)
        if dry_run:
            preview = client.clusters.preview_fork(
                found, name, plan=plan, at=moment, offsets=offsets
            )
            _show_fork(shell, preview)
            return
        made = client.clusters.fork(
            found,
            name,
            plan=plan,
            at=moment,
            offsets=offsets,
            labels=labels_of(label),
            wait=wait,
            timeout_seconds=timeout,
        )
    shell.show(made, SHOW_COLUMNS)


def delete(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove its data for good, at once.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Delete a cluster. Until its purge_at `undelete` brings it back; with --purge nothing does."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        if purge and (deleted := client.clusters.find_deleted(cluster)) is not None:
            found = deleted.id
        else:
            found = cluster_id(client, cluster)
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Delete cluster {cluster}?", abort=True, err=True)
        client.clusters.delete(found, purge=purge, wait=wait, timeout_seconds=timeout)
    shell.deleted(found)


def undelete(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    name: Annotated[str | None, typer.Option(help="Another name, if its own is taken.")] = None,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Bring a deleted cluster back: running, with its data, addresses and keys."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        deleted = client.clusters.find_deleted(cluster)
        # What is not there the service refuses, in its own words.
        found = cluster if deleted is None else deleted.id
        back = client.clusters.undelete(found, name=name, wait=wait, timeout_seconds=timeout)
    shell.show(back, SHOW_COLUMNS)


def show_preview(shell: Shell, preview: ClusterChangePreview) -> None:
    """Show what a change would do."""
    if shell.output is OutputFormat.JSON:
        shell.json(preview.as_dict())
        return
    shell.show_list(preview.diff, PREVIEW_COLUMNS, "field")
    price = preview.price
    shell.note(f"steps: {', '.join(preview.steps) or 'none, in force at once'}")
    shell.note(
        f"per day, without traffic: {price.per_day_before} {price.currency} before, "
        f"{price.per_day_after} {price.currency} after"
    )


def _show_fork(shell: Shell, preview: ClusterForkPreview) -> None:
    if shell.output is OutputFormat.JSON:
        shell.json(preview.as_dict())
        return
    price = preview.price
    shell.note(f"{preview.name}, on plan {preview.plan}: possible")
    shell.note(
        f"per day, without traffic: {price.per_day_before} {price.currency} before, "
        f"{price.per_day_after} {price.currency} with both clusters"
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time such as 2026-11-30T12:00:00Z") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} names no time zone: end it with Z for UTC")
    return moment


def _offsets(texts: list[str] | None) -> dict[tuple[str, int], int]:
    offsets: dict[tuple[str, int], int] = {}
    for text in texts or ():
        topic, _, rest = text.partition(":")
        partition, _, offset = rest.partition(":")
        if not (topic and partition.isdecimal() and offset.isdecimal()):
            raise typer.BadParameter(f"{text!r} is not TOPIC:PARTITION:OFFSET")
        offsets[topic, int(partition)] = int(offset)
    return offsets
