"""A small group that churns, and its control; `make proof-group-churn` is the large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.proofs.churn_judge import judge
from bench.proofs.churn_load import Churn, churn
from tests.parity.brokers import native

PLAN = Churn(members=4, seconds=5, step_seconds=0.5, partitions=8, records_per_second=200)


@pytest.mark.xdist_group("group-churn")
def test_every_record_is_seen_and_no_commit_goes_back(tmp_path: Path) -> None:
    with native(tmp_path) as port:
        observed = churn(f"127.0.0.1:{port}", PLAN)
    judgement = judge(observed)
    assert (judgement.unseen, judgement.went_back) == (0, 0)
    assert observed.killed > 0
    assert judgement.rebalances > 0


@pytest.mark.xdist_group("group-churn-control")
def test_members_that_commit_ahead_are_found_out(tmp_path: Path) -> None:
    with native(tmp_path) as port:
        observed = churn(f"127.0.0.1:{port}", PLAN, "ahead")
    assert judge(observed).unseen > 0
