"""Puts the built console into the server's distributions; hatchling runs it on every build.

It imports nothing of ours: a build in isolation has hatchling and no checkout on its path.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "build/console"
PACKAGED = "api/console_build"
INDEX = "index.html"


class ConsoleNotBuiltError(Exception):
    """A distribution without its console must not come about unnoticed."""


class ConsoleHook(BuildHookInterface[Any]):
    """Adds build/console: to the wheel where the service looks for it, to the sdist as it lies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name what is to be included; an editable install serves the checkout's own build.

        Raises ConsoleNotBuiltError.
        """
        if version == "editable":
            return
        built = Path(self.root) / BUILT
        if not (built / INDEX).is_file():
            raise ConsoleNotBuiltError(f"{built} holds no built console: run `make setup`")
        place = PACKAGED if self.target_name == "wheel" else BUILT
        build_data["force_include"][str(built)] = place
