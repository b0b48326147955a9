import threading
from datetime import timedelta

from sqlalchemy import select

from control_plane.kit.clock import SystemClock
from control_plane.kit.db import Database
from control_plane.kit.job_execution import JobExecutor
from control_plane.kit.jobs import Job, JobContext, JobRegistry, enqueue
from tests.fixtures.clocks import ManualClock
from tests.fixtures.waiting import eventually

NAME = "things.do"


def test_a_short_lease_is_renewed_for_as_long_as_the_job_runs(sqlite_database: Database) -> None:
    database, clock, registry = sqlite_database, SystemClock(), JobRegistry()

    def expires() -> object:
        with database.snapshot() as session:
            return session.scalars(select(Job.lease_expires_at)).one()

    def handler(_: JobContext) -> None:
        first = expires()
        eventually(lambda: expires() != first, "the lease was never renewed")

    registry.register(NAME, handler, lease_seconds=3600)
    with database.transaction() as session:
        enqueue(session, NAME, "one", now=clock.now())
    # So long that no load of the machine ends it, and a third of it is no long wait.
    executor = JobExecutor(database, clock, registry, lease_seconds_max=3)
    assert executor.run()
    with database.snapshot() as session:
        assert session.scalars(select(Job)).all() == []


def test_a_dead_worker_s_job_is_taken_over_after_the_short_lease(
    sqlite_database: Database, clock: ManualClock
) -> None:
    database, registry, runs = sqlite_database, JobRegistry(), list[str]()
    begun, over = threading.Event(), threading.Event()

    def handler(context: JobContext) -> None:
        runs.append(context.key)
        begun.set()
        if len(runs) == 1:
            over.wait()

    registry.register(NAME, handler, lease_seconds=3600)
    with database.transaction() as session:
        enqueue(session, NAME, "one", now=clock.now())
    # Renewals come every 1000 s of real time: to this test the first one is dead.
    first = JobExecutor(database, clock, registry, lease_seconds_max=3000)
    dead = threading.Thread(target=first.run)
    dead.start()
    begun.wait()
    second = JobExecutor(database, clock, registry, lease_seconds_max=3000)
    assert not second.run()
    clock.advance(timedelta(seconds=3000).total_seconds())
    assert second.run()
    over.set()
    dead.join()
    assert runs == ["one", "one"]
