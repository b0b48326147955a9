"""No bytes from outside break the broker, or cost it memory that they do not justify.

Five entrances, each driven by libFuzzer with coverage for `HEADRACE_FUZZ_SECONDS`, as many side by
side as there are cores. A target panics where a promise is broken: a panic of the broker, an answer
that is none, or more memory allocated at once than its allowance, which counts as a crash like any
other. The controls hold a panic deep inside, and memory taken by a declared length.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from bench.proofs.report import Finding
from tools import fuzz
from tools.fuzz import Run

SECONDS: Final = 1800
EXECUTIONS_PER_SECOND_MIN: Final = 100
"""Of the slowest targets, which open a broker for each input."""
RSS_MAX_MB: Final = 512
CONTROL_SECONDS: Final = 120


def prove() -> Finding:
    """Drive every target, then the controls; nothing found is kept."""
    seconds = int(os.environ.get("HEADRACE_FUZZ_SECONDS", SECONDS))
    program = fuzz.build()
    runs = fuzz.fuzz_all(program, fuzz.TARGETS, seconds, os.cpu_count() or 1)
    controls = fuzz.fuzz_all(program, fuzz.CONTROLS, CONTROL_SECONDS, 1)
    return judge(runs, controls, seconds)


def judge(runs: Sequence[Run], controls: Sequence[Run], seconds: int) -> Finding:
    """Nothing may have crashed, enough must have been tried, and what is planted be found."""
    executions_min = EXECUTIONS_PER_SECOND_MIN * seconds
    crashes = [run for run in runs if run.crash is not None]
    enough = all(run.executions >= executions_min for run in runs)
    small = all(run.rss_peak_mb <= RSS_MAX_MB for run in runs)
    figures: dict[str, Any] = {
        "seconds_each": seconds,
        "crashes": len(crashes),
        "targets": {run.target: _figures(run) for run in runs},
        "planted_found_after": {run.target: run.executions for run in controls if run.crash},
    }
    return Finding(
        figures=figures,
        bar={"crashes": 0, "executions_min": executions_min, "rss_peak_mb_max": RSS_MAX_MB},
        passed=bool(runs) and not crashes and enough and small,
        control_red=bool(controls) and all(run.crash is not None for run in controls),
        notes=[fuzz.told(run) for run in runs if not run.sound],
    )


def _figures(run: Run) -> dict[str, Any]:
    return {
        "executions": run.executions,
        "allocated_peak_bytes": run.allocated_peak_bytes,
        "beyond_floor_bytes_per_byte": run.beyond_floor_bytes_per_byte,
        "rss_peak_mb": run.rss_peak_mb,
    }
