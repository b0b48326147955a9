"""`make check`: format, lint, types, import contracts and generated files. Edits nothing.

What cargo does has a lane of its own: it can not use two cores all the time.
"""

from __future__ import annotations

import sys

from tools.client_programs import RUST_TARGET
from tools.paths import CLIENT_PROGRAMS, venv_tool
from tools.stages import Stage, cargo_stage, go_stage, node_stage, python_stage, run_all

# With the console's own rules, which are found from its directory.
CLIENTS_BIOME = ("--colors=off", "--config-path=.", str(CLIENT_PROGRAMS / "node"))
CLIENTS_CLIPPY = (
    "clippy",
    "--locked",
    "--quiet",
    "--target-dir",
    str(RUST_TARGET),
    "--",
    "-D",
    "warnings",
)
MUSEUM = (
    *("clippy", "--package", "headrace-log", "--package", "headrace-commit"),
    *("--features", "museum", "--all-targets", "--locked"),
)
FUZZ = ("clippy", "--package", "headrace-fuzz", "--features", "libfuzzer", "--bins", "--locked")
CARGO = (
    cargo_stage("rustfmt", "fmt", "--all", "--check"),
    cargo_stage(
        "clippy", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"
    ),
    cargo_stage("clippy, museum", *MUSEUM, "--", "-D", "warnings"),
    cargo_stage("clippy, libfuzzer", *FUZZ, "--", "-D", "warnings"),
    python_stage("wire codec", "tools.protocol", "--check"),
)
OTHERS = (
    Stage(name="ruff format", command=[str(venv_tool("ruff")), "format", "--check", "."]),
    Stage(name="ruff", command=[str(venv_tool("ruff")), "check", "."]),
    Stage(name="pyright", command=[str(venv_tool("pyright"))]),
    Stage(name="import contracts", command=[str(venv_tool("lint-imports"))]),
    python_stage("locks", "tools.lock", "--check"),
    python_stage("openapi", "api.openapi", "--check"),
    python_stage("limits", "tools.limits.page", "--check"),
    python_stage("clients' page", "tools.clients_page", "--check"),
    python_stage("console's types", "tools.console", "--check"),
    node_stage("console format, lint", "biome", "ci", "--colors=off", "."),
    node_stage("clients: format, lint", "biome", "ci", *CLIENTS_BIOME),
    node_stage("console types", "tsc", "--noEmit"),
    python_stage("gofmt", "tools.go", "--check"),
    go_stage("go vet", "go", "vet", "./..."),
    go_stage("go modules", "go", "mod", "tidy", "-diff"),
    go_stage("clients: go vet", "go", "vet", "./...", cwd=CLIENT_PROGRAMS / "go"),
    cargo_stage("clients: rustfmt", "fmt", "--check", cwd=CLIENT_PROGRAMS / "rust"),
    cargo_stage("clients: clippy", *CLIENTS_CLIPPY, cwd=CLIENT_PROGRAMS / "rust"),
)


if __name__ == "__main__":
    sys.exit(1 if run_all(CARGO, OTHERS) else 0)
