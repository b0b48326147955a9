"""What the broker keeps through kills, power cuts, failing syncs and rot: `bench/durability`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.durability.sizes import CONTROLLED_BY_BUILD, FULL, SWEEPS
from bench.proofs.ack_after_sync import build_control
from bench.proofs.report import Finding
from tools.paths import BUILD

BARS = {
    "kill": {"lost": 0, "duplicated": 0, "failed_recoveries": 0, "every_call_met": True},
    "power": {"power_cuts": 200, "lost": 0, "duplicated": 0},
    "relaxed": {"power_cuts": 100, "gone_after_stop": 0, "unsettled": 0, "gaps": 0},
    "errors": {"acknowledged_after_failed_sync": 0, "lost": 0},
    "rot": {"flips": 500, "wrong": 0},
}


def prove_kill() -> Finding:
    """SIGKILL at every write, sync and rename call of a scripted run."""
    return _prove("kill", "the control comes back as it was before the last acknowledgements")


def prove_power() -> Finding:
    """Power cuts on ext4 and XFS under four idempotent producers."""
    return _prove("power", "the control acknowledges before it syncs")


def prove_relaxed() -> Finding:
    """Power cuts on ext4 and XFS under a topic with `flush=relaxed`."""
    return _prove("relaxed", "the control stops in order with syncs that do nothing")


def prove_errors() -> Finding:
    """A sync that fails once, and the two sequences by which retries lie."""
    return _prove("errors", "the controls: a build that answers early, syncs that do nothing")


def prove_rot() -> Finding:
    """One bit flipped in any file."""
    return _prove("rot", "the control is a reader that checks nothing")


def _prove(name: str, note: str) -> Finding:
    BUILD.mkdir(exist_ok=True)
    control = build_control() if name in CONTROLLED_BY_BUILD else None
    with tempfile.TemporaryDirectory(prefix="durability-", dir=BUILD) as root:
        outcome = SWEEPS[name](FULL, Path(root), control)
    return Finding(
        figures={**outcome.figures, "negative_control": outcome.control},
        bar=BARS[name],
        passed=outcome.passed,
        control_red=outcome.control_red,
        notes=[note],
    )
