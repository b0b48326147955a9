"""Ranges of metrics over HTTP: what is asked for, what is answered, what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from control_plane.metrics.points import Levels, Point, Step
from control_plane.metrics.ranges import MetricName
from control_plane.metrics.readings import Counters
from control_plane.metrics.rows import new_row
from tests.fixtures.apis import Api


@pytest.fixture
def measured(memory_api: Api) -> tuple[TestClient, str, datetime]:
    """A caller, a cluster with one point of a minute, and when that began."""
    caller = memory_api.caller()
    made = caller.http.post("/v1/clusters", json={"name": "orders", "plan": "dev"})
    cluster_id = made.json()["id"]
    started_at = Step.MINUTE.floor(datetime.now(UTC)) - timedelta(minutes=10)
    counters = Counters(bytes_in=6000, produce_latencies=(10, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    point = Point(60_000, counters, Levels(2, 6, 100, 9, {"a/b": 9}))
    with memory_api.core.database.transaction() as session:
        session.add(new_row(cluster_id, caller.organization_id, Step.MINUTE, started_at, point))
    return caller.http, cluster_id, started_at


def span(started_at: datetime) -> dict[str, Any]:
    end = started_at + timedelta(minutes=2)
    return {"from": started_at.isoformat(), "to": end.isoformat(), "step": 60}


def test_tells_what_is_named_of_the_steps_asked_for(
    measured: tuple[TestClient, str, datetime],
) -> None:
    http, cluster_id, started_at = measured
    query = {**span(started_at), "names": ["bytes_in_per_second", "produce_latency_p50_ms"]}
    answer = http.get(f"/v1/clusters/{cluster_id}/metrics", params=query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["step_seconds"], body["read_at"]) == (60, None)
    assert datetime.fromisoformat(body["from"]) == started_at
    assert datetime.fromisoformat(body["to"]) == started_at + timedelta(minutes=2)
    assert body["series"] == [
        {"name": "bytes_in_per_second", "unit": "bytes/s", "values": [100.0, None]},
        {"name": "produce_latency_p50_ms", "unit": "ms", "values": [0.25, None]},
    ]


def test_without_names_it_tells_all_of_the_last_hour(
    measured: tuple[TestClient, str, datetime],
) -> None:
    http, cluster_id, _ = measured
    body = http.get(f"/v1/clusters/{cluster_id}/metrics").json()
    assert [one["name"] for one in body["series"]] == [name.value for name in MetricName]
    assert body["step_seconds"] == 10
    assert {len(one["values"]) for one in body["series"]} <= {360, 361}


def test_tells_the_lag_of_a_group_whose_name_has_a_slash(
    measured: tuple[TestClient, str, datetime],
) -> None:
    http, cluster_id, started_at = measured
    path = f"/v1/clusters/{cluster_id}/groups/a%2Fb/metrics"
    body = http.get(path, params=span(started_at)).json()
    assert [one["values"] for one in body["series"]] == [[9, None]]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"step": "15"}, "request_invalid"),
        ({"names": "colour"}, "request_invalid"),
        ({"since": "1h"}, "request_invalid"),
        ({"from": "soon"}, "request_invalid"),
        ({"from": "2001-01-01"}, "metrics_range_invalid"),
        ({"from": "2030-01-02", "to": "2030-01-01"}, "metrics_range_invalid"),
    ],
)
def test_refuses_what_can_not_be_answered(
    measured: tuple[TestClient, str, datetime], query: dict[str, str], code: str
) -> None:
    http, cluster_id, _ = measured
    answer = http.get(f"/v1/clusters/{cluster_id}/metrics", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_cluster_of_others_is_not_there(
    memory_api: Api, measured: tuple[TestClient, str, datetime]
) -> None:
    _, cluster_id, _ = measured
    stranger = memory_api.caller("other").http
    for path in ("metrics", "groups/g/metrics"):
        theirs = stranger.get(f"/v1/clusters/{cluster_id}/{path}")
        nothing = stranger.get(f"/v1/clusters/lkc_nothing/{path}")
        assert (theirs.status_code, theirs.json()["code"]) == (404, "cluster_not_found")
        assert theirs.json()["detail"] == nothing.json()["detail"]
