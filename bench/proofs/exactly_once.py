"""What comes out of a transactional pipeline is what went in, though it is killed 50 times.

Workers consume, transform, produce and commit their offsets in one transaction, while broker and
workers are killed by turns. The control commits its offsets apart from the transaction.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from bench.proofs.pipeline_judge import judge
from bench.proofs.pipeline_load import Broker, Mode, Plan, Ran, run
from bench.proofs.pipeline_worker import transform
from bench.proofs.report import Finding
from tests.parity.brokers import free_port, native_command

PLAN = Plan(kills=50, workers=3, partitions=6, records_per_second=300)
CONTROL = Plan(kills=3, workers=3, partitions=6, records_per_second=300, spare_broker=True)
RECORDS_MIN = 5_000


def prove() -> Finding:
    """The pipeline, and then its control, each on a broker of its own."""
    ran = _run(PLAN, "right")
    found = judge(ran.went_in, ran.came_out, transform)
    uncommitted = judge(ran.went_in, ran.uncommitted, transform)
    apart = _run(CONTROL, "apart")
    control = judge(apart.went_in, apart.came_out, transform)
    return Finding(
        figures={
            **asdict(found),
            "broker_kills": ran.broker_kills,
            "worker_kills": ran.worker_kills,
            "worker_starts": ran.worker_starts,
            "aborted_records": uncommitted.repeated,
            "negative_control": asdict(control),
        },
        bar={
            "missing": 0,
            "repeated": 0,
            "strange": 0,
            "disordered": 0,
            "kills": PLAN.kills,
            "records_min": RECORDS_MIN,
            "negative_control_repeated_min": 1,
        },
        passed=found.exact
        and ran.broker_kills + ran.worker_kills == PLAN.kills
        and found.records >= RECORDS_MIN,
        control_red=control.repeated > 0,
    )


def native_broker(directory: Path) -> Broker:
    """Our broker, on data that outlives its death."""
    port = free_port()
    return Broker(native_command(directory, port), port, directory / "broker.log")


def _run(plan: Plan, mode: Mode) -> Ran:
    with tempfile.TemporaryDirectory() as directory:
        broker = native_broker(Path(directory))
        try:
            return run(broker, plan, mode)
        finally:
            broker.kill()
