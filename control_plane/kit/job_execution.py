"""Running one job under its lease, whether a thread of this process or a worker asks for it."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from control_plane.kit import leases
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.jobs import JobContext, JobRegistry, Lease, LeaseLostError, announce

# A lease is renewed so often while its job runs that two renewals may fail before it is lost.
RENEWALS_PER_LEASE = 3

log = structlog.stdlib.get_logger("jobs")


class JobExecutor:
    """Claims a job, runs its handler and settles it.

    With `lease_seconds_max` leases are that short and renewed while the handler runs: whoever dies
    with a lease is then succeeded that soon, however long its job would have taken.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        registry: JobRegistry,
        *,
        lease_seconds_max: float | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._registry = registry
        self._lease_seconds_max = lease_seconds_max

    def run(self, job_id: str | None = None) -> bool:
        """Run the job that has been due longest, or `job_id`; False if none may be run now."""
        with self._database.transaction() as session:
            lease = leases.claim(
                session,
                self._registry,
                self._clock.now(),
                job_id=job_id,
                lease_seconds_max=self._lease_seconds_max,
            )
        if lease is None:
            return False
        self.run_leased(lease)
        return True

    def run_leased(self, lease: Lease) -> None:
        """Run the job of a lease that was taken, and settle it."""
        kind = self._registry.get(lease.name)
        seconds = leases.lease_seconds(kind, self._lease_seconds_max)
        hold = partial(leases.hold, seconds=seconds)
        context = JobContext(self._database, self._clock, lease, hold)
        event = log.bind(job=lease.name, key=lease.key, attempt=lease.attempt)
        try:
            with self._kept_alive(context, seconds):
                kind.handler(context)
        except LeaseLostError:
            event.warning("job_lease_lost")
        except Exception as error:  # noqa: BLE001 - a worker outlives its jobs; recorded, retried
            reason = f"{type(error).__name__}: {error}"
            delay = self._settle(
                lease, lambda session: leases.fail(session, lease, reason, self._clock.now())
            )
            event.exception("job_failed", retry_in_seconds=delay)
        else:
            self._settle(
                lease, lambda session: leases.finish(session, lease, kind, self._clock.now())
            )

    def _settle(self, lease: Lease, settle: Callable[[Session], float | None]) -> float | None:
        with self._database.transaction() as session:
            delay = settle(session)
            run_at = leases.next_run_at(session, lease)
            if run_at is not None:
                announce(session, lease.job_id, lease.name, run_at, self._clock.now())
        return delay

    @contextmanager
    def _kept_alive(self, context: JobContext, seconds: float) -> Generator[None]:
        """Renew the lease now and then, if leases are short here."""
        if self._lease_seconds_max is None:
            yield
            return
        ended = threading.Event()
        keeper = threading.Thread(
            target=_renew,
            args=(context, seconds / RENEWALS_PER_LEASE, ended),
            name="job-lease",
            daemon=True,
        )
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()


def _renew(context: JobContext, every_seconds: float, ended: threading.Event) -> None:
    while not ended.wait(every_seconds):
        try:
            context.extend()
        except LeaseLostError:
            return  # the handler is told when it applies
        except SQLAlchemyError as error:
            log.warning("job_lease_not_renewed", reason=type(error).__name__)
