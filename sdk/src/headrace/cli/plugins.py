"""Commands that other distributions add, loaded only when they are used."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

GROUP = "headrace.commands"
SERVER_COMMANDS = (
    "up",
    "down",
    "doctor",
    "prepare",
    "api",
    "worker",
    "beat",
    "supervisor",
    "backup",
    "restore",
    "tier",
)
NOT_INSTALLED_EXIT_CODE = 1
ANY_ARGUMENTS = {"ignore_unknown_options": True, "allow_extra_args": True}


def _installed() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


class CommandGroup(TyperGroup):
    """The commands of this distribution and those of the entry-point group."""

    def list_commands(self, ctx: Any) -> list[str]:
        """List every command, the server's first where it is installed."""
        installed = [name for name in _installed() if name not in self.commands]
        return [*sorted(installed), *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; the server's code is loaded here, and only for its commands."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = _installed().get(cmd_name)
        if point is not None:
            return _command(cmd_name, point.load())
        return _command(cmd_name, _absent) if cmd_name in SERVER_COMMANDS else None


def _command(name: str, function: Any) -> Any:
    """Make a command of a function, or take a group of commands as it is."""
    if isinstance(function, typer.Typer):
        return get_command(function)
    app = typer.Typer(add_completion=False)
    app.command(name, context_settings=ANY_ARGUMENTS if function is _absent else None)(function)
    return get_command(app)


def _absent(context: typer.Context) -> None:
    """Part of the server, which is not installed."""
    typer.echo(
        f"`headrace {context.info_name}` is part of the server, which is not installed: "
        "pip install headrace-server",
        err=True,
    )
    raise typer.Exit(NOT_INSTALLED_EXIT_CODE)
