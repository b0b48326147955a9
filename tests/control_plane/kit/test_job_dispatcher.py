from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import pytest
from kombu.exceptions import OperationalError
from sqlalchemy import select

from control_plane.kit.db import Database
from control_plane.kit.job_dispatcher import DELAY_SECONDS_MAX, JobDispatcher
from control_plane.kit.job_execution import JobExecutor
from control_plane.kit.job_queue import RUN_TASK
from control_plane.kit.jobs import Job, JobQueue, JobRegistry, enqueue
from tests.fixtures.clocks import ManualClock
from tests.fixtures.databases import Aborted, abort

NAME = "things.do"
BILLED = "things.bill"
STOP_SECONDS = 30


@dataclass
class Messages:
    """A queue that keeps what is sent to it, or can not be reached."""

    sent: list[tuple[str, str, float | None]] = field(
        default_factory=list[tuple[str, str, float | None]]
    )
    is_away: bool = False

    def send_task(
        self,
        name: str,
        args: Sequence[str],
        *,
        queue: str,
        countdown: float | None,
        expires: float | None,
        retry: bool,
    ) -> object:
        assert (name, retry) == (RUN_TASK, False)
        assert expires is not None
        if self.is_away:
            raise OperationalError("connection refused")
        (job_id,) = args
        self.sent.append((job_id, queue, countdown))
        return None


@dataclass
class Sending:
    database: Database
    clock: ManualClock
    registry: JobRegistry
    messages: Messages
    dispatcher: JobDispatcher

    def ask(self, name: str = NAME, key: str = "one", delay: float = 0) -> str:
        with self.database.transaction() as session:
            enqueue(session, name, key, now=self.clock.now(), delay_seconds=delay)
            return session.scalars(select(Job.id).where(Job.key == key)).one()

    def all_sent(self) -> list[tuple[str, str, float | None]]:
        """Everything that was sent; nothing more is sent afterwards."""
        assert self.dispatcher.stop(STOP_SECONDS)
        return self.messages.sent


@pytest.fixture
def sending(database: Database, clock: ManualClock) -> Generator[Sending]:
    registry, messages = JobRegistry(), Messages()
    registry.register(NAME, lambda _: None)
    registry.register(BILLED, lambda _: None, queue=JobQueue.BILLING)
    dispatcher = JobDispatcher(messages, database, clock, registry)
    dispatcher.start()
    yield Sending(database, clock, registry, messages, dispatcher)
    dispatcher.stop(STOP_SECONDS)


def test_a_message_holds_the_id_of_the_job_alone(sending: Sending) -> None:
    job_id = sending.ask()
    assert sending.all_sent() == [(job_id, "control", None)]


def test_each_kind_travels_by_its_queue(sending: Sending) -> None:
    job_id = sending.ask(BILLED)
    assert sending.all_sent() == [(job_id, "billing", None)]


def test_what_is_rolled_back_is_never_sent(sending: Sending) -> None:
    with pytest.raises(Aborted):
        abort(
            sending.database,
            lambda session: enqueue(session, NAME, "one", now=sending.clock.now()),
        )
    assert sending.all_sent() == []


def test_a_delay_is_sent_along_unless_it_is_long(sending: Sending) -> None:
    soon = sending.ask(key="soon", delay=5)
    sending.ask(key="late", delay=DELAY_SECONDS_MAX + 1)
    assert sending.all_sent() == [(soon, "control", 5)]


def test_a_queue_that_is_away_costs_a_sweep_and_nothing_else(sending: Sending) -> None:
    sending.messages.is_away = True
    job_id = sending.ask()
    assert sending.all_sent() == []
    sending.messages.is_away = False
    assert sending.dispatcher.sweep() == 1
    assert sending.messages.sent == [(job_id, "control", None)]


def test_a_sweep_leaves_what_somebody_runs_and_what_is_not_due(sending: Sending) -> None:
    running = sending.ask(key="running")
    sending.ask(key="later", delay=30)
    swept: list[int] = []
    sending.registry.register("things.look", lambda _: swept.append(sending.dispatcher.sweep()))
    looking = sending.ask("things.look", "look")
    executor = JobExecutor(sending.database, sending.clock, sending.registry)
    assert executor.run(looking)
    assert swept == [1], "only the one that waits is sent, not the one that runs this"
    assert executor.run(running)
    assert not executor.run(running), "a message that comes twice finds nothing to do"


def test_a_sweep_makes_recurring_jobs_that_are_missing(sending: Sending) -> None:
    runs: list[str] = []
    sending.registry.register(
        "things.recur", lambda context: runs.append(context.key), every_seconds=10
    )
    assert sending.dispatcher.sweep() == 1
    executor = JobExecutor(sending.database, sending.clock, sending.registry)
    assert executor.run()
    assert sending.dispatcher.sweep() == 0, "the next run is not due"
    assert not executor.run()
    sending.clock.advance(10)
    assert sending.dispatcher.sweep() == 1
    assert executor.run()
    assert runs == ["all", "all"]
    told = [countdown for _, _, countdown in sending.all_sent()]
    assert 10 in told, "the next run is told of as soon as one is over"


def test_a_retry_is_told_with_its_delay(sending: Sending) -> None:
    def fail(_: object) -> None:
        raise RuntimeError

    sending.registry.register("things.fail", fail)
    job_id = sending.ask("things.fail")
    assert JobExecutor(sending.database, sending.clock, sending.registry).run(job_id)
    assert sending.all_sent() == [(job_id, "control", None), (job_id, "control", 0.5)]


def test_names_of_another_version_are_not_sent(sending: Sending) -> None:
    sending.ask("things.unknown")
    assert sending.dispatcher.sweep() == 0
    assert sending.all_sent() == []
