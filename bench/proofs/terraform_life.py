"""The whole life of what is written down, by real command lines on a real service."""

from __future__ import annotations

from bench.proofs.report import Finding
from bench.proofs.suites import prove_suite
from tools import tofu
from tools.terraform_cli import find_cli

SUITE = "tests/terraform"
CASES_MIN = 25


def prove() -> Finding:
    """`tests/terraform` by the command line that is found, and by OpenTofu from its module."""
    tofu.build()
    used = {cli.name: cli for cli in (find_cli(), tofu.look_at(str(tofu.BUILT)))}
    found = {
        name: prove_suite(SUITE, cases_min=CASES_MIN, variables={tofu.CHOICE: cli.path})
        for name, cli in used.items()
    }
    return Finding(
        figures={name: each.figures for name, each in found.items()},
        bar=next(each.bar for each in found.values()),
        passed=all(each.passed for each in found.values()),
    )
