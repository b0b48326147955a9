"""The commands `headrace backup` and `headrace restore`."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, cast

import typer

from api.backups.drift import Drift
from api.backups.errors import BackupError
from api.backups.installation import back_up, export_master_key
from api.backups.installation import restore as restore_installation
from api.embedded.options import DataDir, read_settings
from control_plane.kit.clock import SystemClock
from control_plane.provisioning.files import sync_directory
from headrace.cli.options import OutputFormat, OutputOption
from headrace.cli.shell import Shell, shell_of

STREAM = "-"


def backup(
    context: typer.Context,
    *,
    file: Annotated[
        str, typer.Argument(help="Where to write it; - for standard output, to be piped.")
    ],
    master_key: Annotated[
        Path | None,
        typer.Option(
            "--master-key",
            help="Export the master key to this file too: without it no backup can be restored. "
            "Keep it elsewhere.",
        ),
    ] = None,
    data_dir: DataDir = None,
    output: OutputOption = None,
) -> None:
    """Write the database, the settings and the certificates of an installation to one file.

    It may be running. Secrets are sealed under the master key, which is not in the file. Topics and
    records are not in it either.
    """
    shell = shell_of(context, output)
    settings = read_settings(data_dir, {})
    if master_key is not None:
        export_master_key(settings, master_key)
    if file == STREAM:
        counts = back_up(settings, sys.stdout.buffer, SystemClock())
        sys.stdout.buffer.flush()
        shell.note(f"Backed up {sum(counts.values())} rows.")
        return
    path = Path(file)
    temporary = path.with_name(f".{path.name}.new")
    try:
        with _open_new(temporary) as stream:
            counts = back_up(settings, stream, SystemClock())
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_directory(path.absolute().parent)
    except OSError as error:
        raise BackupError(f"can not write {path}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    if shell.output is OutputFormat.JSON:
        shell.json({"file": str(path), "bytes": path.stat().st_size, "rows": counts})
    else:
        shell.note(f"Backed up {sum(counts.values())} rows to {path}.")


def restore(
    context: typer.Context,
    *,
    file: Annotated[str, typer.Argument(help="The backup; - for standard input.")],
    master_key: Annotated[
        Path | None,
        typer.Option("--master-key", help="The master key, where the installation has none."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put an SQLite database that is there aside.")
    ] = False,
    data_dir: DataDir = None,
    output: OutputOption = None,
) -> None:
    """Make an installation of a backup, in an empty database; the service must not run.

    Nothing of any cluster is touched: what is newer or unknown on this machine is listed.
    """
    shell = shell_of(context, output)
    settings = read_settings(data_dir, {})
    with _source(file) as stream:
        restored = restore_installation(
            settings, stream, master_key_file=master_key, replace=replace
        )
    if shell.output is OutputFormat.JSON:
        shell.json(
            {
                "installation_id": restored.header.installation_id,
                "created_at": restored.header.created_at,
                "rows": restored.rows,
                "settings": dict(restored.header.settings),
                "drift": [asdict(one) for one in restored.drift],
            }
        )
        return
    shell.note(f"Restored {restored.rows} rows of {restored.header.created_at}.")
    for name, value in restored.header.settings.items():
        shell.note(f"It was set up with HEADRACE_{name.upper()}={value}")
    _tell(shell, restored.drift)


def _tell(shell: Shell, drift: Drift) -> None:
    for one in drift:
        shell.note(f"{one.cluster_id}: {one.kind}: {one.detail}")


def _open_new(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _source(file: str) -> IO[bytes]:
    if file == STREAM:
        return cast("IO[bytes]", sys.stdin.buffer)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise BackupError(f"can not read {file}: {error}") from error
