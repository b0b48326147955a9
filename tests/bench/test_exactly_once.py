"""A small pipeline that is killed, and its control; `make proof-exactly-once` is the large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.proofs.exactly_once import native_broker
from bench.proofs.pipeline_judge import judge
from bench.proofs.pipeline_load import Plan, run
from bench.proofs.pipeline_worker import transform


@pytest.mark.xdist_group("exactly-once")
def test_what_comes_out_is_what_went_in(tmp_path: Path) -> None:
    plan = Plan(kills=4, workers=2, partitions=4, records_per_second=100)
    broker = native_broker(tmp_path)
    try:
        ran = run(broker, plan)
    finally:
        broker.kill()
    found = judge(ran.went_in, ran.came_out, transform)
    assert found.exact, found
    assert found.records > 0
    assert (ran.broker_kills, ran.worker_kills) == (2, 2)


@pytest.mark.xdist_group("exactly-once-control")
def test_offsets_that_are_committed_apart_are_found_out(tmp_path: Path) -> None:
    plan = Plan(kills=2, workers=2, partitions=4, records_per_second=100, spare_broker=True)
    broker = native_broker(tmp_path)
    try:
        ran = run(broker, plan, "apart")
    finally:
        broker.kill()
    assert judge(ran.went_in, ran.came_out, transform).repeated > 0
