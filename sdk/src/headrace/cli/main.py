"""The `headrace` command."""

import sys

import typer
from typer.main import get_command

from headrace.cli.commands import (
    access_rules,
    api_keys,
    audit,
    client_certificates,
    cluster_changes,
    clusters,
    consume,
    cost,
    groups,
    login,
    members,
    metrics,
    oauth_issuers,
    operations,
    operators,
    organizations,
    produce,
    quotas,
    scram_users,
    sessions,
    topics,
    usage,
    webhooks,
)
from headrace.cli.exit_codes import ERROR, exit_code
from headrace.cli.options import OutputOption, ProfileOption, QuietOption
from headrace.cli.plugins import CommandGroup
from headrace.cli.shell import Shell, let_go_of_output, shell_of
from headrace.errors import HeadraceError

app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command()(login.login)
app.command()(login.whoami)
app.command()(login.version)
cluster_changes.register(clusters.app)
client_certificates.register(clusters.app)
oauth_issuers.register(clusters.app)
metrics.register(clusters.app, groups.app)
app.add_typer(clusters.app, name="cluster")
app.add_typer(topics.app, name="topic")
app.add_typer(groups.app, name="group")
app.add_typer(access_rules.app, name="access-rule")
app.add_typer(scram_users.app, name="scram-user")
app.add_typer(quotas.app, name="quota")
app.add_typer(api_keys.app, name="api-key")
app.add_typer(audit.app, name="audit")
app.add_typer(members.app, name="member")
app.add_typer(organizations.app, name="organization")
app.add_typer(operations.app, name="operation")
app.add_typer(operators.app, name="operator")
app.add_typer(cost.app, name="cost")
app.add_typer(sessions.app, name="session")
app.add_typer(webhooks.app, name="webhook")
app.command()(usage.usage)
app.command()(produce.produce)
app.command()(consume.consume)


@app.callback()
def headrace(
    context: typer.Context,
    *,
    output: OutputOption = None,
    quiet: QuietOption = False,
    profile: ProfileOption = None,
) -> None:
    """Managed Kafka that anyone can run.

    The service is found by HEADRACE_URL and HEADRACE_API_KEY, else by the profile that
    `headrace up` or `headrace login` saved.

    Exit codes: 0 done, 1 error, 2 usage, 3 not found, 4 authentication, 5 conflict,
    130 interrupted.
    """
    shell = shell_of(context, output, is_quiet=quiet)
    shell.profile = profile


class InputOutputError(HeadraceError):
    """A file or the standard output can not be used."""

    code = "input_output_failed"


def main() -> None:
    """Run a command; every error of the service becomes a message and an exit code."""
    shell = Shell()
    try:
        get_command(app)(obj=shell, prog_name="headrace")
    except HeadraceError as error:
        shell.fail(error)
        sys.exit(exit_code(error))
    except OSError as error:
        let_go_of_output()
        shell.fail(InputOutputError(str(error)))
        sys.exit(ERROR)


if __name__ == "__main__":
    main()
