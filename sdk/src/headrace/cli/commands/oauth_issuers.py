"""headrace cluster oauth-issuer."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, cast

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
from headrace.models import OAuthIssuer
from headrace.resources.operations import WAIT_SECONDS_DEFAULT

ALGORITHMS_DEFAULT = ("RS256", "ES256")
ISSUER_COLUMNS = (
    *SHOW_COLUMNS,
    "oauth_issuer.issuer",
    "oauth_issuer.key_ids",
    "oauth_issuer.keys_good_until",
    "oauth_issuer.keys_problem",
)


def register(app: typer.Typer) -> None:
    """Add the command to those of clusters."""
    app.command()(oauth_issuer)


def oauth_issuer(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    issuer: Annotated[str | None, typer.Option(help="What the tokens' iss has to be.")] = None,
    audience: Annotated[str | None, typer.Option(help="What the tokens' aud has to name.")] = None,
    jwks_url: Annotated[
        str | None, typer.Option(help="Where the issuer publishes its keys, which change.")
    ] = None,
    jwks_file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="File of its public keys (JWKS), which do not."
        ),
    ] = None,
    principal_claim: Annotated[
        str, typer.Option(help="The claim whose text makes the principal User:oauth:<text>.")
    ] = "sub",
    algorithm: Annotated[
        list[str] | None,
        typer.Option(help="How tokens may be signed; repeat it. RS256 and ES256 without."),
    ] = None,
    clock_skew_seconds: Annotated[
        int, typer.Option(min=0, max=300, help="How far the clocks may be apart.")
    ] = 30,
    off: Annotated[bool, typer.Option("--off", help="Trust no issuer any more.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check it, and tell what would change.")
    ] = False,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Let clients log in by tokens of your own OAuth issuer, on an endpoint of their own.

    The first and the last one restart the broker.
    """
    keys = None if jwks_file is None else _keys(jwks_file)
    wanted: OAuthIssuer | Literal["off"]
    if off:
        if any(given is not None for given in (issuer, audience, jwks_url, keys)):
            raise typer.BadParameter("--off takes no issuer")
        wanted = "off"
    else:
        if issuer is None or audience is None:
            raise typer.BadParameter("--issuer and --audience are needed, or --off")
        if (jwks_url is None) == (keys is None):
            raise typer.BadParameter("one of --jwks-url and --jwks-file is needed")
        wanted = OAuthIssuer(
            issuer=issuer,
            audience=audience,
            jwks_url=jwks_url,
            keys=keys,
            principal_claim=principal_claim,
            algorithms=tuple(algorithm or ALGORITHMS_DEFAULT),
            clock_skew_seconds=clock_skew_seconds,
        )
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        found = cluster_id(client, cluster)
        if dry_run:
            show_preview(shell, client.clusters.preview_update(found, oauth_issuer=wanted))
            return
        changed = client.clusters.update(
            found, oauth_issuer=wanted, wait=wait, timeout_seconds=timeout
        )
    shell.show(changed, ISSUER_COLUMNS)


def _keys(file: Path) -> tuple[dict[str, Any], ...]:
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise typer.BadParameter(f"{file} is no JSON: {error}") from error
    keys = cast("dict[str, Any]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise typer.BadParameter(f"{file} is no JWKS: it has no list named keys")
    return tuple(cast("list[dict[str, Any]]", keys))
