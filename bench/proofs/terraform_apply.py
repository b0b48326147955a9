"""How long `terraform apply` takes for a cluster, a topic and a key, as the example has them."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.proofs.report import Finding
from bench.proofs.samples import summary_ms
from tools.running_service import RunningService, start_service
from tools.terraform_cli import Configuration, copy_example, override_config

ROUNDS = 10
MEDIAN_MS_MAX = 3_000
RESOURCES = 3


def prove() -> Finding:
    """Median of 10 rounds on one running service, each from nothing and back to nothing."""
    with tempfile.TemporaryDirectory() as directory, start_service(Path(directory)) as service:
        configuration = _configuration(Path(directory), service)
        rounds = [one_round(configuration) for _ in range(ROUNDS)]
    figures = {step: summary_ms([each[step] for each in rounds]) for step in rounds[0]}
    median = figures["apply"]["median_ms"]
    bar = {"apply_median_ms_max": MEDIAN_MS_MAX}
    return Finding(figures=figures, bar=bar, passed=median <= MEDIAN_MS_MAX)


def one_round(configuration: Configuration) -> dict[str, float]:
    """Seconds of the apply, of the empty plan after it, and of the destroy."""
    started = time.perf_counter()
    configuration.apply()
    applied = time.perf_counter()
    configuration.plan(expect=0)
    planned = time.perf_counter()
    made = len(configuration.values())
    assert made == RESOURCES, f"{made} resources were made"
    destroying = time.perf_counter()
    configuration.destroy()
    destroyed = time.perf_counter()
    return {
        "apply": applied - started,
        "empty_plan": planned - applied,
        "destroy": destroyed - destroying,
    }


def _configuration(directory: Path, service: RunningService) -> Configuration:
    example = copy_example("first-cluster", directory)
    settings = {"HEADRACE_URL": service.ready.api_url, "HEADRACE_API_KEY": service.ready.api_key}
    return Configuration(example, override_config(directory), settings)
