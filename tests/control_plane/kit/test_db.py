from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session

from control_plane.kit.db import Database, after_commit
from control_plane.kit.secrets import DataKey
from tests.fixtures.clocks import ManualClock
from tests.fixtures.databases import Aborted, abort


def key(clock: ManualClock) -> DataKey:
    return DataKey(owner_id="org_one", wrapped_key=b"w", created_at=clock.now())


class TestTransaction:
    def test_commits_at_exit(self, database: Database, clock: ManualClock) -> None:
        with database.transaction() as session:
            session.add(key(clock))
        with database.snapshot() as session:
            assert session.get_one(DataKey, "org_one").wrapped_key == b"w"

    def test_rolls_back_on_an_exception(self, database: Database, clock: ManualClock) -> None:
        ran: list[int] = []

        def work(session: Session) -> None:
            session.add(key(clock))
            after_commit(session, lambda: ran.append(1))

        with pytest.raises(Aborted):
            abort(database, work)
        with database.snapshot() as session:
            assert session.get(DataKey, "org_one") is None
        assert ran == []

    def test_after_commit_runs_when_others_can_see_the_change(
        self, database: Database, clock: ManualClock
    ) -> None:
        seen: list[bool] = []

        def look() -> None:
            with database.snapshot() as session:
                seen.append(session.get(DataKey, "org_one") is not None)

        with database.transaction() as session:
            session.add(key(clock))
            after_commit(session, look)
            assert seen == []
        assert seen == [True]


class TestSnapshot:
    def test_refuses_writes(self, database: Database, clock: ManualClock) -> None:
        with database.snapshot() as session:
            session.add(key(clock))
            with pytest.raises(DBAPIError):
                session.flush()
            session.rollback()

    def test_the_next_transaction_may_write(self, database: Database, clock: ManualClock) -> None:
        with database.snapshot() as session:
            assert session.get(DataKey, "org_one") is None
        with database.transaction() as session:
            session.add(key(clock))

    def test_does_not_wait_for_a_writer(self, database: Database, clock: ManualClock) -> None:
        with database.transaction() as writer:
            writer.add(key(clock))
            writer.flush()
            with database.snapshot() as session:
                assert session.get(DataKey, "org_one") is None


class TestUtcDateTime:
    def test_comes_back_as_the_same_instant_in_utc(self, database: Database) -> None:
        east = timezone(timedelta(hours=5, minutes=30))
        instant = datetime(2026, 11, 22, 17, 30, 0, 123456, tzinfo=east)
        with database.transaction() as session:
            session.add(DataKey(owner_id="org_one", wrapped_key=b"", created_at=instant))
        with database.snapshot() as session:
            read = session.get_one(DataKey, "org_one").created_at
        assert read == instant
        assert read.utcoffset() == timedelta(0)

    def test_refuses_a_naive_datetime(self, database: Database) -> None:
        naive = datetime(2026, 11, 22)  # noqa: DTZ001 - what must be refused
        with pytest.raises(StatementError, match="naive"), database.transaction() as session:
            session.add(DataKey(owner_id="org_one", wrapped_key=b"", created_at=naive))
