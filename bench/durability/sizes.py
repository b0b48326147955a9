"""How much a sweep does: all of it for `make durability`, a little in `make test`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.durability import errors, kills, power, relaxed, rot
from bench.durability.outcome import Outcome

Sweep = Callable[["Size", Path, Path | None], Outcome]


@dataclass(frozen=True, kw_only=True)
class Size:
    """Counts of what is done to the broker."""

    kill_every: int
    power_cuts: int
    """On each file system."""
    relaxed_cuts: int
    """Of topics that do not wait for syncs, on each file system."""
    failing_syncs: int
    sequences: int
    """Of each kind, on each file system."""
    flips: int


FULL = Size(
    kill_every=1, power_cuts=100, relaxed_cuts=50, failing_syncs=12, sequences=10, flips=500
)
SMALL = Size(kill_every=12, power_cuts=3, relaxed_cuts=3, failing_syncs=2, sequences=1, flips=20)


def _kill(size: Size, root: Path, _control: Path | None) -> Outcome:
    return kills.sweep(every=size.kill_every, root=root)


def _power(size: Size, root: Path, control: Path | None) -> Outcome:
    return power.sweep(cycles=size.power_cuts, root=root, control_binary=control)


def _relaxed(size: Size, root: Path, _control: Path | None) -> Outcome:
    return relaxed.sweep(cycles=size.relaxed_cuts, root=root)


def _errors(size: Size, root: Path, control: Path | None) -> Outcome:
    return errors.sweep(
        failures=size.failing_syncs,
        sequences=size.sequences,
        root=root,
        control_binary=control,
    )


def _rot(size: Size, root: Path, _control: Path | None) -> Outcome:
    return rot.sweep(flips=size.flips, root=root)


CONTROLLED_BY_BUILD = frozenset({"power", "errors"})
"""Sweeps whose negative control is a build that acknowledges before it syncs."""

SWEEPS: Mapping[str, Sweep] = {
    "kill": _kill,
    "power": _power,
    "relaxed": _relaxed,
    "errors": _errors,
    "rot": _rot,
}
