"""headrace cluster ..."""

from typing import Annotated

import typer

from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import cluster_id, shell_of
from headrace.resources.operations import WAIT_SECONDS_DEFAULT

app = typer.Typer(no_args_is_help=True, help="Create, list, show and delete clusters.")

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
    "organization_id",
    "created_at",
    "ca_certificate",
)

ClusterArgument = Annotated[
    str, typer.Argument(metavar="CLUSTER", help="Id or name of the cluster.")
]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Return when it is done, or at once.")
]
TimeoutOption = Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)]


@app.command()
def create(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="Name of the cluster.")],
    plan: Annotated[str, typer.Option(help="Plan of the cluster.")] = "dev",
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Create a cluster and print it, ready to use."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        cluster = client.clusters.create(name, plan, wait=wait, timeout_seconds=timeout)
    shell.show(cluster, SHOW_COLUMNS)


@app.command("list")
def list_clusters(
    context: typer.Context, *, output: OutputOption = None, quiet: QuietOption = False
) -> None:
    """List your clusters."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(client.clusters.list(), LIST_COLUMNS)


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


@app.command()
def delete(
    context: typer.Context,
    *,
    cluster: ClusterArgument,
    wait: WaitOption = True,
    timeout: TimeoutOption = WAIT_SECONDS_DEFAULT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Delete a cluster with all its topics and records, for good."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        found = cluster_id(client, cluster)
        client.clusters.delete(found, wait=wait, timeout_seconds=timeout)
    shell.deleted(found)
