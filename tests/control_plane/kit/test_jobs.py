import threading
from collections.abc import Callable, Generator

import pytest
from sqlalchemy import select

from control_plane.kit import leases
from control_plane.kit.clock import SystemClock
from control_plane.kit.db import Database
from control_plane.kit.job_runner import JobRunner
from control_plane.kit.jobs import (
    Job,
    JobContext,
    JobRegistry,
    LeaseLostError,
    UnknownJobError,
    enqueue,
)
from control_plane.kit.secrets import DataKey
from tests.fixtures.clocks import ManualClock
from tests.fixtures.databases import Aborted, abort

NAME = "things.do"
WAIT_SECONDS = 30


@pytest.fixture
def registry() -> JobRegistry:
    return JobRegistry()


@pytest.fixture
def runner(database: Database, clock: ManualClock, registry: JobRegistry) -> JobRunner:
    return JobRunner(database, clock, registry, workers=1, exclusive=False)


def ask(database: Database, clock: ManualClock, key: str = "one", delay: float = 0) -> None:
    with database.transaction() as session:
        enqueue(session, NAME, key, now=clock.now(), delay_seconds=delay)


def jobs(database: Database) -> list[Job]:
    with database.snapshot() as session:
        return list(session.scalars(select(Job).order_by(Job.key)))


class TestEnqueue:
    def test_is_part_of_the_transaction(self, database: Database, clock: ManualClock) -> None:
        with pytest.raises(Aborted):
            abort(database, lambda session: enqueue(session, NAME, "one", now=clock.now()))
        assert jobs(database) == []

    def test_asking_twice_is_one_job_at_the_earlier_time(
        self, database: Database, clock: ManualClock
    ) -> None:
        ask(database, clock, delay=60)
        ask(database, clock, delay=10)
        ask(database, clock, delay=30)
        (job,) = jobs(database)
        assert (job.run_at - clock.now()).total_seconds() == 10


class TestRunning:
    def test_runs_what_is_due_and_removes_it(
        self, database: Database, clock: ManualClock, registry: JobRegistry, runner: JobRunner
    ) -> None:
        seen: list[str] = []
        registry.register(NAME, lambda context: seen.append(context.key))
        ask(database, clock, "one")
        ask(database, clock, "two", delay=5)
        assert runner.run_due() == 1
        assert seen == ["one"]
        clock.advance(5)
        assert runner.run_due() == 1
        assert jobs(database) == []

    def test_asked_for_while_running_runs_once_more(
        self, database: Database, clock: ManualClock, registry: JobRegistry, runner: JobRunner
    ) -> None:
        runs: list[int] = []

        def handler(context: JobContext) -> None:
            runs.append(context.attempt)
            if len(runs) == 1:
                ask(database, clock)
                ask(database, clock)

        registry.register(NAME, handler)
        ask(database, clock)
        assert runner.run_due() == 2
        assert jobs(database) == []

    def test_failure_is_recorded_and_tried_again_later_each_time(
        self, database: Database, clock: ManualClock, registry: JobRegistry, runner: JobRunner
    ) -> None:
        attempts: list[int] = []

        def handler(context: JobContext) -> None:
            attempts.append(context.attempt)
            raise RuntimeError("the broker is away")

        registry.register(NAME, handler)
        ask(database, clock)
        delays: list[float] = []
        for _ in range(9):
            assert runner.run_due() == 1
            (job,) = jobs(database)
            assert job.last_error == "RuntimeError: the broker is away"
            delays.append((job.run_at - clock.now()).total_seconds())
            clock.advance(delays[-1])
        assert delays == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
        assert attempts == list(range(1, 10))

    def test_asking_again_brings_a_failed_job_forward(
        self, database: Database, clock: ManualClock, registry: JobRegistry, runner: JobRunner
    ) -> None:
        attempts: list[int] = []

        def handler(context: JobContext) -> None:
            attempts.append(context.attempt)
            raise RuntimeError

        registry.register(NAME, handler)
        ask(database, clock)
        runner.run_due()
        ask(database, clock)
        assert runner.run_due() == 1
        assert attempts == [1, 1]

    def test_jobs_that_this_process_does_not_know_are_left_alone(
        self, database: Database, clock: ManualClock, runner: JobRunner
    ) -> None:
        ask(database, clock)
        assert runner.run_due() == 0
        assert len(jobs(database)) == 1

    def test_recurring_job_comes_back(
        self, database: Database, clock: ManualClock, registry: JobRegistry, runner: JobRunner
    ) -> None:
        runs: list[str] = []
        registry.register(NAME, lambda context: runs.append(context.key), every_seconds=30)
        ask(database, clock, "all")
        for _ in range(3):
            assert runner.run_due() == 1
            clock.advance(29)
            assert runner.run_due() == 0
            clock.advance(1)
        assert runs == ["all"] * 3

    def test_a_name_is_registered_once(self, registry: JobRegistry) -> None:
        registry.register(NAME, lambda _: None)
        with pytest.raises(UnknownJobError):
            registry.register(NAME, lambda _: None)


class TestLeases:
    def test_a_leased_job_is_not_claimed_until_the_lease_expires(
        self, database: Database, clock: ManualClock, registry: JobRegistry
    ) -> None:
        registry.register(NAME, lambda _: None, lease_seconds=60)
        ask(database, clock)
        with database.transaction() as session:
            assert leases.claim(session, registry, clock.now()) is not None
        clock.advance(59)
        with database.transaction() as session:
            assert leases.claim(session, registry, clock.now()) is None
        clock.advance(1)
        with database.transaction() as session:
            taken_over = leases.claim(session, registry, clock.now())
        assert taken_over is not None
        assert taken_over.attempt == 2

    def test_apply_is_refused_once_the_lease_ran_out(
        self, database: Database, clock: ManualClock, registry: JobRegistry
    ) -> None:
        registry.register(NAME, lambda _: None, lease_seconds=60)
        ask(database, clock)
        with database.transaction() as session:
            lease = leases.claim(session, registry, clock.now())
        assert lease is not None
        context = JobContext(
            database, clock, lease, lambda held_in, held, now: leases.hold(held_in, held, now, 60)
        )
        clock.advance(61)
        with pytest.raises(LeaseLostError), context.apply() as session:
            session.add(DataKey(owner_id="x", wrapped_key=b"", created_at=clock.now()))
        with database.snapshot() as session:
            assert session.get(DataKey, "x") is None

    def test_apply_is_refused_when_another_worker_holds_the_lease(
        self, database: Database, clock: ManualClock, registry: JobRegistry
    ) -> None:
        registry.register(NAME, lambda _: None, lease_seconds=60)
        ask(database, clock)
        with database.transaction() as session:
            first = leases.claim(session, registry, clock.now())
        clock.advance(60)
        with database.transaction() as session:
            second = leases.claim(session, registry, clock.now())
        assert first is not None
        assert second is not None
        with database.transaction() as session, pytest.raises(LeaseLostError):
            leases.hold(session, first, clock.now(), 60)
        with database.transaction() as session:
            leases.finish(session, first, registry.get(NAME), clock.now())
        assert len(jobs(database)) == 1
        with database.transaction() as session:
            leases.hold(session, second, clock.now(), 60)

    def test_extending_keeps_a_long_job(
        self, database: Database, clock: ManualClock, registry: JobRegistry, runner: JobRunner
    ) -> None:
        def handler(context: JobContext) -> None:
            for _ in range(3):
                clock.advance(50)
                context.extend()

        registry.register(NAME, handler, lease_seconds=60)
        ask(database, clock)
        assert runner.run_due() == 1
        assert jobs(database) == []


class TestRunner:
    @pytest.fixture
    def start(
        self, database: Database, registry: JobRegistry
    ) -> Generator[Callable[..., JobRunner]]:
        started: list[JobRunner] = []

        def start_runner(*, exclusive: bool) -> JobRunner:
            started.append(
                JobRunner(database, SystemClock(), registry, workers=2, exclusive=exclusive)
            )
            started[-1].start()
            return started[-1]

        yield start_runner
        for runner in started:
            assert runner.stop(WAIT_SECONDS)

    def test_wakes_when_a_transaction_commits(
        self,
        database: Database,
        registry: JobRegistry,
        start: Callable[..., JobRunner],
    ) -> None:
        ran = threading.Event()
        registry.register(NAME, lambda _: ran.set())
        assert start(exclusive=False).alive
        with database.transaction() as session:
            enqueue(session, NAME, "one", now=SystemClock().now())
        assert ran.wait(WAIT_SECONDS)

    def test_an_exclusive_runner_takes_over_what_its_predecessor_held(
        self,
        database: Database,
        registry: JobRegistry,
        start: Callable[..., JobRunner],
    ) -> None:
        ran = threading.Event()
        registry.register(NAME, lambda _: ran.set(), lease_seconds=3600)
        now = SystemClock().now()
        with database.transaction() as session:
            enqueue(session, NAME, "one", now=now)
            assert leases.claim(session, registry, now) is not None
        start(exclusive=True)
        assert ran.wait(WAIT_SECONDS)

    def test_one_thing_is_never_worked_on_twice_at_a_time(
        self,
        database: Database,
        registry: JobRegistry,
        start: Callable[..., JobRunner],
    ) -> None:
        lock = threading.Lock()
        done = threading.Event()
        runs: list[int] = []
        overlapped: list[bool] = []

        def handler(_context: JobContext) -> None:
            overlapped.append(not lock.acquire(blocking=False))
            runs.append(1)
            if len(runs) < 5:
                with database.transaction() as session:
                    enqueue(session, NAME, "one", now=SystemClock().now())
            else:
                done.set()
            if not overlapped[-1]:
                lock.release()

        registry.register(NAME, handler)
        start(exclusive=False)
        start(exclusive=False)
        with database.transaction() as session:
            enqueue(session, NAME, "one", now=SystemClock().now())
        assert done.wait(WAIT_SECONDS)
        assert not any(overlapped)
