"""headrace topic ..."""

from typing import Annotated

import typer

from headrace.cli.options import ClusterOption, OutputOption, QuietOption
from headrace.cli.shell import cluster_id, shell_of

app = typer.Typer(no_args_is_help=True, help="Create, list, show, change and delete topics.")

LIST_COLUMNS = ("name", "partitions", "replication_factor", "id")
SHOW_COLUMNS = ("name", "id", "cluster_id", "partitions", "replication_factor")

TopicArgument = Annotated[str, typer.Argument(metavar="TOPIC", help="Name of the topic.")]


def _configs(entries: list[str]) -> dict[str, str]:
    configs: dict[str, str] = {}
    for entry in entries:
        name, separator, value = entry.partition("=")
        if not separator or not name:
            raise typer.BadParameter(f"{entry!r} is not NAME=VALUE", param_hint="--config")
        configs[name] = value
    return configs


@app.command()
def create(
    context: typer.Context,
    *,
    name: TopicArgument,
    cluster: ClusterOption,
    partitions: Annotated[
        int | None, typer.Option(min=1, help="Number of partitions; else the cluster's default.")
    ] = None,
    config: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as retention.ms=3600000.")
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Create a topic."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        topic = client.topics.create(
            cluster_id(client, cluster), name, partitions, _configs(config or [])
        )
    shell.show(topic, SHOW_COLUMNS, identity="name")


@app.command("list")
def list_topics(
    context: typer.Context,
    *,
    cluster: ClusterOption,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the topics of a cluster."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(
            client.topics.list(cluster_id(client, cluster)), LIST_COLUMNS, identity="name"
        )


@app.command()
def show(
    context: typer.Context,
    *,
    name: TopicArgument,
    cluster: ClusterOption,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show one topic; with -o json, its configuration too."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(
            client.topics.get(cluster_id(client, cluster), name), SHOW_COLUMNS, identity="name"
        )


@app.command()
def update(
    context: typer.Context,
    *,
    name: TopicArgument,
    cluster: ClusterOption,
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of partitions; never less than now. Keys go to other partitions then.",
        ),
    ] = None,
    config: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as retention.ms=3600000.")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(help="Configuration entry to put back to its default.")
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Change a topic: more partitions, another configuration."""
    changes = {**_configs(config or []), **dict.fromkeys(unset or [])}
    if partitions is None and not changes:
        raise typer.BadParameter("name --partitions, --config or --unset")
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        topic = client.topics.update(cluster_id(client, cluster), name, partitions, changes)
    shell.show(topic, SHOW_COLUMNS, identity="name")


@app.command()
def delete(
    context: typer.Context,
    *,
    name: TopicArgument,
    cluster: ClusterOption,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Delete a topic with all its records, for good."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        client.topics.delete(cluster_id(client, cluster), name)
    shell.deleted(name)
