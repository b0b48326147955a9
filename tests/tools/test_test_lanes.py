"""`make test` runs every stage once, whichever lane it is in."""

from __future__ import annotations

from collections import Counter

from tools.test import FIRST, LANES, STAGES


def test_no_stage_is_left_out_or_run_twice() -> None:
    run = Counter(stage.name for stages in (FIRST, *LANES) for stage in stages)
    assert run == Counter(stage.name for stages in STAGES.values() for stage in stages)
    assert set(run.values()) == {1}
