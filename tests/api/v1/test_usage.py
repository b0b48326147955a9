from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from control_plane.identity.policy import Role
from control_plane.usage.collector import Collector
from tests.fixtures.apis import Api, Caller
from tests.fixtures.memory_engine import MemoryEngine
from tests.fixtures.memory_meter import MemoryMeter, topic_id_of

PERIOD = {"start": "2026-11-22", "end": "2026-11-23"}

# Bytes, records and requests of the three windows that the fixture collects.
TRAFFIC = {
    "bytes_in": 1110,
    "records_in": 30,
    "bytes_out": 500,
    "produce_requests": 3,
    "read_requests": 1,
    "requests": 4,
}
LEVELS = {
    "running_ms": 180_000,
    "stored_byte_seconds": (1000 + 1100 + 1110) * 60,
    "stored_bytes": 1110,
    "partitions": 2,
    "connections": 2,
}


@dataclass
class Used:
    """A cluster of the API whose usage was collected."""

    api: Api
    caller: Caller
    cluster_id: str
    meter: MemoryMeter

    def get(self, query: dict[str, str], http: TestClient | None = None) -> Any:
        client = http or self.caller.http
        return client.get(f"/v1/clusters/{self.cluster_id}/usage", params=query)

    def body(self, **query: str) -> dict[str, Any]:
        answer = self.get(query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def collect(self) -> None:
        """Collect on this thread, whatever the jobs do meanwhile."""
        core, clusters = self.api.core, self.api.services.clusters
        with core.database.snapshot() as session:
            facts = clusters.find_metered(session, self.cluster_id)
        assert facts is not None
        Collector(core.database, core.clock, clusters).collect(facts, core.database.transaction)


@pytest.fixture
def used(memory_api: Api, memory_engine: MemoryEngine) -> Used:
    caller = memory_api.caller()
    made = caller.http.post("/v1/clusters", json={"name": "orders", "plan": "dev"})
    cluster_id = made.json()["id"]
    found = Used(memory_api, caller, cluster_id, memory_engine.meter(cluster_id))
    meter = found.meter
    meter.append("orders", size=1000)  # 11:30
    meter.read("orders", size=500, principal="User:hk_2")
    meter.close()
    meter.append("orders", size=100, principal="User:hk_2")
    meter.close()
    meter.next_starts_at = meter.next_starts_at.replace(hour=12, minute=0)
    meter.append("flights", size=10)
    meter.close()
    found.collect()
    return found


@pytest.fixture
def cluster_client(used: Used) -> Callable[[str | None], TestClient]:
    """Makes clients with keys of one cluster."""

    def make(cluster_id: str | None) -> TestClient:
        body = {"name": "program", "cluster_id": cluster_id, "role": Role.DEVELOPER.value}
        made = used.caller.http.post("/v1/api-keys", json=body)
        assert made.status_code == 201, made.text
        return used.api.client(made.json()["secret"])

    return make


class TestUsage:
    def test_by_hour(self, used: Used) -> None:
        body = used.body(**PERIOD)
        assert (body["start"], body["end"]) == (
            "2026-11-22T00:00:00.000000Z",
            "2026-11-23T00:00:00.000000Z",
        )
        hours = [(one["started_at"][11:16], one["ended_at"][11:16]) for one in body["data"]]
        assert hours == [("11:00", "12:00"), ("12:00", "13:00")]
        assert [one["bytes_in"] for one in body["data"]] == [1100, 10]
        assert [one["stored_bytes"] for one in body["data"]] == [1100, 1110]
        assert body["totals"] == {**TRAFFIC, **LEVELS}
        assert body["collected_until"] == "2026-11-22T12:01:00.000000Z"

    def test_by_day(self, used: Used) -> None:
        body = used.body(**PERIOD, granularity="day")
        (day,) = body["data"]
        assert {name: day[name] for name in (*TRAFFIC, *LEVELS)} == {**TRAFFIC, **LEVELS}
        assert body["totals"] == {**TRAFFIC, **LEVELS}

    def test_by_topic(self, used: Used) -> None:
        body = used.body(**PERIOD, granularity="day", group_by="topic")
        found = [
            (one["topic"], one["topic_id"], one["bytes_in"], one["bytes_out"])
            for one in body["data"]
        ]
        assert found == [
            ("flights", topic_id_of("flights"), 10, 0),
            ("orders", topic_id_of("orders"), 1100, 500),
        ]
        assert {one["stored_bytes"] for one in body["data"]} == {None}
        assert body["totals"] == {**TRAFFIC, **LEVELS}

    def test_by_principal(self, used: Used) -> None:
        body = used.body(**PERIOD, granularity="day", group_by="principal")
        found = {
            one["principal"]: (one["bytes_in"], one["bytes_out"], one["requests"])
            for one in body["data"]
        }
        assert found == {"User:hk_1": (1010, 0, 2), "User:hk_2": (100, 500, 2)}

    def test_a_part_of_an_hour_is_the_whole_hour(self, used: Used) -> None:
        body = used.body(start="2026-11-22T12:30:00+01:00", end="2026-11-22T11:31:00Z")
        assert (body["start"][11:16], body["end"][11:16]) == ("11:00", "12:00")
        assert body["totals"]["bytes_in"] == 1100

    def test_is_of_today_by_default(self, used: Used) -> None:
        today = used.api.core.clock.now().date().isoformat()
        body = used.body()
        assert body["start"] == f"{today}T00:00:00.000000Z"
        assert body["granularity"] == "hour"

    def test_is_empty_before_the_first_window(self, used: Used) -> None:
        made = used.caller.http.post("/v1/clusters", json={"name": "idle", "plan": "dev"})
        answer = used.caller.http.get(f"/v1/clusters/{made.json()['id']}/usage", params=PERIOD)
        body = answer.json()
        assert (body["data"], body["collected_until"]) == ([], None)
        assert set(body["totals"].values()) == {0}


class TestPeriod:
    @pytest.mark.parametrize(
        "query",
        [
            {"start": "2026-11-23", "end": "2026-11-22"},
            {"start": "2026-11-22", "end": "2026-11-22"},
            {"start": "2026-11-22T12:00:00Z", "end": "2026-11-22T13:00:00+01:00"},
            {"start": "2026-01-01", "end": "2026-02-02"},
            {"start": "2025-01-01", "end": "2026-11-22", "granularity": "day"},
            {"start": "0001-01-01T00:00:00+14:00", "end": "2026-11-22"},
            {"start": "9999-12-31"},
            {"start": "2026-11-22", "end": "9999-12-31T23:59:59Z"},
        ],
    )
    def test_is_refused_when_it_can_not_be(self, used: Used, query: dict[str, str]) -> None:
        refused = used.get(query)
        assert (refused.status_code, refused.json()["code"]) == (422, "usage_period_invalid")

    @pytest.mark.parametrize(
        "query",
        [
            {"start": "yesterday"},
            {"start": "2026-11-22T12:00:00"},
            {"start": "1763769600"},
            {"start": "2026-W47-7"},
            {"start": "2026-02-30"},
            {"granularity": "minute"},
            {"group_by": "partition"},
            {"from": "2026-11-22"},
        ],
    )
    def test_is_refused_when_it_can_not_be_read(self, used: Used, query: dict[str, str]) -> None:
        refused = used.get(query)
        assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid")


class TestScope:
    def test_what_belongs_to_others_looks_absent(self, used: Used) -> None:
        stranger = used.api.caller("stranger").http
        foreign = used.get(PERIOD, stranger)
        absent = stranger.get("/v1/clusters/lkc_0000000000000000/usage", params=PERIOD)
        assert (foreign.status_code, foreign.json()["code"]) == (404, "cluster_not_found")
        assert {**foreign.json(), "instance": "", "request_id": ""} == {
            **absent.json(),
            "instance": "",
            "request_id": "",
        }

    def test_a_key_of_a_cluster_sees_its_own(
        self, used: Used, cluster_client: Callable[[str | None], TestClient]
    ) -> None:
        mine = used.get(PERIOD, cluster_client(used.cluster_id))
        assert mine.json()["totals"]["bytes_in"] == 1110
        made = used.caller.http.post("/v1/clusters", json={"name": "other", "plan": "dev"})
        other = used.get(PERIOD, cluster_client(made.json()["id"]))
        assert (other.status_code, other.json()["code"]) == (404, "cluster_not_found")
