"""`make test`: the tests of the broker, of the Terraform provider, then of Python. Names select."""

from __future__ import annotations

import sys

from tools.stages import Stage, cargo_stage, go_stage, node_stage, python_stage, run_all

PYTEST = ("pytest", "-n", "2", "--dist", "loadgroup")
CARGO_TEST = ("test", "--workspace", "--locked", "--quiet")
SIMULATION = (
    *("test", "--locked", "--quiet", "--package", "headrace-log"),
    *("--features", "museum", "--test", "simulation"),
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
    "python": (
        python_stage("python tests", *PYTEST, "--ignore", "tests/console"),
        # Playwright keeps an event loop in its thread, beside which no other test can run its own.
        python_stage("browser tests", *PYTEST, "tests/console"),
    ),
}


def main(names: list[str]) -> int:
    """Run the named groups of tests, or all."""
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(STAGES)}", file=sys.stderr)
        return 2
    return 1 if run_all([stage for name in names or STAGES for stage in STAGES[name]]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
