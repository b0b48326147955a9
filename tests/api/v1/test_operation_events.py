"""Operations as server-sent events: each state once, until the end, and only what is one's own."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.event_stream import (
    STREAM_SECONDS_MAX,
    STREAMS_PER_ORGANIZATION_MAX,
    StreamPlaces,
    StreamsLimitReachedError,
)
from api.v1.operation_events import Changes
from control_plane.identity.secrets import key_id_of
from control_plane.kit.scope import Scope
from control_plane.operations.models import Operation
from control_plane.operations.service import OperationSubject
from tests.fixtures.service import Service
from tests.fixtures.waiting import eventually

WAIT_SECONDS = 60
CLOCK_STEP_SECONDS = 0.2


def begin(service: Service, organization_id: str, resource_id: str = "lkc_one") -> Operation:
    subject = OperationSubject(organization_id, resource_id, "cluster", resource_id)
    with service.core.database.transaction() as session:
        return service.core.operations.create(session, kind="cluster.fork", subject=subject)


def step(service: Service, operation: Operation, *, plan: tuple[str, ...] = ()) -> None:
    """Note what is left, or that the first of that is done."""
    with service.core.database.transaction() as session:
        if plan:
            service.core.operations.plan_steps(session, operation.id, plan)
        else:
            found = service.core.operations.get(
                session, Scope(operation.organization_id), operation.id
            )
            name = found.steps_left[0]
            service.core.operations.record_step(session, operation.id, name)


def succeed(service: Service, operation: Operation) -> None:
    with service.core.database.transaction() as session:
        service.core.operations.succeed(session, operation.id)


def events_of(text: str) -> list[dict[str, Any]]:
    blocks = [block for block in text.split("\n\n") if "event: operation" in block]
    return [json.loads(line[6:]) for one in blocks for line in one.splitlines() if "data: " in line]


class TestOne:
    def test_tells_how_it_stands_and_ends_with_it(self, service: Service) -> None:
        organization_id = service.add_organization()
        operation = begin(service, organization_id)
        client = service.client(service.add_key(organization_id))
        step(service, operation, plan=("fork", "start"))
        step(service, operation)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.get, f"/v1/operations/{operation.id}/events")
            succeed(service, operation)
            ended = answer.result(WAIT_SECONDS)
        assert ended.headers["content-type"].startswith("text/event-stream")
        assert ended.text.startswith("retry: ")
        told = events_of(ended.text)
        assert told[-1]["status"] == "succeeded"
        assert told[-1]["progress_percent"] == 100
        assert [one["name"] for one in told[-1]["steps"]] == ["fork"]
        assert told == [one for at, one in enumerate(told) if one not in told[:at]]

    def test_ends_with_the_key_that_it_was_asked_for_by(self, service: Service) -> None:
        organization_id = service.add_organization()
        operation = begin(service, organization_id)
        secret = service.add_key(organization_id)
        client = service.client(secret)
        waited = 0.0
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.get, f"/v1/operations/{operation.id}/events")
            eventually(lambda: service.core.streams.count == 1)
            owner = service.client(service.add_key(organization_id))
            assert owner.delete(f"/v1/api-keys/{key_id_of(secret)}").status_code == 200

            def is_over() -> bool:
                nonlocal waited
                waited += CLOCK_STEP_SECONDS
                service.clock.advance(CLOCK_STEP_SECONDS)
                return answer.done()

            eventually(is_over)
        assert waited < STREAM_SECONDS_MAX
        assert [one["status"] for one in events_of(answer.result().text)] == ["pending"]
        assert service.core.streams.count == 0

    def test_what_is_not_ones_own_is_not_there(self, service: Service) -> None:
        operation = begin(service, service.add_organization())
        stranger = service.client(service.add_key(service.add_organization()))
        for identifier in (operation.id, "op_nothing"):
            answer = stranger.get(f"/v1/operations/{identifier}/events")
            assert (answer.status_code, answer.json()["code"]) == (404, "operation_not_found")


class TestAll:
    def test_each_change_is_told_once(self, service: Service) -> None:
        organization_id = service.add_organization()
        before = begin(service, organization_id)
        changes = Changes(service.core, Scope(organization_id))
        assert [one.id for one in changes.look()] == [before.id]
        assert changes.look() == []
        succeed(service, before)
        assert [one.status for one in changes.look()] == ["succeeded"]
        assert Changes(service.core, Scope(organization_id)).look() == []
        operation = begin(service, organization_id)
        begin(service, service.add_organization())
        assert [one.id for one in changes.look()] == [operation.id]
        step(service, operation, plan=("fork", "start"))
        assert [one.steps_left for one in changes.look()] == [["fork", "start"]]
        step(service, operation)
        assert [one.steps_left for one in changes.look()] == [["start"]]
        succeed(service, operation)
        assert [one.status for one in changes.look()] == ["succeeded"]
        assert changes.look() == []

    def test_of_one_resource_if_that_is_asked_for(self, service: Service) -> None:
        organization_id = service.add_organization()
        changes = Changes(service.core, Scope(organization_id), "lkc_two")
        assert changes.look() == []
        begin(service, organization_id, "lkc_one")
        two = begin(service, organization_id, "lkc_two")
        assert [one.id for one in changes.look()] == [two.id]


def test_streams_are_limited_and_places_come_free() -> None:
    places = StreamPlaces(count_max=STREAMS_PER_ORGANIZATION_MAX + 1)
    held = [places.take("org_one") for _ in range(STREAMS_PER_ORGANIZATION_MAX)]
    for one in held:
        one.__enter__()
    with pytest.raises(StreamsLimitReachedError), places.take("org_one"):
        pass
    with places.take("org_two"), pytest.raises(StreamsLimitReachedError), places.take("org_three"):
        pass
    held[0].__exit__(None, None, None)
    with places.take("org_one"):
        pass
