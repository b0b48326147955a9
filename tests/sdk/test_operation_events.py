"""Operations as they go on, read from a stream of the service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace import Client, ConnectionFailedError, NotFoundError, Operation, OperationFailedError
from headrace.cli.shell import progress_line
from tests.sdk.conftest import ScriptedServer

AT = "2026-11-22T12:00:00.000000Z"


def operation(status: str, *left: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "op_1",
        "kind": "cluster.fork",
        "resource_type": "cluster",
        "resource_id": "lkc_1",
        "status": status,
        "created_at": AT,
        "updated_at": AT,
        "steps_left": left,
        **more,
    }


def stream_of(*states: dict[str, Any]) -> bytes:
    events = [f"id: {n}\nevent: operation\ndata: {json.dumps(s)}\n\n" for n, s in enumerate(states)]
    return "".join(["retry: 1000\n\n", ": still here\n\n", *events]).encode()


@pytest.fixture
def client(server: ScriptedServer) -> Client:
    return Client(server.url, "hrs_key")


def test_yields_each_state(server: ScriptedServer, client: Client) -> None:
    states = operation("running", "fork", "start", progress_percent=0), operation("succeeded")
    server.will_answer(200, stream_of(*states))
    told = list(client.operations.events("op_1"))
    assert [one.status for one in told] == ["running", "succeeded"]
    assert told[0].steps_left == ["fork", "start"]
    assert server.asked[0].path == "/v1/operations/op_1/events"


def test_a_refusal_is_what_it_is_elsewhere(server: ScriptedServer, client: Client) -> None:
    problem = {"code": "operation_not_found", "title": "t", "status": 404, "detail": "none"}
    server.will_answer(404, problem)
    with pytest.raises(NotFoundError):
        list(client.operations.events("op_1"))


def test_a_connection_that_breaks_is_told_of(server: ScriptedServer, client: Client) -> None:
    server.will_break_off()
    with pytest.raises(ConnectionFailedError):
        list(client.operations.all_events())


def test_waiting_tells_of_progress_and_raises_what_went_wrong(
    server: ScriptedServer, client: Client
) -> None:
    told: list[Operation] = []
    client.operations.on_progress = told.append
    failed = operation("failed", error={"code": "fork_refused", "detail": "no"})
    server.will_answer(200, stream_of(operation("running", "fork"), failed))
    server.will_answer(200, failed)
    with pytest.raises(OperationFailedError, match="no"):
        client.operations.wait("op_1")
    assert [one.status for one in told] == ["running", "failed"]


def test_waiting_goes_on_where_the_stream_breaks(server: ScriptedServer, client: Client) -> None:
    client.operations.on_progress = lambda _: None
    server.will_break_off()
    server.will_answer(200, operation("succeeded"))
    assert client.operations.wait("op_1").status == "succeeded"


def test_who_sees_progress_is_answered_before_it_is_made(
    server: ScriptedServer, client: Client
) -> None:
    client.operations.on_progress = lambda _: None
    server.will_answer(202, operation("running", "rest"))
    server.will_answer(200, stream_of(operation("succeeded")))
    server.will_answer(200, operation("succeeded"))
    server.will_answer(404, {"code": "cluster_not_found", "title": "t", "status": 404})
    with pytest.raises(NotFoundError):
        client.clusters.pause("lkc_1")
    assert server.asked[0].headers["Prefer"] == "respond-async"


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (operation("pending"), "cluster.fork pending"),
        (operation("running", "start", progress_percent=50), "cluster.fork running 50 %: start"),
        (operation("succeeded", progress_percent=100), "cluster.fork succeeded 100 %"),
    ],
)
def test_progress_is_a_line(server: ScriptedServer, state: dict[str, Any], line: str) -> None:
    server.will_answer(200, state)
    with Client(server.url, "hrs_key") as client:
        assert progress_line(client.operations.get("op_1")) == line
