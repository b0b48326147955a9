"""What clusters may keep, when they are maintained, and which version they run, over HTTP."""

import pytest

from tests.fixtures.apis import Api, Caller
from tests.fixtures.memory_engine import MemoryEngine

WINDOW = {"weekday": "sunday", "hour": 3}
KEEPING = {"storage_limit_bytes": 5_000, "retention_ms_max": 60_000, "retention_bytes_max": 70}


@pytest.fixture
def caller(memory_api: Api) -> Caller:
    return memory_api.caller()


@pytest.fixture
def path(caller: Caller) -> str:
    """A cluster that runs."""
    body = {"name": "orders", "plan": "dev", "maintenance_window": WINDOW, **KEEPING}
    made = caller.http.post("/v1/clusters", json=body)
    assert made.status_code == 201, made.text
    return f"/v1/clusters/{made.json()['id']}"


def test_is_given_with_a_new_cluster_and_changed(caller: Caller, path: str) -> None:
    made = caller.http.get(path).json()
    assert {name: made[name] for name in KEEPING} == KEEPING
    assert (made["maintenance_window"], made["version"]) == (WINDOW, "1.0.0")
    off = dict.fromkeys(KEEPING, 0)
    changed = caller.http.patch(path, json={**off, "maintenance_window": "any_time"}).json()
    assert [changed[name] for name in KEEPING] == [None] * 3
    assert changed["maintenance_window"] is None


def test_a_dry_run_tells_that_the_broker_starts_again(caller: Caller, path: str) -> None:
    body = {"storage_limit_bytes": 6_000}
    preview = caller.http.patch(f"{path}?dry_run=true", json=body).json()
    assert preview["diff"] == [{"field": "storage_limit_bytes", "before": 5_000, "after": 6_000}]
    assert preview["steps"] == ["start"]
    window = {"maintenance_window": {"weekday": "monday", "hour": 0}}
    assert caller.http.patch(f"{path}?dry_run=true", json=window).json()["steps"] == []


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_more_than_the_plan_allows_is_refused(caller: Caller, path: str, query: str) -> None:
    body = {"storage_limit_bytes": 2**50}
    for reply in (
        caller.http.patch(path + query, json=body),
        caller.http.post(f"/v1/clusters{query}", json={"name": "more", "plan": "dev", **body}),
    ):
        assert (reply.status_code, reply.json()["code"]) == (422, "storage_limit_too_large")


@pytest.mark.parametrize(
    "body",
    [
        {"storage_limit_bytes": -1},
        {"retention_ms_max": 10**16},
        {"maintenance_window": {"weekday": "someday", "hour": 3}},
        {"maintenance_window": {"weekday": "sunday", "hour": 24}},
        {"maintenance_window": "never"},
    ],
)
def test_what_can_not_be_is_refused(caller: Caller, path: str, body: dict[str, object]) -> None:
    assert caller.http.patch(path, json=body).status_code == 422


def test_another_certificate_is_asked_for(
    caller: Caller, path: str, memory_engine: MemoryEngine
) -> None:
    rotated = caller.http.post(f"{path}:rotate")
    assert (rotated.status_code, rotated.json()["status"]) == (200, "running")
    assert memory_engine.specs[path.rpartition("/")[2]].certificate_generation == 1


def test_plans_tell_the_version_that_clusters_are_moved_to(
    caller: Caller, path: str, memory_engine: MemoryEngine
) -> None:
    memory_engine.version = "1.1.0"
    plans = caller.http.get("/v1/plans").json()["items"]
    versions = {plan["engine"]: plan["version"] for plan in plans}
    assert versions == {"native": "1.1.0", "apache-kafka": None}
    preview = caller.http.post(f"{path}:upgrade?dry_run=true").json()
    assert preview["steps"] == ["collect_usage", "start"]
    assert caller.http.get(path).json()["version"] == "1.0.0"
    upgraded = caller.http.post(f"{path}:upgrade").json()
    assert upgraded["version"] == "1.1.0"
    again = caller.http.post(f"{path}:upgrade").json()
    assert again["generation"] == upgraded["generation"]
