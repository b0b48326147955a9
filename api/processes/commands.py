"""The commands of a service whose parts run apart: prepare, api and worker."""

from pathlib import Path
from typing import Annotated

import typer

from api.embedded.errors import EmbeddedError
from api.embedded.options import DataDir, read_settings
from api.processes.parts import prepare as prepare_installation
from api.processes.serve import run_api
from api.processes.worker import run_worker
from control_plane.kit.clock import SystemClock
from headrace.cli.options import OutputFormat, OutputOption
from headrace.cli.shell import shell_of


def prepare(context: typer.Context, data_dir: DataDir = None, output: OutputOption = None) -> None:
    """Make keys, schema and the first organization, before processes of a new version start."""
    shell = shell_of(context, output)
    owner = prepare_installation(read_settings(data_dir, {}), SystemClock())
    if shell.output is OutputFormat.JSON:
        shell.json(
            {
                "organization_id": owner.organization_id,
                "api_key": owner.api_key,
                "operator_api_key": owner.operator_api_key,
            }
        )
    else:
        shell.note(f"Prepared. Organization {owner.organization_id}, API key {owner.api_key}.")
        shell.note(f"Key of the installation's operators: {owner.operator_api_key}")


def api(
    data_dir: DataDir = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, show_default=False, help="Port of loopback HTTP."),
    ] = None,
    port_tls: Annotated[
        int | None, typer.Option(min=0, max=65535, show_default=False, help="Port of HTTPS.")
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Where to write, as JSON, where this process serves.")
    ] = None,
) -> None:
    """Serve HTTP; several may run side by side on one database."""
    settings = read_settings(data_dir, {"port": port, "port_tls": port_tls})
    chosen_tls = settings.port_tls if "port_tls" in settings.model_fields_set else None
    try:
        run_api(settings, chosen_tls, ready_file.absolute() if ready_file else None)
    except OSError as error:
        raise EmbeddedError(f"can not run: {error}") from error


def worker(data_dir: DataDir = None) -> None:
    """Run jobs that the queue tells of, in HEADRACE_JOB_WORKERS child processes."""
    raise typer.Exit(run_worker(read_settings(data_dir, {})))
