"""`make test`: the tests of the broker, the Terraform provider, the console and Python.

Names select. All together run in two lanes once the broker's tests are built: those of Python
mostly wait for what they have started.
"""

from __future__ import annotations

import sys

from tools.stages import Stage, cargo_stage, go_stage, node_stage, python_stage, run_all

# What takes long is told, so that whoever makes the run too long sees what to make faster.
PYTEST = ("pytest", "--dist", "loadgroup", "--durations", "25", "--durations-min", "5")
CARGO_TEST = ("test", "--workspace", "--locked", "--quiet")
APART = ("--ignore", "tests/console", "--ignore", "tests/clients")
# Of the workspace, for the sake of its features: what it depends on is not compiled once more.
SIMULATION = (
    *("test", "--locked", "--quiet", "--workspace"),
    *("--features", "headrace-commit/museum", "--test", "simulation"),
)
STAGES: dict[str, tuple[Stage, ...]] = {
    "broker": (
        cargo_stage("build broker tests", *CARGO_TEST, "--no-run"),
        cargo_stage("broker tests", *CARGO_TEST),
        # With the museum of bugs in it, which no other build has.
        cargo_stage("storage simulation", *SIMULATION),
    ),
    "terraform": (go_stage("terraform provider tests", "go", "test", "./..."),),
    "console": (node_stage("console tests", "vitest", "run", "--no-color"),),
    "python": (python_stage("python tests", *PYTEST, "-n", "3", *APART),),
    # Apart for the length of the lanes alone.
    "clients": (python_stage("client tests", *PYTEST, "-n", "1", "tests/clients"),),
    # Playwright keeps an event loop in its thread, beside which no other test can run its own.
    "browser": (python_stage("browser tests", *PYTEST, "-n", "1", "tests/console"),),
}
# Compiling takes both cores, and Python tests run a program that it makes.
FIRST = STAGES["broker"][:1]
LANES = (
    (
        *STAGES["broker"][1:],
        *STAGES["terraform"],
        *STAGES["console"],
        *STAGES["browser"],
        *STAGES["clients"],
    ),
    STAGES["python"],
)


def main(names: list[str]) -> int:
    """Run the named groups of tests, or all."""
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(STAGES)}", file=sys.stderr)
        return 2
    if names:
        return 1 if run_all([stage for name in names for stage in STAGES[name]]) else 0
    return 1 if run_all(FIRST) + run_all(*LANES) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
