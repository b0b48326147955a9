"""headrace access-rule ..."""

from typing import Annotated

import typer

from headrace.cli.options import (
    ClusterOption,
    DryRunOption,
    OutputFormat,
    OutputOption,
    QuietOption,
)
from headrace.cli.shell import cluster_id, shell_of

app = typer.Typer(
    no_args_is_help=True, help="List, create and delete access rules of a cluster (Kafka's ACLs)."
)

COLUMNS = (
    "resource_type",
    "resource_name",
    "pattern_type",
    "principal",
    "host",
    "operation",
    "permission",
)
IDENTITY = "resource_name"
NOTHING_CHANGED = "nothing was changed"

TypeFilter = Annotated[str | None, typer.Option(help="topic, group, cluster or transactional_id.")]
NameFilter = Annotated[str | None, typer.Option(help="Name of the resource as the rule has it.")]
PatternFilter = Annotated[
    str | None,
    typer.Option(help="literal, prefixed, or match: all rules about the resource of that name."),
]
PrincipalFilter = Annotated[str | None, typer.Option(help="User:<key id or name>, or User:*.")]
HostFilter = Annotated[str | None, typer.Option(help="An IP address, or *.")]
OperationFilter = Annotated[str | None, typer.Option(help="read, write, describe, all, ...")]
PermissionFilter = Annotated[str | None, typer.Option(help="allow or deny.")]


@app.command("list")
def list_access_rules(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    cluster: ClusterOption,
    resource_type: TypeFilter = None,
    resource_name: NameFilter = None,
    pattern_type: PatternFilter = None,
    principal: PrincipalFilter = None,
    host: HostFilter = None,
    operation: OperationFilter = None,
    permission: PermissionFilter = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List access rules, those of native clients among them."""
    shell = shell_of(context, output, is_quiet=quiet)
    wanted = _wanted(
        resource_type=resource_type,
        resource_name=resource_name,
        pattern_type=pattern_type,
        principal=principal,
        host=host,
        operation=operation,
        permission=permission,
    )
    with shell.client() as client:
        rules = client.access_rules.list(cluster_id(client, cluster), **wanted)
        shell.show_list(rules, COLUMNS, identity=IDENTITY)


@app.command()
def create(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    cluster: ClusterOption,
    principal: Annotated[
        str, typer.Option(help="User:<id of an API key or name of a user>, or User:* for all.")
    ],
    operation: Annotated[str, typer.Option(help="read, write, create, describe, all, ...")],
    resource_type: Annotated[str, typer.Option(help="topic, group, cluster or transactional_id.")],
    resource_name: Annotated[
        str, typer.Option(help="Its name, * for all, kafka-cluster for the cluster.")
    ],
    prefixed: Annotated[
        bool, typer.Option("--prefixed", help="For all resources whose names begin so.")
    ] = False,
    deny: Annotated[
        bool, typer.Option("--deny", help="Forbid it, whatever other rules say.")
    ] = False,
    host: Annotated[str, typer.Option(help="From this IP address only.")] = "*",
    dry_run: DryRunOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Create an access rule; it closes the resource to all whom no rule allows."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        rule = client.access_rules.create(
            cluster_id(client, cluster),
            principal,
            operation,
            resource_type,
            resource_name,
            pattern_type="prefixed" if prefixed else "literal",
            permission="deny" if deny else "allow",
            host=host,
            dry_run=dry_run,
        )
    shell.show(rule, COLUMNS, identity=IDENTITY)
    if dry_run:
        shell.note(NOTHING_CHANGED)


@app.command()
def delete(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    cluster: ClusterOption,
    resource_type: TypeFilter = None,
    resource_name: NameFilter = None,
    pattern_type: PatternFilter = None,
    principal: PrincipalFilter = None,
    host: HostFilter = None,
    operation: OperationFilter = None,
    permission: PermissionFilter = None,
    dry_run: DryRunOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Delete the access rules that the options mean, and name them."""
    wanted = _wanted(
        resource_type=resource_type,
        resource_name=resource_name,
        pattern_type=pattern_type,
        principal=principal,
        host=host,
        operation=operation,
        permission=permission,
    )
    if not wanted:
        raise typer.BadParameter("say which rules: name at least one of the options")
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        gone = client.access_rules.delete(cluster_id(client, cluster), dry_run=dry_run, **wanted)
    if shell.output is OutputFormat.JSON:
        shell.json(gone.as_dict())
        return
    shell.show_list(gone.items, COLUMNS, identity=IDENTITY)
    if dry_run:
        shell.note(NOTHING_CHANGED)


def _wanted(**options: str | None) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}
