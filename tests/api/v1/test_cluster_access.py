"""Operators open and close clusters of any organization; owners see it and can not change it."""

import pytest
from fastapi.testclient import TestClient

from control_plane.identity.service import new_key_material
from control_plane.kit.scope import Scope
from control_plane.provisioning.errors import BrokerNotReadyError
from tests.fixtures.apis import Api, Caller
from tests.fixtures.memory_engine import MemoryEngine

REASON = "the invoice of October is not paid"


@pytest.fixture
def caller(memory_api: Api) -> Caller:
    return memory_api.caller()


@pytest.fixture
def operator(memory_api: Api) -> TestClient:
    material = new_key_material()
    with memory_api.core.database.transaction() as session:
        organization = memory_api.core.organizations.installation(session)
        memory_api.core.api_keys.create(
            session,
            material,
            scope=Scope(organization.id),
            name="operator",
            role=None,
            granted_by=None,
        )
    return memory_api.client(material.secret)


@pytest.fixture
def path(caller: Caller) -> str:
    made = caller.http.post("/v1/clusters", json={"name": "orders", "plan": "dev"})
    return f"/v1/clusters/{made.json()['id']}"


def access_path(path: str) -> str:
    return path.replace("/v1/", "/v1/installation/") + "/access"


def access_of(engine: MemoryEngine, path: str) -> str:
    return engine.credentials[path.rpartition("/")[2]].openness.access


def test_a_state_is_in_force_when_it_is_answered(
    caller: Caller, operator: TestClient, path: str, memory_engine: MemoryEngine
) -> None:
    for access in ("read_only", "suspended"):
        reply = operator.put(access_path(path), json={"access": access, "reason": REASON})
        assert (reply.status_code, reply.json()["access"]) == (200, access)
        assert access_of(memory_engine, path) == access
        seen = caller.http.get(path).json()
        assert (seen["access"], seen["access_reason"]) == (access, REASON)
    kinds = [one["kind"] for one in caller.http.get("/v1/operations").json()["items"]]
    assert kinds.count("cluster.set_access") == 2, "its owner sees that it was done"
    opened = operator.put(access_path(path), json={"access": "full"}).json()
    assert (opened["access"], opened["access_reason"]) == ("full", None)
    assert access_of(memory_engine, path) == "full"


def test_a_state_stays_when_keys_change_and_the_cluster_restarts(
    caller: Caller, operator: TestClient, path: str, memory_engine: MemoryEngine
) -> None:
    operator.put(access_path(path), json={"access": "read_only", "reason": REASON})
    caller.http.post("/v1/api-keys", json={"name": "more"})
    assert access_of(memory_engine, path) == "read_only"
    caller.http.post(f"{path}:pause")
    caller.http.post(f"{path}:resume")
    assert access_of(memory_engine, path) == "read_only"


def test_what_is_not_confirmed_is_written_down_and_tried_on(
    operator: TestClient, path: str, memory_engine: MemoryEngine
) -> None:
    memory_engine.failure = BrokerNotReadyError("not yet")
    body = {"access": "read_only", "reason": REASON}
    reply = operator.put(access_path(path), json=body, headers={"Prefer": "respond-async"})
    assert (reply.status_code, reply.json()["access"]) == (202, "read_only")
    memory_engine.failure = None


def test_nobody_but_an_operator_may(caller: Caller, path: str, memory_engine: MemoryEngine) -> None:
    refused = caller.http.put(access_path(path), json={"access": "read_only", "reason": REASON})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert access_of(memory_engine, path) == "full"


def test_what_makes_no_sense_is_refused(operator: TestClient, path: str) -> None:
    for body in (
        {"access": "closed", "reason": REASON},
        {"access": "read_only"},
        {"access": "full", "reason": REASON},
        {"access": "read_only", "reason": "two\nlines"},
    ):
        assert operator.put(access_path(path), json=body).status_code == 422, body
    unknown = operator.put(
        access_path("/v1/clusters/lkc_0000000000000000"), json={"access": "full"}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "cluster_not_found")


def test_a_suspended_cluster_is_told_of_by_its_routes(
    caller: Caller, operator: TestClient, path: str
) -> None:
    operator.put(access_path(path), json={"access": "suspended", "reason": REASON})
    refused = caller.http.get(f"{path}/topics")
    assert (refused.status_code, refused.json()["code"]) == (403, "cluster_suspended")
    assert REASON in refused.json()["detail"]
    assert caller.http.get(path).status_code == 200
