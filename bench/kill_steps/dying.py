"""`headrace`, killed at the n-th point of making a change true, once a file says so.

`python -m bench.kill_steps.dying BOMB ARGUMENTS...`: points are calls of the engine and
transactions, before and after they are durable, of a run of the reconciler. The file BOMB holds how
many points are left and goes just before the process does.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from control_plane.clusters.service import RECONCILE_JOB
from control_plane.kit.db import Database
from control_plane.kit.job_execution import JobExecutor
from control_plane.kit.jobs import Lease
from control_plane.provisioning.engines.native import NativeEngine
from headrace.cli.main import main

ENGINE_CALLS = ("ensure", "rest", "stop", "remove", "apply_credentials", "observe")


class Bomb:
    """Counts the points that the reconciler reaches in this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._reconciling = threading.local()

    @contextmanager
    def armed(self) -> Generator[None]:
        """Count on this thread."""
        self._reconciling.now = True
        try:
            yield
        finally:
            self._reconciling.now = False

    def reach(self) -> None:
        """Be at a point; this may be the last one."""
        if not getattr(self._reconciling, "now", False):
            return
        with self._lock:
            try:
                left = int(self._path.read_text())
            except FileNotFoundError:
                return
            if left > 0:
                self._path.write_text(str(left - 1))
                return
            self._path.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def plant(bomb: Bomb) -> None:
    """Have this process reach the points of `bomb`."""
    for name in ENGINE_CALLS:
        setattr(NativeEngine, name, _around(bomb, getattr(NativeEngine, name)))
    begin, run = Database.transaction, JobExecutor.run_leased

    @contextmanager
    def transaction(self: Database) -> Generator[Session]:
        with begin(self) as session:
            yield session
            bomb.reach()  # written, and not durable
        bomb.reach()  # durable, and nobody told

    def run_leased(self: JobExecutor, lease: Lease) -> None:
        if lease.name != RECONCILE_JOB:
            run(self, lease)
            return
        with bomb.armed():
            bomb.reach()  # leased, and nothing done
            run(self, lease)

    Database.transaction = transaction
    JobExecutor.run_leased = run_leased


def _around(bomb: Bomb, call: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any, **options: Any) -> Any:
        bomb.reach()
        answer = call(*arguments, **options)
        bomb.reach()
        return answer

    return called


if __name__ == "__main__":
    plant(Bomb(Path(sys.argv[1])))
    sys.argv = sys.argv[1:]
    main()
