"""Background work that no crash can lose: a row per job, written where the need for it arises.

`enqueue` writes the row in the transaction that needs the work done, so the work is asked for
exactly when the change is made. Jobs are level-triggered: asking twice for the same (name, key)
is one job, asking while it runs makes it run once more. A handler loads, does its slow part
outside of any transaction, and applies under `JobContext.apply`, which refuses once the lease is
lost.
"""

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Integer, String, Text, UniqueConstraint, case, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from control_plane.kit.clock import Clock
from control_plane.kit.db import (
    ID_LENGTH_MAX,
    NAME_LENGTH_MAX,
    Base,
    Database,
    UtcDateTime,
    dialect_insert,
    insert_unless_present,
    notify_after_commit,
)
from control_plane.kit.ids import new_id

JOBS_CHANNEL = "jobs"
SCHEDULE_CHANNEL = "jobs.schedule"
LEASE_SECONDS_DEFAULT = 60
RECURRING_KEY = "all"


class LeaseLostError(Exception):
    """The job's lease ran out and another worker may hold it: nothing may be applied."""


class UnknownJobError(Exception):
    """No handler, or more than one, is registered for a job's name."""


class JobQueue(StrEnum):
    """The queues by which workers are told of jobs, so that one kind does not delay another."""

    CONTROL = "control"
    BILLING = "billing"
    METRICS = "metrics"
    NOTIFICATIONS = "notifications"


@dataclass(frozen=True)
class JobNotice:
    """That a job is to run in so many seconds; a message of it only ever saves waiting."""

    job_id: str
    name: str
    delay_seconds: float


class Job(Base):
    """One piece of requested work; the row goes when the work is done.

    `requests` counts the times it was asked for; a run that finishes with an older count than it
    started with leaves the job in place.
    """

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("name", "key"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    name: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    key: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    requests: Mapped[int] = mapped_column(Integer)
    attempt: Mapped[int] = mapped_column(Integer)
    run_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    lease_token: Mapped[str | None] = mapped_column(String(ID_LENGTH_MAX))
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Lease:
    """The right to run one job until it expires; held by whoever knows the token."""

    job_id: str
    name: str
    key: str
    token: str
    requests: int
    attempt: int


def enqueue(
    session: Session, name: str, key: str, *, now: datetime, delay_seconds: float = 0
) -> None:
    """Ask for job `name` on the thing `key`, once this transaction commits.

    A job that waits is brought forward if the new request is earlier; one that runs now will run
    once more after this run.
    """
    statement = dialect_insert(session, Job).values(
        id=new_id("job"),
        name=name,
        key=key,
        requests=1,
        attempt=0,
        run_at=now + timedelta(seconds=delay_seconds),
        created_at=now,
    )
    asked_at = statement.excluded.run_at
    upsert = statement.on_conflict_do_update(
        index_elements=[Job.name, Job.key],
        set_={
            "requests": Job.requests + 1,
            "attempt": 0,
            "run_at": case((asked_at < Job.run_at, asked_at), else_=Job.run_at),
        },
    )
    job_id, run_at = session.execute(upsert.returning(Job.id, Job.run_at)).one()
    notify_after_commit(session, JOBS_CHANNEL)
    announce(session, job_id, name, run_at, now)


def announce(session: Session, job_id: str, name: str, run_at: datetime, now: datetime) -> None:
    """Tell whoever sends messages about jobs, once this transaction commits."""
    delay = max((run_at - now).total_seconds(), 0.0)
    notify_after_commit(session, SCHEDULE_CHANNEL, JobNotice(job_id, name, delay))


def ensure_recurring(session: Session, registry: "JobRegistry", now: datetime) -> None:
    """Write the rows of recurring jobs that are missing; those that are there stay as they are."""
    for kind in registry.recurring():
        values = {
            "id": new_id("job"),
            "name": kind.name,
            "key": RECURRING_KEY,
            "requests": 1,
            "attempt": 0,
            "run_at": now,
            "created_at": now,
        }
        insert_unless_present(session, Job, values)


def requested_keys(session: Session, name: str) -> frozenset[str]:
    """Return the things for which job `name` waits or runs."""
    return frozenset(session.scalars(select(Job.key).where(Job.name == name)))


class JobContext:
    """What a handler is given: which thing to work on, and the way to apply its result."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        lease: Lease,
        hold: Callable[[Session, Lease, datetime], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self._hold = hold

    @property
    def key(self) -> str:
        """The id of the thing that the job is about."""
        return self._lease.key

    @property
    def attempt(self) -> int:
        """1 for the first run, growing with every failure since the job was last asked for."""
        return self._lease.attempt

    @contextmanager
    def apply(self) -> Generator[Session]:
        """Write under the lease, which is extended; raise LeaseLostError if it is not held."""
        with self._database.transaction() as session:
            self._hold(session, self._lease, self._clock.now())
            yield session

    def extend(self) -> None:
        """Keep the lease through a long step; raise LeaseLostError if it is not held."""
        with self.apply():
            pass


Handler = Callable[[JobContext], None]


@dataclass(frozen=True)
class JobKind:
    """A kind of job: what runs it, for how long one lease lasts, and whether it recurs."""

    name: str
    handler: Handler
    lease_seconds: float
    every_seconds: float | None
    queue: JobQueue


class JobRegistry:
    """The kinds of jobs a process can run; domains add theirs when the process is composed."""

    def __init__(self) -> None:
        self._kinds: dict[str, JobKind] = {}

    def register(
        self,
        name: str,
        handler: Handler,
        *,
        lease_seconds: float = LEASE_SECONDS_DEFAULT,
        every_seconds: float | None = None,
        queue: JobQueue = JobQueue.CONTROL,
    ) -> None:
        """Add the kind `name` (`noun.verb`); with `every_seconds` it runs for ever, key "all"."""
        if name in self._kinds:
            raise UnknownJobError(f"job {name} is registered twice")
        self._kinds[name] = JobKind(name, handler, lease_seconds, every_seconds, queue)

    def get(self, name: str) -> JobKind:
        if name not in self._kinds:
            raise UnknownJobError(f"no handler for job {name}")
        return self._kinds[name]

    def names(self) -> list[str]:
        return sorted(self._kinds)

    def of_queues(self, queues: Collection[JobQueue]) -> "JobRegistry":
        """Return a registry of those kinds that workers are told of by `queues`."""
        chosen = JobRegistry()
        chosen._kinds = {n: kind for n, kind in self._kinds.items() if kind.queue in queues}
        return chosen

    def recurring(self) -> list[JobKind]:
        return [kind for kind in self._kinds.values() if kind.every_seconds is not None]
