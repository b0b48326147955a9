from dataclasses import dataclass

import pytest

from control_plane.kit.db import Database
from control_plane.kit.job_runner import JobRunner
from control_plane.kit.jobs import JobContext, JobRegistry
from control_plane.kit.outbox import MESSAGES_MAX, OutboxMessage, publish, settle, take
from tests.fixtures.clocks import ManualClock
from tests.fixtures.databases import Aborted, abort

SUBJECT = "thing.happened"


@dataclass
class Outbox:
    """Two parts that talk by messages."""

    database: Database
    clock: ManualClock

    def say(self, number: int, key: str = "one", subject: str = SUBJECT) -> None:
        with self.database.transaction() as session:
            body = {"number": number}
            publish(session, subject=subject, key=key, body=body, now=self.clock.now())

    def waiting(self, key: str = "one", limit: int = MESSAGES_MAX) -> list[int]:
        with self.database.snapshot() as session:
            return [one.body["number"] for one in take(session, SUBJECT, key, limit)]


@pytest.fixture
def outbox(database: Database, clock: ManualClock) -> Outbox:
    return Outbox(database, clock)


class TestPublish:
    def test_is_part_of_the_transaction(self, outbox: Outbox) -> None:
        with pytest.raises(Aborted):
            abort(
                outbox.database,
                lambda session: publish(
                    session, subject=SUBJECT, key="one", body={}, now=outbox.clock.now()
                ),
            )
        assert outbox.waiting() == []

    def test_asks_for_the_job_of_the_subject(self, outbox: Outbox) -> None:
        seen: list[tuple[str, list[int]]] = []

        def consume(context: JobContext) -> None:
            with context.apply() as session:
                found = take(session, SUBJECT, context.key, MESSAGES_MAX)
                seen.append((context.key, [one.body["number"] for one in found]))
                settle(session, [one.id for one in found])

        registry = JobRegistry()
        registry.register(SUBJECT, consume)
        runner = JobRunner(outbox.database, outbox.clock, registry, workers=1, exclusive=False)
        for number in (1, 2):
            outbox.say(number)
        assert runner.run_due() == 1
        assert (seen, outbox.waiting()) == ([("one", [1, 2])], [])

    def test_waits_for_who_comes_later_to_consume(self, outbox: Outbox) -> None:
        runner = JobRunner(outbox.database, outbox.clock, JobRegistry(), workers=1, exclusive=False)
        outbox.say(1)
        assert runner.run_due() == 0
        assert outbox.waiting() == [1]


class TestTake:
    def test_gives_the_oldest_of_its_subject_and_key(self, outbox: Outbox) -> None:
        for number in range(5):
            outbox.say(number)
        outbox.say(10, key="two")
        outbox.say(11, subject="thing.else")
        assert outbox.waiting(limit=3) == [0, 1, 2]
        assert outbox.waiting(key="two") == [10]

    @pytest.mark.parametrize("limit", [0, MESSAGES_MAX + 1])
    def test_is_bounded(self, outbox: Outbox, limit: int) -> None:
        with pytest.raises(AssertionError):
            outbox.waiting(limit=limit)


class TestSettle:
    def first(self, outbox: Outbox) -> OutboxMessage:
        with outbox.database.snapshot() as session:
            return take(session, SUBJECT, "one", 1)[0]

    def test_is_undone_with_the_transaction_that_applies(self, outbox: Outbox) -> None:
        outbox.say(1)
        message = self.first(outbox)
        with pytest.raises(Aborted):
            abort(outbox.database, lambda session: settle(session, [message.id]))
        assert outbox.waiting() == [1]

    def test_late_takes_no_other_message_away(self, outbox: Outbox) -> None:
        outbox.say(1)
        message = self.first(outbox)
        for _ in range(2):
            with outbox.database.transaction() as session:
                settle(session, [message.id])
            outbox.say(2)
        assert outbox.waiting() == [2, 2]
