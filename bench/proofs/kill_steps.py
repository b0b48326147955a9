"""Every change of a cluster, killed at every step, in both ways to run jobs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from bench.kill_steps.modes import Mode, embedded, separate
from bench.kill_steps.scenario import CHANGES, Outcome, Scenario
from bench.proofs.report import Finding

# Fewer would mean that points are not reached any more, and that nothing is proved.
KILLS_PER_CHANGE_MIN = 4

MODES: dict[str, Callable[[Path], AbstractContextManager[Mode]]] = {
    "in-process, SQLite": embedded,
    "Celery, Valkey, PostgreSQL": separate,
}


def prove() -> Finding:
    """No operation is lost and nothing is left over, wherever the work dies."""
    outcomes: dict[str, Outcome] = {}
    controls: list[bool] = []
    for name, start in MODES.items():
        with tempfile.TemporaryDirectory(prefix="hr-kill-") as directory:
            with start(Path(directory)) as mode:
                scenario = Scenario(mode)
                for change in CHANGES:
                    scenario.kill_at_every_step(change)
                for change in ("pause", "restart"):
                    kill_whole(scenario, change)
                controls.append(notices_what_is_left(scenario, mode))
            outcomes[name] = scenario.outcome
    return judge(outcomes, controls=controls)


def kill_whole(scenario: Scenario, change: str) -> None:
    """Kill all that runs jobs right after a change was asked for."""
    cluster_id = scenario.ask("create", None)
    scenario.ask(change, cluster_id, is_killed=True)
    scenario.ask("purge", cluster_id)
    scenario.outcome.orphans += scenario.left_over(cluster_id)


def notices_what_is_left(scenario: Scenario, mode: Mode) -> bool:
    """The negative control: a cluster that was not purged, and a file of one that was."""
    living = scenario.ask("create", None)
    is_living_seen = bool(scenario.left_over(living))
    scenario.ask("purge", living)
    is_clean = not scenario.left_over(living)
    stray = mode.service.data_dir / "clusters" / living
    stray.mkdir()
    is_stray_seen = bool(scenario.left_over(living))
    stray.rmdir()
    return is_living_seen and is_clean and is_stray_seen


def judge(outcomes: dict[str, Outcome], *, controls: list[bool]) -> Finding:
    """Both ways must have died often enough, and have lost and left nothing."""
    figures = {
        name: {
            "kills": outcome.kills,
            "operations": outcome.operations,
            "lost_operations": len(outcome.lost),
            "orphans": len(outcome.orphans),
        }
        for name, outcome in outcomes.items()
    }
    passed = all(
        not outcome.lost
        and not outcome.orphans
        and outcome.kills.keys() == set(CHANGES)
        and min(outcome.kills.values()) >= KILLS_PER_CHANGE_MIN
        for outcome in outcomes.values()
    )
    return Finding(
        figures=figures,
        bar={
            "lost_operations": 0,
            "orphans": 0,
            "kills_per_change_min": KILLS_PER_CHANGE_MIN,
            "modes": list(MODES),
        },
        passed=passed and outcomes.keys() == MODES.keys(),
        control_red=all(controls),
        notes=[each for outcome in outcomes.values() for each in outcome.lost + outcome.orphans],
    )
