"""A group of 20 that churns for five minutes loses nothing and never goes back.

Consumers join, leave and are killed under load; the same is done to Apache Kafka on the same
machine, for comparison. The control's members commit before they have processed.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench.proofs.churn_judge import Judgement, Observed, judge
from bench.proofs.churn_load import Churn, churn
from bench.proofs.report import Finding
from tests.parity.brokers import apache_kafka, native

PLAN = Churn(members=20, seconds=300, step_seconds=2, partitions=24, records_per_second=500)
CONTROL_SECONDS = 30
KILLED_MIN = 20


def prove() -> Finding:
    """Ours, Apache Kafka, and the control on ours, one after the other."""
    with tempfile.TemporaryDirectory() as directory:
        with native(_inside(directory, "ours")) as port:
            observed = churn(f"127.0.0.1:{port}", PLAN)
        with apache_kafka(_inside(directory, "apache-kafka")) as port:
            theirs = churn(f"127.0.0.1:{port}", PLAN)
        with native(_inside(directory, "control")) as port:
            short = replace(PLAN, seconds=CONTROL_SECONDS)
            control = judge(churn(f"127.0.0.1:{port}", short, "ahead"))
    ours = judge(observed)
    return Finding(
        figures={
            **_figures(observed, ours),
            "apache_kafka": _figures(theirs, judge(theirs)),
            "negative_control": asdict(control),
        },
        bar={"unseen": 0, "went_back": 0, "killed_min": KILLED_MIN, "control_unseen_min": 1},
        passed=ours.sound and observed.killed >= KILLED_MIN and ours.rebalances > 0,
        control_red=not control.sound,
    )


def _figures(observed: Observed, judgement: Judgement) -> dict[str, Any]:
    return {
        "records": sum(observed.ends.values()),
        "joined": observed.joined,
        "left": observed.left,
        "killed": observed.killed,
        "looks": len(observed.looks),
        **{name: round(value, 3) for name, value in asdict(judgement).items()},
    }


def _inside(directory: str, name: str) -> Path:
    path = Path(directory) / name
    path.mkdir()
    return path
