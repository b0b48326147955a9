"""Leases on jobs: taking one, proving that it is still held, and giving it back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Update, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from control_plane.kit.ids import new_id
from control_plane.kit.jobs import Job, JobKind, JobRegistry, Lease, LeaseLostError

RETRY_DELAY_MIN_SECONDS = 0.5
RETRY_DELAY_MAX_SECONDS = 60.0
ERROR_LENGTH_MAX = 2000


def next_due_at(session: Session, names: Sequence[str]) -> datetime | None:
    """Return when the next of the named jobs may be claimed, None when there is none."""
    claimable_at = func.coalesce(Job.lease_expires_at, Job.run_at)
    statement = select(claimable_at).where(Job.name.in_(names)).order_by(claimable_at).limit(1)
    return session.scalars(statement).first()


def claim(
    session: Session,
    registry: JobRegistry,
    now: datetime,
    *,
    job_id: str | None = None,
    lease_seconds_max: float | None = None,
) -> Lease | None:
    """Take the lease of the job that has been due longest, or of `job_id`; None if none is due."""
    statement = select(Job).where(_due(registry, now)).order_by(Job.run_at).limit(1)
    if job_id is not None:
        statement = statement.where(Job.id == job_id)
    job = session.scalars(statement.with_for_update(skip_locked=True)).first()
    if job is None:
        return None
    token = new_id("lease")
    job.lease_token = token
    seconds = lease_seconds(registry.get(job.name), lease_seconds_max)
    job.lease_expires_at = now + timedelta(seconds=seconds)
    job.attempt += 1
    return Lease(job.id, job.name, job.key, token, job.requests, job.attempt)


def lease_seconds(kind: JobKind, seconds_max: float | None) -> float:
    """Return for how long a lease is taken: less than the kind's time where it is kept alive."""
    return kind.lease_seconds if seconds_max is None else min(kind.lease_seconds, seconds_max)


def list_due(
    session: Session, registry: JobRegistry, now: datetime, limit: int
) -> Sequence[tuple[str, str]]:
    """Return id and name of jobs that may be claimed now, those due longest first."""
    statement = select(Job.id, Job.name).where(_due(registry, now))
    rows = session.execute(statement.order_by(Job.run_at).limit(limit))
    return [(job_id, name) for job_id, name in rows]


def hold(session: Session, lease: Lease, now: datetime, seconds: float) -> None:
    """Extend a lease, locking its job until the transaction ends; raise LeaseLostError if lost."""
    expires_at = now + timedelta(seconds=seconds)
    statement = update(Job).where(_held(lease), Job.lease_expires_at > now)
    if _changed(session, statement.values(lease_expires_at=expires_at)) == 0:
        raise LeaseLostError(f"the lease on job {lease.name} {lease.key} was lost")


def finish(session: Session, lease: Lease, kind: JobKind, now: datetime) -> None:
    """End a successful run: the job goes, recurs, or runs again if it was asked for meanwhile."""
    run_at = now
    if kind.every_seconds is None:
        session.execute(delete(Job).where(_held(lease), Job.requests == lease.requests))
    else:
        run_at = now + timedelta(seconds=kind.every_seconds)
    _give_back(session, lease, run_at, attempt=0, error=None)


def fail(session: Session, lease: Lease, error: str, now: datetime) -> float:
    """End a failed run; return the seconds after which the job is tried again."""
    delay = min(RETRY_DELAY_MIN_SECONDS * 2 ** min(lease.attempt - 1, 16), RETRY_DELAY_MAX_SECONDS)
    run_at = now + timedelta(seconds=delay)
    _give_back(session, lease, run_at, attempt=lease.attempt, error=error[:ERROR_LENGTH_MAX])
    return delay


def next_run_at(session: Session, lease: Lease) -> datetime | None:
    """Return when a job that was settled is to run again; None if it is done."""
    return session.scalars(select(Job.run_at).where(Job.id == lease.job_id)).first()


def release_all(session: Session) -> int:
    """Take every lease away, for a process that knows it is alone; return how many there were."""
    taken = update(Job).where(Job.lease_token.is_not(None))
    return _changed(session, taken.values(lease_token=None, lease_expires_at=None))


def _give_back(
    session: Session, lease: Lease, run_at: datetime, *, attempt: int, error: str | None
) -> None:
    free = {"lease_token": None, "lease_expires_at": None}
    asked_again = update(Job).where(_held(lease), Job.requests != lease.requests)
    session.execute(asked_again.values(**free))
    unchanged = update(Job).where(_held(lease))
    session.execute(unchanged.values(**free, run_at=run_at, attempt=attempt, last_error=error))


def _due(registry: JobRegistry, now: datetime) -> ColumnElement[bool]:
    return and_(
        Job.name.in_(registry.names()),
        Job.run_at <= now,
        or_(Job.lease_expires_at.is_(None), Job.lease_expires_at <= now),
    )


def _held(lease: Lease) -> ColumnElement[bool]:
    return and_(Job.id == lease.job_id, Job.lease_token == lease.token)


def _changed(session: Session, statement: Update) -> int:
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
