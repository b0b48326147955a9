"""The client repeats what may be repeated, once, and turns problems into typed errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from headrace import (
    AuthenticationError,
    Client,
    ConflictError,
    ConnectionFailedError,
    NewRecord,
    NotFoundError,
    OperationFailedError,
    ProblemError,
)
from headrace.retries import RetryPolicy, is_retried
from tests.sdk.conftest import ScriptedServer

NOW = "2026-11-22T12:00:00Z"
ORGANIZATION = {"id": "org_a", "name": "Mill", "created_at": NOW}
CALLER = {"id": "hk_a", "kind": "api_key", "organization_id": "org_a"}
QUICK = RetryPolicy(attempts_max=4, first_delay_seconds=0.001, delay_seconds_max=0.002)


def client_of(server: ScriptedServer) -> Client:
    return Client(server.url, "hrs_key", retries=QUICK)


def problem(status: int, code: str, **members: Any) -> dict[str, Any]:
    return {"status": status, "code": code, "title": "T", "detail": "D", **members}


def test_a_post_is_tried_again_with_the_same_idempotency_key(server: ScriptedServer) -> None:
    server.will_break_off()
    server.will_answer(503, problem(503, "service_unavailable"))
    server.will_answer(409, problem(409, "idempotency_key_in_flight"))
    server.will_answer(201, ORGANIZATION | {"api_key": "hrs_x"})

    with client_of(server) as client:
        created = client.organizations.create("Mill")

    assert created.api_key == "hrs_x"
    assert len(server.asked) == 4
    assert len({asked.headers["Idempotency-Key"] for asked in server.asked}) == 1
    assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer hrs_key"}


def test_every_post_has_a_key_of_its_own(server: ScriptedServer) -> None:
    with client_of(server) as client:
        for _ in range(2):
            server.will_answer(201, ORGANIZATION)
            client.organizations.create("Mill")

    assert len({asked.headers["Idempotency-Key"] for asked in server.asked}) == 2


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "credentials_invalid", AuthenticationError),
        (404, "cluster_not_found", NotFoundError),
        (409, "cluster_name_taken", ConflictError),
        (422, "request_invalid", ProblemError),
        (500, "internal_error", ProblemError),
    ],
)
def test_a_final_problem_is_raised_once(
    server: ScriptedServer, status: int, code: str, kind: type[ProblemError]
) -> None:
    server.will_answer(status, problem(status, code, advice="A", request_id="req_1"))

    with client_of(server) as client, pytest.raises(kind) as caught:
        client.clusters.get("lkc_a")

    assert (caught.value.code, caught.value.problem.advice) == (code, "A")
    assert len(server.asked) == 1


def test_trying_again_ends(server: ScriptedServer) -> None:
    for _ in range(QUICK.attempts_max):
        server.will_answer(503, problem(503, "service_unavailable"))

    with client_of(server) as client, pytest.raises(ProblemError):
        client.whoami()

    assert len(server.asked) == QUICK.attempts_max


def test_an_answer_that_is_no_problem_keeps_its_status(server: ScriptedServer) -> None:
    server.will_answer(418, b"<html>teapot</html>")

    with client_of(server) as client, pytest.raises(ProblemError) as caught:
        client.whoami()

    assert (caught.value.status, caught.value.code) == (418, "http_error")


def test_something_else_than_the_service_is_told_apart(server: ScriptedServer) -> None:
    server.will_answer(200, b"hello")

    with client_of(server) as client, pytest.raises(ConnectionFailedError):
        client.whoami()


@pytest.mark.parametrize("operates", [False, True])
def test_a_list_fetches_its_pages(server: ScriptedServer, *, operates: bool) -> None:
    server.will_answer(200, CALLER | {"operates": operates})
    server.will_answer(200, {"items": [ORGANIZATION], "next_page_token": "t 1"})
    server.will_answer(200, {"items": [ORGANIZATION | {"id": "org_b"}], "next_page_token": None})

    with client_of(server) as client:
        found = [organization.id for organization in client.organizations.list()]

    assert found == ["org_a", "org_b"]
    assert "page_token=t+1" in server.asked[2].path
    path = "/v1/installation/organizations" if operates else "/v1/organizations"
    assert server.asked[1].path.partition("?")[0] == path


def test_no_name_leaves_its_place_in_a_path(server: ScriptedServer) -> None:
    server.will_answer(404, problem(404, "topic_not_found"))

    with client_of(server) as client, pytest.raises(NotFoundError):
        client.topics.get("lkc_a", "../../keys?x=#")

    assert server.asked[0].path == "/v1/clusters/lkc_a/topics/..%2F..%2Fkeys%3Fx%3D%23"


def test_a_failed_operation_says_why(server: ScriptedServer) -> None:
    operation = {
        "id": "op_a",
        "kind": "cluster.create",
        "resource_type": "cluster",
        "resource_id": "lkc_a",
        "created_at": NOW,
        "updated_at": NOW,
    }
    server.will_answer(202, operation | {"status": "running"})
    server.will_answer(200, operation | {"status": "running"})
    error = {"code": "port_taken", "detail": "the port is taken"}
    server.will_answer(200, operation | {"status": "failed", "error": error})

    with client_of(server) as client, pytest.raises(OperationFailedError) as caught:
        client.clusters.create("orders")

    assert (caught.value.code, caught.value.operation_id) == ("port_taken", "op_a")


def test_records_are_read_from_an_offset_or_a_time(server: ScriptedServer) -> None:
    page: dict[str, Any] = {
        "records": [],
        "next_offset": 7,
        "earliest_offset": 0,
        "end_offset": 7,
    }
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with client_of(server) as client:
        for start in (7, "latest", noon):
            server.will_answer(200, page)
            assert client.records.read("lkc_a", "t", 0, start).next_offset == 7
        with pytest.raises(ValueError, match="no time zone"):
            client.records.read("lkc_a", "t", 0, noon.replace(tzinfo=None))

    assert [asked.path.partition("?")[2].partition("&")[0] for asked in server.asked] == [
        "offset=7",
        "offset=latest",
        "since=2026-11-22T12%3A00%3A00%2B00%3A00",
    ]


def test_records_are_never_sent_twice_after_a_lost_answer(server: ScriptedServer) -> None:
    server.will_break_off()

    with client_of(server) as client, pytest.raises(ConnectionFailedError):
        list(client.records.produce("lkc_a", "t", [NewRecord(value=b"1"), NewRecord(value=b"2")]))

    assert len(server.asked) == 1
    assert "Idempotency-Key" not in server.asked[0].headers


def test_records_are_sent_again_when_nothing_was_written(server: ScriptedServer) -> None:
    server.will_answer(429, problem(429, "credential_busy"), **{"Retry-After": "0"})
    server.will_answer(200, {"error_code": 200, "partition_id": 0, "offset": 7, "timestamp": NOW})

    with client_of(server) as client:
        (report,) = client.records.produce("lkc_a", "t", [NewRecord(value=b"\xff", key=b"k")])

    assert (report.is_delivered, report.offset) == (True, 7)
    assert report.timestamp == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert server.asked[1].body == (
        b'{"key":{"type":"STRING","data":"k"},"value":{"type":"BINARY","data":"/w=="}}'
    )


def test_missing_reports_are_an_unknown_outcome(server: ScriptedServer) -> None:
    server.will_answer(200, b'{"error_code":200}\n')

    with client_of(server) as client, pytest.raises(ConnectionFailedError, match="1 of 2"):
        list(client.records.produce("lkc_a", "t", [NewRecord(value=b"1"), NewRecord(value=b"2")]))


def test_waits_grow_are_bounded_and_heed_the_service() -> None:
    policy = RetryPolicy(first_delay_seconds=0.1, delay_seconds_max=1.0)

    assert [policy.delay_seconds(n, None, 0.0) for n in (1, 2, 3)] == [0.05, 0.1, 0.2]
    assert policy.delay_seconds(50, None, 0.999) <= 1.0
    assert policy.delay_seconds(1, "3", 0.0) == 3.0
    assert policy.delay_seconds(1, "99999", 0.0) == 30.0
    assert [policy.delay_seconds(1, asked, 0.0) for asked in ("soon", "\u00b2")] == [0.05, 0.05]


def test_only_passing_troubles_are_tried_again() -> None:
    assert all(is_retried(status, "x") for status in (429, 502, 503, 504))
    assert not any(is_retried(status, "x") for status in (400, 401, 404, 409, 422, 500))
