"""headrace login, whoami and version."""

from pathlib import Path
from typing import Annotated

import typer

from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import shell_of
from headrace.client import Client
from headrace.models import Model
from headrace.profiles import DEFAULT_PROFILE, Profile, save_profile
from headrace.version import VERSION

COLUMNS = ("id", "kind", "organization_id", "cluster_id", "role", "operates", "expires_at")


class VersionInfo(Model, frozen=True, kw_only=True):
    """The version of the command line."""

    version: str


def login(
    context: typer.Context,
    *,
    url: Annotated[
        str, typer.Option(envvar="HEADRACE_URL", prompt="URL of the service", help="Its URL.")
    ],
    api_key: Annotated[
        str,
        typer.Option(
            envvar="HEADRACE_API_KEY",
            prompt="API key (its secret)",
            hide_input=True,
            help="The secret; better typed in than given here, where other users can see it.",
        ),
    ],
    ca_file: Annotated[
        Path | None,
        typer.Option(
            envvar="HEADRACE_CA_FILE", exists=True, dir_okay=False, help="Authority to trust."
        ),
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Check an API key and remember it, so that other commands find the service."""
    shell = shell_of(context, output, is_quiet=quiet)
    with Client(url, api_key.strip(), ca_file=ca_file) as client:
        caller = client.whoami()
    name = shell.profile or DEFAULT_PROFILE
    profile = Profile(
        url=url,
        api_key=api_key.strip(),
        ca_file=None if ca_file is None else ca_file.resolve(),
        organization_id=caller.organization_id,
    )
    path = save_profile(profile, name)
    shell.show(caller, COLUMNS)
    shell.note(f"saved as profile {name!r} in {path}")


def whoami(
    context: typer.Context, *, output: OutputOption = None, quiet: QuietOption = False
) -> None:
    """Show whose API key is in use."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.whoami(), COLUMNS)


def version(
    context: typer.Context, *, output: OutputOption = None, quiet: QuietOption = False
) -> None:
    """Show the version of this command line."""
    shell = shell_of(context, output, is_quiet=quiet)
    shell.show(VersionInfo(version=VERSION), ("version",), identity="version")
