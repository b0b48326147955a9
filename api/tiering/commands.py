"""The commands `headrace tier upload`, `list`, `verify`, `restore` and `remove`."""

import logging
import signal
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer
from prometheus_client import start_http_server

from api.embedded.broker_binary import find_broker_binary
from api.embedded.installation import Installation, find_installation
from api.embedded.options import DataDir, read_settings
from api.tiering.errors import TierCommandError, told
from api.tiering.metrics import UploaderMetrics
from api.tiering.place import layout_of, open_bucket
from api.tiering.restoring import restore as restore_cluster
from api.tiering.uploader import Passed, Uploader, Uploading
from control_plane.kit.clock import SystemClock
from control_plane.kit.settings import Settings
from control_plane.kit.telemetry import configure_logging
from control_plane.provisioning.engines.native_directory import NativeDirectory
from data_plane.tiering.bucket import Bucket
from data_plane.tiering.documents import Edition
from data_plane.tiering.editions import Editions
from data_plane.tiering.limits import DELETED_AT_ONCE_MAX
from data_plane.tiering.verify import Problem
from data_plane.tiering.verify import verify as verify_edition
from headrace.cli.options import OutputFormat, OutputOption
from headrace.cli.shell import shell_of

LOOPBACK = "127.0.0.1"
FAILED = 1

tier = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Copies of clusters in a bucket of any S3, named by HEADRACE_TIER_BUCKET.",
)

Cluster = Annotated[str, typer.Argument(help="The id of the cluster.")]
EditionNumber = Annotated[
    int | None,
    typer.Option("--edition", min=1, help="Which edition. [default: the newest]"),
]


@tier.command()
def upload(
    context: typer.Context,
    *,
    once: Annotated[bool, typer.Option("--once", help="Pass over the clusters and end.")] = False,
    cluster: Annotated[
        list[str] | None, typer.Option(help="Only this cluster; may be repeated.")
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port on 127.0.0.1 that serves metrics."),
    ] = None,
    data_dir: DataDir = None,
    output: OutputOption = None,
) -> None:
    """Copy the clusters of this machine, each time what is new, until told to stop.

    With --once the status is 1 if a cluster that runs was not copied.
    """
    shell = shell_of(context, output)
    settings = read_settings(data_dir, {})
    installation = _installation(settings)
    _log(settings)
    with told():
        bucket = open_bucket(settings)
    metrics = UploaderMetrics(SystemClock())
    uploading = Uploading(installation.clusters_dir, settings.tier_prefix, settings.tier_keep_days)
    uploader = Uploader(uploading, bucket, SystemClock(), metrics)
    stopping = _until_told()
    if metrics_port is not None:
        start_http_server(metrics_port, LOOPBACK, metrics.registry)
    only = frozenset(cluster or ())
    if not once:
        uploader.run(stopping, interval_seconds=settings.tier_interval_seconds, only=only)
        return
    passed = uploader.pass_over(stopping, only)
    if shell.output is OutputFormat.JSON:
        shell.json({"clusters": [_told_pass(one) for one in passed]})
    else:
        for one in passed:
            shell.note(_sentence(one))
    if any(one.code not in {None, "cluster_not_running"} for one in passed):
        raise typer.Exit(FAILED)


@tier.command("list")
def list_editions(
    context: typer.Context,
    cluster: Cluster,
    data_dir: DataDir = None,
    output: OutputOption = None,
) -> None:
    """List the editions of a cluster, the oldest first."""
    shell = shell_of(context, output)
    settings = read_settings(data_dir, {})
    with told():
        editions = Editions(open_bucket(settings), layout_of(settings, cluster))
        found = [editions.read(one.name) for one in editions.list()]
    if shell.output is OutputFormat.JSON:
        shell.json({"editions": [_summary(one) for one in found]})
        return
    for one in found:
        said = _summary(one)
        shell.note(
            f"{said['edition']}  of {said['taken_at']}  {said['topics']} topics, "
            f"{said['partitions']} partitions, {said['bytes']} bytes"
        )


@tier.command()
def verify(
    context: typer.Context,
    cluster: Cluster,
    *,
    edition: EditionNumber = None,
    remove_damaged: Annotated[
        bool,
        typer.Option(
            help="Remove objects that are damaged: the next start of the uploader sends them "
            "again, if the cluster still has them."
        ),
    ] = False,
    data_dir: DataDir = None,
    output: OutputOption = None,
) -> None:
    """Read all of an edition and compare every checksum; status 1 if anything is not right."""
    shell = shell_of(context, output)
    settings = read_settings(data_dir, {})
    with told():
        bucket, layout = open_bucket(settings), layout_of(settings, cluster)
        chosen = Editions(bucket, layout).pick(edition)
        found = verify_edition(bucket, layout, chosen)
        damaged = [one.key for one in found.problems if one.kind == "damaged"]
        if remove_damaged:
            bucket.delete(damaged)
    if shell.output is OutputFormat.JSON:
        shell.json({**_summary(chosen), **asdict(found)})
    else:
        for one in found.problems:
            shell.note(_complaint(one))
        shell.note(
            f"Edition {chosen.number}: {found.files} files, {found.bytes} bytes, "
            f"{found.problems_count} not right."
        )
    if found.problems_count:
        raise typer.Exit(FAILED)


@tier.command()
def restore(
    context: typer.Context,
    cluster: Cluster,
    *,
    edition: EditionNumber = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put data that is there aside, into replaced_*.")
    ] = False,
    data_dir: DataDir = None,
    output: OutputOption = None,
) -> None:
    """Rebuild the data of a cluster whose disk is gone; its broker must not run.

    What was written after the edition was taken is not in it.
    """
    shell = shell_of(context, output)
    settings = read_settings(data_dir, {})
    installation = _installation(settings)
    directory = NativeDirectory(_directory(installation, cluster))
    with told():
        restored = restore_cluster(
            open_bucket(settings),
            layout_of(settings, cluster),
            directory,
            find_broker_binary(settings.broker_binary),
            number=edition,
            replace=replace,
        )
    said = _summary(restored.edition)
    if shell.output is OutputFormat.JSON:
        aside = None if restored.aside is None else str(restored.aside)
        shell.json({**said, "kept_files": restored.downloaded.kept_files, "aside": aside})
        return
    shell.note(
        f"Restored edition {said['edition']} of cluster {cluster}: {said['topics']} topics, "
        f"{said['partitions']} partitions, {said['bytes']} bytes, every checksum right."
    )
    shell.note(f"What was written after {said['taken_at']} is not in it.")
    if restored.aside is not None:
        shell.note(f"What was there before lies in {restored.aside}.")


@tier.command()
def remove(
    context: typer.Context,
    cluster: Cluster,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    data_dir: DataDir = None,
    output: OutputOption = None,
) -> None:
    """Remove the whole copy of a cluster from the bucket, such as of one that was purged."""
    shell = shell_of(context, output)
    settings = read_settings(data_dir, {})
    if not yes:
        raise TierCommandError(
            f"this removes every edition of cluster {cluster} for good: say --yes"
        )
    with told():
        bucket, layout = open_bucket(settings), layout_of(settings, cluster)
        # Editions first: without them nobody takes the rest for a copy that is whole.
        count = _remove_all(bucket, layout.editions) + _remove_all(bucket, layout.root)
    if shell.output is OutputFormat.JSON:
        shell.json({"objects": count})
    else:
        shell.note(f"Removed {count} objects.")


def _remove_all(bucket: Bucket, prefix: str) -> int:
    count = 0
    keys: list[str] = []
    for stored in bucket.list(prefix):
        keys.append(stored.key)
        if len(keys) == DELETED_AT_ONCE_MAX:
            bucket.delete(keys)
            count, keys = count + len(keys), []
    bucket.delete(keys)
    return count + len(keys)


def _installation(settings: Settings) -> Installation:
    found = find_installation(settings.data_dir)
    if found is None:
        raise TierCommandError(f"there is no headrace data directory at {settings.data_dir}")
    return found


def _directory(installation: Installation, cluster_id: str) -> Path:
    if not cluster_id.replace("_", "").isalnum():
        raise TierCommandError(f"'{cluster_id}' is no id of a cluster")
    return installation.clusters_dir / cluster_id


def _log(settings: Settings) -> None:
    configure_logging(settings.log_level)
    # At DEBUG they log requests with their signatures.
    for name in ("boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _until_told() -> Event:
    """Return what is set once the process is told to end."""
    stopping = Event()

    def stop(_signal: int, _frame: object) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def _summary(edition: Edition) -> dict[str, Any]:
    taken_at = datetime.fromtimestamp(edition.taken_at_ms / 1000, UTC)
    return {
        "cluster_id": edition.cluster_id,
        "edition": edition.number,
        "taken_at": taken_at.isoformat(timespec="milliseconds"),
        "topics": edition.topics,
        "partitions": edition.partitions,
        "files": edition.files,
        "bytes": edition.bytes,
    }


def _told_pass(passed: Passed) -> dict[str, Any]:
    if passed.edition is None or passed.sent is None:
        return {"cluster_id": passed.cluster_id, "code": passed.code, "detail": passed.detail}
    return {**_summary(passed.edition), "uploaded": asdict(passed.sent)}


def _sentence(passed: Passed) -> str:
    if passed.edition is None or passed.sent is None:
        return f"{passed.cluster_id}: not copied: {passed.detail} ({passed.code})"
    return (
        f"{passed.cluster_id}: edition {passed.edition.number}, {passed.sent.files} files with "
        f"{passed.sent.bytes} bytes uploaded, {passed.sent.known_files} files were there"
    )


def _complaint(problem: Problem) -> str:
    return f"{problem.kind}: {problem.key}"
