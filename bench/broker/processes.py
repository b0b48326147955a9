"""What a process holds and does while it has nothing to do."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

SETTLE_SECONDS = 2.0
"""What a process still has to do after a start or a load is done by then: it is at rest."""

SWITCHES = re.compile(r"^(?:non)?voluntary_ctxt_switches:\s+(\d+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """A span of a process's life. A wakeup is a context switch of any of its threads."""

    resident_bytes: int
    wakeups_per_second: float
    cpu_share: float
    """Of one core."""
    threads: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def at_rest(pid: int, seconds: float) -> Usage:
    """Leave a process alone, and then watch it for a while."""
    time.sleep(SETTLE_SECONDS)
    return usage(pid, seconds)


def usage(pid: int, seconds: float) -> Usage:
    """Watch a process for a while."""
    process = psutil.Process(pid)
    switches, spent, started = _switches(pid), _cpu_seconds(process), time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - started
    return Usage(
        resident_bytes=process.memory_info().rss,
        wakeups_per_second=round(switched(switches, _switches(pid)) / passed, 2),
        cpu_share=round((_cpu_seconds(process) - spent) / passed, 4),
        threads=process.num_threads(),
    )


def switched(before: Mapping[str, int], after: Mapping[str, int]) -> int:
    """Return the switches between two countings by thread.

    What a thread that has ended meanwhile did before the first one is no part of it.
    """
    return sum(count - before.get(thread, 0) for thread, count in after.items())


def _switches(pid: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            status = (task / "status").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that ended meanwhile
        found[task.name] = sum(int(count) for count in SWITCHES.findall(status))
    return found


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
