"""The in-process runner of jobs: worker threads that wake after commits and on expired leases."""

import threading
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from control_plane.kit import leases
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.job_execution import JobExecutor
from control_plane.kit.jobs import JOBS_CHANNEL, RECURRING_KEY, JobRegistry, enqueue

SWEEP_SECONDS = 5.0  # other processes' jobs and expired leases are noticed within this time
DATABASE_RETRY_SECONDS = 1.0

log = structlog.stdlib.get_logger("jobs")


class JobRunner:
    """Runs due jobs on worker threads until stopped.

    `exclusive` says that no other process uses this database: leases found at the start belong to
    a process that died, and are taken away at once instead of waited for.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        registry: JobRegistry,
        *,
        workers: int,
        exclusive: bool,
    ) -> None:
        self._database = database
        self._clock = clock
        self._registry = registry
        self._executor = JobExecutor(database, clock, registry)
        self._exclusive = exclusive
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"jobs-{number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        """Recover what a predecessor left, schedule recurring jobs and start the workers."""
        with self._database.transaction() as session:
            if self._exclusive:
                leases.release_all(session)
            for kind in self._registry.recurring():
                enqueue(session, kind.name, RECURRING_KEY, now=self._clock.now())
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether every worker runs."""
        return all(thread.is_alive() for thread in self._threads)

    def request_stop(self) -> None:
        """Have no further job taken up."""
        self._stopping.set()
        self._database.signals.notify(JOBS_CHANNEL)

    def stop(self, timeout_seconds: float) -> bool:
        """Finish what is running and stop; return whether all workers ended in time."""
        self.request_stop()
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def run_due(self) -> int:
        """Run on this thread everything that is due now; return how many jobs ran."""
        count = 0
        while not self._stopping.is_set() and self._executor.run():
            count += 1
        return count

    def _work(self) -> None:
        with self._database.signals.listen(JOBS_CHANNEL) as wake:
            while not self._stopping.is_set():
                wake.clear()
                try:
                    self.run_due()
                    wait_seconds = self._seconds_to_next()
                except SQLAlchemyError:
                    log.exception("jobs_database_failed")
                    wait_seconds = DATABASE_RETRY_SECONDS
                if not self._stopping.is_set():
                    wake.wait(wait_seconds)

    def _seconds_to_next(self) -> float:
        with self._database.snapshot() as session:
            due_at = leases.next_due_at(session, self._registry.names())
        if due_at is None:
            return SWEEP_SECONDS
        return min(max((due_at - self._clock.now()).total_seconds(), 0.0), SWEEP_SECONDS)


class JobRunners:
    """Several runners as one, each with kinds of jobs of its own.

    They are started in the order given: only the first may be exclusive, since it takes away
    every lease that it finds.
    """

    def __init__(self, *runners: JobRunner) -> None:
        self._runners = runners

    @property
    def alive(self) -> bool:
        """Whether every worker runs."""
        return all(runner.alive for runner in self._runners)

    def start(self) -> None:
        for runner in self._runners:
            runner.start()

    def run_due(self) -> int:
        """Run what is due on the calling thread; return how many jobs ran."""
        return sum(runner.run_due() for runner in self._runners)

    def stop(self, timeout_seconds: float) -> bool:
        """Finish what is running and stop; return whether all workers ended in time."""
        for runner in self._runners:
            runner.request_stop()
        deadline = time.monotonic() + timeout_seconds
        ended = [runner.stop(max(0.0, deadline - time.monotonic())) for runner in self._runners]
        return all(ended)
