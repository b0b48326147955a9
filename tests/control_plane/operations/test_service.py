from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest

from control_plane.kit.clock import SystemClock
from control_plane.kit.db import Database
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope
from control_plane.operations.errors import OperationMoveError, OperationNotFoundError
from control_plane.operations.models import Operation
from control_plane.operations.service import (
    STEPS_MAX,
    WAITERS_MAX,
    OperationService,
    OperationSubject,
)
from control_plane.operations.states import OperationStatus
from control_plane.organizations.models import Organization
from tests.fixtures.clocks import ManualClock

WAIT_SECONDS = 30


@pytest.fixture
def operations(database: Database, clock: ManualClock) -> OperationService:
    with database.transaction() as session:
        session.add_all(
            Organization(id=name, name=name, created_at=clock.now())
            for name in ("org_one", "org_two")
        )
    return OperationService(database, clock)


def begin(
    database: Database,
    operations: OperationService,
    organization_id: str = "org_one",
    cluster_id: str = "lkc_one",
) -> Operation:
    subject = OperationSubject(organization_id, cluster_id, "cluster", cluster_id)
    with database.transaction() as session:
        return operations.create(session, kind="cluster.create", subject=subject)


class TestMoves:
    def test_a_life(
        self, database: Database, operations: OperationService, clock: ManualClock
    ) -> None:
        operation = begin(database, operations)
        assert operation.status == OperationStatus.PENDING
        with database.transaction() as session:
            operations.start(session, operation.id)
            operations.record_step(session, operation.id, "reserve")
        clock.advance(1)
        with database.transaction() as session:
            operations.succeed(session, operation.id)
        with database.snapshot() as session:
            ended = operations.get(session, Scope("org_one"), operation.id)
        assert ended.status == OperationStatus.SUCCEEDED
        assert ended.attempt == 1
        assert [step["name"] for step in ended.steps] == ["reserve"]
        assert ended.finished_at == ended.updated_at == clock.now()

    def test_repeating_the_end_changes_nothing(
        self, database: Database, operations: OperationService, clock: ManualClock
    ) -> None:
        operation = begin(database, operations)
        for _ in range(2):
            with database.transaction() as session:
                operations.fail(session, operation.id, code="broker_unavailable", detail="away")
            clock.advance(5)
        with database.snapshot() as session:
            ended = operations.get(session, Scope("org_one"), operation.id)
        assert ended.finished_at == ended.created_at
        assert ended.error_code == "broker_unavailable"

    def test_an_end_is_final(self, database: Database, operations: OperationService) -> None:
        operation = begin(database, operations)
        with database.transaction() as session:
            operations.succeed(session, operation.id)
        with database.transaction() as session:
            with pytest.raises(OperationMoveError):
                operations.fail(session, operation.id, code="late", detail="")
            with pytest.raises(OperationMoveError):
                operations.start(session, operation.id)

    def test_steps_are_bounded(self, database: Database, operations: OperationService) -> None:
        operation = begin(database, operations)
        with database.transaction() as session:
            for number in range(STEPS_MAX + 10):
                operations.record_step(session, operation.id, str(number))
        with database.snapshot() as session:
            steps = operations.get(session, Scope("org_one"), operation.id).steps
        assert [step["name"] for step in steps] == [str(n) for n in range(10, STEPS_MAX + 10)]


class TestScope:
    def test_foreign_operations_do_not_exist(
        self, database: Database, operations: OperationService
    ) -> None:
        operation = begin(database, operations)
        with database.snapshot() as session:
            for scope in (Scope("org_two"), Scope("org_one", "lkc_other"), Scope("org_none")):
                with pytest.raises(OperationNotFoundError):
                    operations.get(session, scope, operation.id)
                assert operations.list(session, scope, PageRequest()).items == []
            assert operations.get(session, Scope("org_one", "lkc_one"), operation.id)

    def test_open_ones_of_a_resource(
        self, database: Database, operations: OperationService, clock: ManualClock
    ) -> None:
        first = begin(database, operations)
        clock.advance(1)
        second = begin(database, operations)
        begin(database, operations, cluster_id="lkc_other")
        with database.transaction() as session:
            operations.succeed(session, first.id)
        with database.snapshot() as session:
            found = operations.list_open(session, "cluster", "lkc_one")
        assert [operation.id for operation in found] == [second.id]


class TestWait:
    @pytest.fixture
    def waiting(self, database: Database, operations: OperationService) -> OperationService:
        """The same operations, by a clock that runs."""
        assert operations is not None
        return OperationService(database, SystemClock())

    def test_returns_when_it_ends(self, database: Database, waiting: OperationService) -> None:
        operation = begin(database, waiting)
        with ThreadPoolExecutor(1) as pool:
            waiter = pool.submit(waiting.wait, operation.id, WAIT_SECONDS)
            with database.transaction() as session:
                waiting.succeed(session, operation.id)
            assert waiter.result(WAIT_SECONDS).status == OperationStatus.SUCCEEDED

    def test_notices_an_end_that_another_process_wrote(
        self, database: Database, waiting: OperationService
    ) -> None:
        operation = begin(database, waiting)
        elsewhere = Database(database.engine.url.render_as_string(hide_password=False))
        with ThreadPoolExecutor(1) as pool:
            waiter = pool.submit(waiting.wait, operation.id, WAIT_SECONDS)
            with elsewhere.transaction() as session:
                waiting.succeed(session, operation.id)
            assert waiter.result(WAIT_SECONDS).status == OperationStatus.SUCCEEDED
        elsewhere.dispose()

    def test_returns_what_there_is_when_the_time_is_over(
        self, database: Database, waiting: OperationService
    ) -> None:
        operation = begin(database, waiting)
        assert waiting.wait(operation.id, 0.01).status == OperationStatus.PENDING

    def test_does_not_wait_when_too_many_do(
        self, database: Database, waiting: OperationService
    ) -> None:
        operation = begin(database, waiting)
        with ThreadPoolExecutor(WAITERS_MAX + 1) as pool:
            waiters = {
                pool.submit(waiting.wait, operation.id, WAIT_SECONDS)
                for _ in range(WAITERS_MAX + 1)
            }
            done, _ = wait(waiters, WAIT_SECONDS, return_when=FIRST_COMPLETED)
            assert [waiter.result().status for waiter in done] == [OperationStatus.PENDING]
            with database.transaction() as session:
                waiting.succeed(session, operation.id)
            for waiter in waiters - done:
                assert waiter.result(WAIT_SECONDS).status == OperationStatus.SUCCEEDED
