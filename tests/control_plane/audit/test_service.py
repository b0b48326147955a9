"""Chains of events on both databases: appended in order, never changed, found to hold or not."""

import threading
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DatabaseError

from control_plane.audit.models import AuditChain, AuditEvent
from control_plane.audit.repository import Filter
from control_plane.audit.service import (
    INTENT_SECONDS_MAX,
    Actor,
    AuditService,
    Entry,
    Outcome,
    leave,
)
from control_plane.kit.job_runner import JobRunners
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope
from tests.fixtures.service import Service

ADA = Actor("u_ada", "member", "owner", "192.0.2.1")


def entry(organization_id: str, action: str = "clusters.delete") -> Entry:
    return Entry(organization_id, ADA, action, resource_id="lkc_1", request={"path": "/v1"})


@pytest.fixture
def audit(service: Service) -> AuditService:
    return service.core.audit


@pytest.fixture
def scope(service: Service) -> Scope:
    return Scope(service.add_organization())


def fill(audit: AuditService, scope: Scope, count: int = 3) -> None:
    for _ in range(count):
        audit.record(entry(scope.organization_id), Outcome.SUCCEEDED, {"status": 200})


def events(service: Service, scope: Scope) -> list[AuditEvent]:
    with service.core.database.snapshot() as session:
        page = service.core.audit.list(session, scope, Filter(), PageRequest(100))
    return list(page.items)


class TestAppending:
    def test_numbers_each_organizations_events_from_one(
        self, service: Service, audit: AuditService, scope: Scope
    ) -> None:
        other = Scope(service.add_organization())
        fill(audit, scope)
        fill(audit, other, 1)
        assert [event.sequence for event in events(service, scope)] == [3, 2, 1]
        assert [event.sequence for event in events(service, other)] == [1]
        verdict, head = audit.verify(scope, 0)
        assert (verdict.events, verdict.broken_at) == (3, None)
        assert (verdict.sequence, verdict.hash) == (head.sequence, head.hash)

    def test_by_many_at_once_makes_one_chain(
        self, service: Service, audit: AuditService, scope: Scope
    ) -> None:
        threads = [threading.Thread(target=fill, args=(audit, scope, 5)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(events(service, scope)) == 20
        assert audit.verify(scope, 0)[0].broken_at is None

    def test_a_call_becomes_one_event_when_it_ends(
        self, service: Service, audit: AuditService, scope: Scope
    ) -> None:
        intent = audit.begin(entry(scope.organization_id))
        assert events(service, scope) == []
        for _ in range(2):
            audit.end(scope.organization_id, intent, Outcome.REFUSED, {"status": 409}, "lkc_2")
        (event,) = events(service, scope)
        assert (event.outcome, event.resource_id) == ("refused", "lkc_2")

    def test_a_call_that_was_cut_off_is_not_lost(
        self, service: Service, audit: AuditService, scope: Scope
    ) -> None:
        intent = audit.begin(entry(scope.organization_id))
        with service.core.database.transaction() as session:
            assert audit.give_up_stale(session) == 0
        service.clock.advance(INTENT_SECONDS_MAX + 1)
        with service.core.database.transaction() as session:
            assert audit.give_up_stale(session) == 1
        audit.end(scope.organization_id, intent, Outcome.SUCCEEDED, {})
        assert [event.outcome for event in events(service, scope)] == ["unknown"]

    def test_what_the_control_plane_did_comes_by_the_outbox(
        self, service: Service, scope: Scope
    ) -> None:
        with service.core.database.transaction() as session:
            leave(
                session,
                organization_id=scope.organization_id,
                action="clusters.create",
                resource_id="lkc_1",
                outcome=Outcome.SUCCEEDED,
                result={"steps": ["started"]},
                now=service.clock.now(),
            )
        runner = service.container.job_runner
        assert isinstance(runner, JobRunners)
        runner.run_due()
        (event,) = events(service, scope)
        assert (event.actor_id, event.content["result"]) == (
            "control-plane",
            {"steps": ["started"]},
        )


class TestChain:
    @pytest.mark.parametrize("statement", ["UPDATE", "DELETE"])
    def test_the_database_itself_refuses_changes(
        self, service: Service, audit: AuditService, scope: Scope, statement: str
    ) -> None:
        fill(audit, scope)
        change = (
            update(AuditEvent).values(action="x") if statement == "UPDATE" else delete(AuditEvent)
        )
        with (
            pytest.raises(DatabaseError, match="never changed"),
            service.core.database.transaction() as session,
        ):
            session.execute(change)
        assert audit.verify(scope, 0)[0].broken_at is None

    @pytest.mark.parametrize("column", ["content", "action", "actor_id", "outcome", "at"])
    def test_a_change_behind_its_back_is_found(
        self, service: Service, audit: AuditService, scope: Scope, column: str
    ) -> None:
        fill(audit, scope)
        values: dict[str, Any] = {
            "content": {"actor": {}},
            "at": service.clock.now().replace(year=2020),
        }
        _without_triggers(service)
        with service.core.database.transaction() as session:
            change = update(AuditEvent).where(AuditEvent.sequence == 2)
            session.execute(change.values({column: values.get(column, "x")}))
        assert audit.verify(scope, 0)[0].broken_at == 2

    def test_an_end_that_was_cut_off_is_found(
        self, service: Service, audit: AuditService, scope: Scope
    ) -> None:
        fill(audit, scope)
        _without_triggers(service)
        with service.core.database.transaction() as session:
            session.execute(delete(AuditEvent).where(AuditEvent.sequence == 3))
        assert audit.verify(scope, 0)[0].broken_at == 3

    def test_another_head_is_found(
        self, service: Service, audit: AuditService, scope: Scope
    ) -> None:
        fill(audit, scope)
        with service.core.database.transaction() as session:
            session.execute(update(AuditChain).values(hash=bytes(32)))
        assert audit.verify(scope, 0)[0].broken_at == 3


def _without_triggers(service: Service) -> None:
    if service.core.database.engine.dialect.name == "sqlite":
        dropped = [f"DROP TRIGGER audit_events_no_{one}" for one in ("update", "delete")]
    else:
        dropped = ["DROP TRIGGER audit_events_no_change ON audit_events"]
    with service.core.database.transaction() as session:
        for statement in dropped:
            session.execute(text(statement))
