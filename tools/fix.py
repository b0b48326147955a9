"""`make fix`: formats, mends what can be mended by itself, makes generated files again."""

from __future__ import annotations

import sys

from tools.check import CLIENTS_BIOME
from tools.paths import CLIENT_PROGRAMS, venv_tool
from tools.stages import Stage, cargo_stage, go_stage, node_stage, python_stage, run_all

STAGES = (
    Stage(name="ruff fix", command=[str(venv_tool("ruff")), "check", "--fix", "."]),
    Stage(name="ruff format", command=[str(venv_tool("ruff")), "format", "."]),
    python_stage("wire codec", "tools.protocol"),
    cargo_stage("rustfmt", "fmt", "--all"),
    cargo_stage("clients: rustfmt", "fmt", cwd=CLIENT_PROGRAMS / "rust"),
    python_stage("openapi", "api.openapi"),
    python_stage("limits", "tools.limits.page"),
    python_stage("gofmt", "tools.go", "--fix"),
    go_stage("terraform docs", "go", "run", "./cmd/docs"),
    python_stage("console's types", "tools.console", "--types"),
    node_stage("console fix", "biome", "check", "--write", "--colors=off", "."),
    node_stage("clients fix", "biome", "check", "--write", *CLIENTS_BIOME),
)


if __name__ == "__main__":
    sys.exit(1 if run_all(STAGES) else 0)
