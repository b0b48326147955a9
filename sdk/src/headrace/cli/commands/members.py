"""headrace member ..."""

from typing import Annotated

import typer

from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import cluster_id, shell_of

app = typer.Typer(no_args_is_help=True, help="Add, list and remove people, and give them roles.")

COLUMNS = ("id", "email", "name", "role", "cluster_id", "created_at")

MemberArgument = Annotated[str, typer.Argument(metavar="MEMBER", help="Id of the member.")]
RoleOption = Annotated[
    str | None, typer.Option(help="owner, admin, operator, developer (default), viewer, billing.")
]
ClusterOption = Annotated[
    str | None, typer.Option(help="Only in this cluster; else in the whole organization.")
]


@app.command()
def create(
    context: typer.Context,
    *,
    email: Annotated[str, typer.Argument(help="E-mail address.")],
    name: Annotated[str, typer.Option(help="Name of the person.")],
    role: RoleOption = None,
    cluster: ClusterOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Add a person to the organization."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        scope = None if cluster is None else cluster_id(client, cluster)
        shell.show(client.members.create(email, name, role, scope), COLUMNS)


@app.command("list")
def list_members(
    context: typer.Context, *, output: OutputOption = None, quiet: QuietOption = False
) -> None:
    """List the people of the organization."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(client.members.list(), COLUMNS)


@app.command()
def grant(
    context: typer.Context,
    *,
    member: MemberArgument,
    role: Annotated[str, typer.Argument(help="The role to give.")],
    cluster: ClusterOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Give a person another role."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        scope = None if cluster is None else cluster_id(client, cluster)
        shell.show(client.members.grant(member, role, scope), COLUMNS)


@app.command()
def delete(
    context: typer.Context,
    *,
    member: MemberArgument,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Remove a person from the organization, and end their sessions."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.members.delete(member), COLUMNS)
