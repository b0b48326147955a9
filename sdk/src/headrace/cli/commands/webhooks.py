"""headrace webhook ..."""

from datetime import datetime
from typing import Annotated

import typer

from headrace.cli.options import OutputOption, QuietOption
from headrace.cli.shell import shell_of
from headrace.models import WebhooksReplayed

app = typer.Typer(no_args_is_help=True, help="Have URLs told of events; test, watch and replay.")

LIST_COLUMNS = ("id", "url", "enabled", "disabled_reason", "failing_since", "created_at")
SHOW_COLUMNS = ("id", "secret", "url", "description", "event_types", "enabled", "disabled_reason")
DELIVERY_COLUMNS = (
    "id",
    "event_type",
    "status",
    "attempts",
    "response_status",
    "error_code",
    "created_at",
    "next_attempt_at",
)
ONCE = "The secret is shown this once. It verifies the header webhook-signature."

WebhookArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Id of the webhook.")]


@app.command()
def create(
    context: typer.Context,
    *,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are sent.")],
    event: Annotated[
        list[str] | None,
        typer.Option(help="Only this type, such as operation.failed. May be repeated."),
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Have a URL told of events, of all types or of those given."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.webhooks.create(url, event or None, description), SHOW_COLUMNS)
    shell.note(ONCE)


@app.command("list")
def list_webhooks(
    context: typer.Context, *, output: OutputOption = None, quiet: QuietOption = False
) -> None:
    """List webhooks, without their secrets."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(client.webhooks.list(), LIST_COLUMNS)


@app.command("test")
def send_test(
    context: typer.Context,
    *,
    webhook: WebhookArgument,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Send a message of type webhook.test now, and tell how it went."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        sent = client.webhooks.test(webhook)
    shell.show(sent, DELIVERY_COLUMNS)
    if sent.status != "delivered":
        raise typer.Exit(1)


@app.command()
def deliveries(
    context: typer.Context,
    *,
    webhook: WebhookArgument,
    status: Annotated[
        str | None, typer.Option(help="Only those pending, delivered or failed.")
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List what a webhook was or is to be told, newest first."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show_list(client.webhooks.deliveries(webhook, status), DELIVERY_COLUMNS)


@app.command()
def replay(
    context: typer.Context,
    *,
    webhook: WebhookArgument,
    delivery: Annotated[
        str | None, typer.Argument(metavar="DELIVERY", help="Id of the delivery.")
    ] = None,
    failed_since: Annotated[
        str | None,
        typer.Option(help="All that were given up since then, such as 2030-01-31T12:00:00Z."),
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Make a delivery again, or those that were given up since a moment."""
    if (delivery is None) == (failed_since is None):
        raise typer.BadParameter("name a delivery, or give --failed-since")
    shell = shell_of(context, output, is_quiet=quiet)
    since = None if failed_since is None else _instant(failed_since)
    with shell.client() as client:
        if delivery is not None:
            shell.show(client.webhooks.replay(webhook, delivery), DELIVERY_COLUMNS)
        elif since is not None:
            count = client.webhooks.replay_failed(webhook, since)
            shell.show(WebhooksReplayed(replayed=count), ("replayed",), identity="replayed")


@app.command()
def enable(
    context: typer.Context,
    *,
    webhook: WebhookArgument,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Call a webhook again, with what waits for it."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.webhooks.enable(webhook), SHOW_COLUMNS)


@app.command()
def disable(
    context: typer.Context,
    *,
    webhook: WebhookArgument,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Call a webhook no more; what is to be told waits."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.webhooks.disable(webhook), SHOW_COLUMNS)


@app.command("rotate-secret")
def rotate_secret(
    context: typer.Context,
    *,
    webhook: WebhookArgument,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Make a new secret; for a day messages are signed with the old one too."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        shell.show(client.webhooks.rotate_secret(webhook), SHOW_COLUMNS)
    shell.note(ONCE)


@app.command()
def delete(
    context: typer.Context,
    *,
    webhook: WebhookArgument,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Remove a webhook and its deliveries."""
    shell = shell_of(context, output, is_quiet=quiet)
    with shell.client() as client:
        client.webhooks.delete(webhook)
    shell.note(f"deleted {webhook}")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--failed-since") from error
    if instant.tzinfo is None:
        raise typer.BadParameter("the time needs its zone, such as Z", param_hint="--failed-since")
    return instant
