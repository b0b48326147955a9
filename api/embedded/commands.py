"""The commands that join `headrace`: up, down and doctor."""

import sys
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.embedded import doctor as doctor_checks
from api.embedded.doctor import Finding, Verdict
from api.embedded.errors import EmbeddedError
from api.embedded.options import DataDir, read_settings
from api.embedded.run import UpOptions, run
from api.embedded.service import public_host_of
from api.embedded.stop import stop
from control_plane.kit.clock import SystemClock
from control_plane.kit.settings import PORT_DEFAULT, JobsMode
from headrace.cli.options import OutputFormat, OutputOption
from headrace.cli.shell import PIPE_WIDTH, shell_of

_COLOURS: dict[Verdict, str] = {"ok": "green", "warning": "yellow", "failed": "red"}


def up(
    data_dir: DataDir = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            show_default=False,
            help=f"Port of loopback HTTP; 0 for a free one. [default: {PORT_DEFAULT}]",
        ),
    ] = None,
    port_tls: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            show_default=False,
            help="Port of HTTPS; 0 for a free one. [default: the one after --port]",
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            help="IP address that HTTPS and brokers with TLS listen on. [default: 127.0.0.1]",
        ),
    ] = None,
    public_host: Annotated[
        str | None,
        typer.Option(show_default=False, help="Name by which clients reach --host."),
    ] = None,
    ready_file: Annotated[
        Path | None,
        typer.Option(help="Where to write, as JSON, where the service is and its API key."),
    ] = None,
) -> None:
    """Run the whole service on this machine until Ctrl-C."""
    if sys.platform != "linux":
        raise EmbeddedError(f"this runs on Linux; {sys.platform} is not supported")
    chosen: dict[str, object] = {"port": port, "port_tls": port_tls, "public_host": public_host}
    if host is not None:
        chosen |= {"host": host, "broker_bind_host": host}
    if host is not None and public_host is None:
        chosen["public_host"] = public_host_of(_require_ip_address(host))
    settings = read_settings(data_dir, chosen)
    if settings.jobs is not JobsMode.IN_PROCESS:
        raise EmbeddedError(
            "headrace up runs jobs itself; unset HEADRACE_JOBS, or run headrace api"
        )
    chosen_tls = settings.port_tls if "port_tls" in settings.model_fields_set else None
    options = UpOptions(settings, chosen_tls, ready_file.absolute() if ready_file else None)
    try:
        run(options, Console(highlight=False))
    except OSError as error:
        raise EmbeddedError(f"can not run: {error}") from error


def down(context: typer.Context, data_dir: DataDir = None, output: OutputOption = None) -> None:
    """Stop the service, and what a killed one left running."""
    shell = shell_of(context, output)
    stopped = stop(read_settings(data_dir, {}).data_dir)
    if shell.output is OutputFormat.JSON:
        shell.json({"stopped": stopped})
    else:
        shell.note(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def doctor(context: typer.Context, data_dir: DataDir = None, output: OutputOption = None) -> None:
    """Check this machine and an installation, and explain what is found."""
    shell = shell_of(context, output)
    findings = doctor_checks.examine(read_settings(data_dir, {}), SystemClock())
    if shell.output is OutputFormat.JSON:
        shell.json([asdict(finding) for finding in findings])
    else:
        _print_table(findings)
    if any(finding.verdict == "failed" for finding in findings):
        raise typer.Exit(1)


def _print_table(findings: list[Finding]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    table = Table(box=None)
    for heading in ("check", "verdict", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        verdict = Text(finding.verdict, style=_COLOURS[finding.verdict])
        table.add_row(Text(finding.check), verdict, Text(finding.detail), Text(finding.advice))
    console.print(table)


def _require_ip_address(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        raise EmbeddedError(f"--host {host}: an IP address is needed, such as 0.0.0.0") from None
