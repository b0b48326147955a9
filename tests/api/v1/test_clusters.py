"""What callers are told about clusters; the clusters live in memory."""

from uuid import uuid4

import pytest

from control_plane.provisioning.errors import (
    BrokerNotReadyError,
    ForkRefusedError,
    WakingNotOfferedError,
)
from tests.fixtures.apis import REST_URL, Api, Caller
from tests.fixtures.memory_engine import MemoryEngine

ABSENT = "lkc_0000000000000000"
ORDERS = {"name": "orders", "plan": "dev"}
AT_ONCE = {"Prefer": "respond-async"}


@pytest.fixture
def caller(memory_api: Api) -> Caller:
    return memory_api.caller()


class TestCreate:
    def test_answers_with_a_cluster_that_is_usable(
        self, memory_api: Api, caller: Caller, memory_engine: MemoryEngine
    ) -> None:
        reply = caller.http.post("/v1/clusters", json=ORDERS)
        cluster = reply.json()
        assert reply.status_code == 201
        assert reply.headers["Location"] == f"/v1/clusters/{cluster['id']}"
        assert (cluster["status"], cluster["reason"]) == ("running", None)
        assert cluster["observed_generation"] == cluster["generation"] == 1
        assert cluster["organization_id"] == caller.organization_id
        assert cluster["endpoints"] == {
            "rest": REST_URL,
            "kafka": {
                "sasl_ssl": "localhost:20000",
                "sasl_plaintext": "127.0.0.1:21000",
                "ssl": None,
                "oauth": None,
            },
        }
        users = memory_engine.credentials[cluster["id"]].credentials
        assert [user["username"] for user in users] == [caller.key_id]
        assert caller.http.get(reply.headers["Location"]).json() == cluster
        assert memory_api.services.sweeper.unknown == set()

    def test_answers_with_the_operation_when_it_takes_longer(
        self,
        caller: Caller,
        memory_engine: MemoryEngine,
    ) -> None:
        memory_engine.failure = BrokerNotReadyError("not yet")
        reply = caller.http.post("/v1/clusters", json=ORDERS, headers=AT_ONCE)
        operation = reply.json()
        assert reply.status_code == 202
        assert reply.headers["Preference-Applied"] == "respond-async"
        assert reply.headers["Location"] == f"/v1/operations/{operation['id']}"
        memory_engine.failure = None
        ended = caller.http.get(reply.headers["Location"], params={"wait_seconds": 30}).json()
        assert (ended["status"], ended["resource_id"]) == ("succeeded", operation["resource_id"])
        made = caller.http.get(f"/v1/clusters/{operation['resource_id']}").json()
        assert made["status"] == "running"

    @pytest.mark.parametrize(
        "name", ["", "Orders", "orders_1", "-orders", "orders-", "o" * 64, "orders\n", "ørders"]
    )
    def test_refuses_a_name_that_is_no_label(self, caller: Caller, name: str) -> None:
        reply = caller.http.post("/v1/clusters", json={"name": name, "plan": "dev"})
        assert (reply.status_code, reply.json()["code"]) == (422, "request_invalid")
        assert reply.json()["errors"][0]["field"] == "body.name"

    def test_makes_nothing_in_a_dry_run(self, caller: Caller, memory_engine: MemoryEngine) -> None:
        reply = caller.http.post("/v1/clusters?dry_run=true", json=ORDERS)
        assert reply.status_code == 200
        assert reply.json() == {
            **ORDERS,
            "organization_id": caller.organization_id,
            "engine": "native",
            "price": {
                "currency": "USD",
                "price_book_version": 2,
                "per_day_at_rest": "0.000000",
                "daily_cap": "1.000000",
            },
        }
        assert caller.http.get("/v1/clusters").json()["items"] == []
        assert caller.http.get("/v1/operations").json()["items"] == []
        assert memory_engine.specs == {}

    def test_refuses_in_a_dry_run_what_it_would_refuse(self, caller: Caller) -> None:
        caller.http.post("/v1/clusters", json=ORDERS)
        for body in (ORDERS, {"name": "other", "plan": "platinum"}, {"name": "Bad", "plan": "dev"}):
            refusals = [
                caller.http.post(path, json=body).json()
                for path in ("/v1/clusters", "/v1/clusters?dry_run=true")
            ]
            assert without_place(refusals[0]) == without_place(refusals[1])
            assert refusals[0]["code"] in {"cluster_name_taken", "plan_unknown", "request_invalid"}

    @pytest.mark.parametrize("field", ["status", "generation", "organization_id", "id", "engine"])
    def test_refuses_fields_that_are_not_the_callers(self, caller: Caller, field: str) -> None:
        reply = caller.http.post("/v1/clusters", json={**ORDERS, field: "x"})
        assert (reply.status_code, reply.json()["code"]) == (422, "request_invalid")

    def test_names_the_plans_when_asked_for_an_unknown_one(self, caller: Caller) -> None:
        reply = caller.http.post("/v1/clusters", json={"name": "orders", "plan": "platinum"})
        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (422, "plan_unknown")
        assert "dev" in problem["advice"]

    def test_refuses_a_name_that_is_taken(self, caller: Caller) -> None:
        caller.http.post("/v1/clusters", json=ORDERS)
        reply = caller.http.post("/v1/clusters", json=ORDERS)
        assert (reply.status_code, reply.json()["code"]) == (409, "cluster_name_taken")

    def test_makes_one_cluster_however_often_the_same_key_asks(self, caller: Caller) -> None:
        headers = {"Idempotency-Key": str(uuid4())}
        first = caller.http.post("/v1/clusters", json=ORDERS, headers=headers)
        second = caller.http.post("/v1/clusters", json=ORDERS, headers=headers)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert first.headers["Location"] == second.headers["Location"]
        assert second.headers["Idempotency-Replayed"] == "true"
        assert len(caller.http.get("/v1/clusters").json()["items"]) == 1

    def test_a_replayed_operation_has_its_location(
        self, caller: Caller, memory_engine: MemoryEngine
    ) -> None:
        memory_engine.failure = BrokerNotReadyError("not yet")
        headers = {**AT_ONCE, "Idempotency-Key": str(uuid4())}
        first = caller.http.post("/v1/clusters", json=ORDERS, headers=headers)
        second = caller.http.post("/v1/clusters", json=ORDERS, headers=headers)
        assert (first.status_code, second.status_code) == (202, 202)
        assert second.headers["Idempotency-Replayed"] == "true"
        assert second.headers["Location"] == f"/v1/operations/{first.json()['id']}"

    def test_a_failure_within_the_wait_is_a_problem_that_names_the_cluster(
        self, caller: Caller, memory_engine: MemoryEngine
    ) -> None:
        memory_engine.failure = BrokerNotReadyError("no memory left")
        headers = {"Idempotency-Key": str(uuid4())}
        reply = caller.http.post("/v1/clusters", json=ORDERS, headers=headers)
        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (500, "cluster_creation_failed")
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert "no memory left" in problem["detail"]
        assert problem["errors"] == [
            {"field": "operation", "code": "broker_not_ready", "detail": "no memory left"}
        ]
        cluster = caller.http.get(f"/v1/clusters/{problem['cluster_id']}").json()
        assert (cluster["name"], cluster["status"]) == ("orders", "failed")
        operation = caller.http.get(f"/v1/operations/{problem['operation_id']}").json()
        assert operation["status"] == "failed"

        again = caller.http.post("/v1/clusters", json=ORDERS, headers=headers)
        assert (again.status_code, again.json()) == (500, problem)
        assert again.headers["Content-Type"] == "application/problem+json"
        assert again.headers["Idempotency-Replayed"] == "true"

        memory_engine.failure = None
        assert caller.http.delete(f"/v1/clusters/{problem['cluster_id']}").is_success
        assert caller.http.post("/v1/clusters", json=ORDERS).status_code == 201


class TestForeign:
    def test_another_organizations_cluster_is_answered_like_none(
        self, memory_api: Api, caller: Caller
    ) -> None:
        cluster_id = caller.http.post("/v1/clusters", json=ORDERS).json()["id"]
        stranger = memory_api.caller("stranger").http
        for method, path in [
            ("GET", "/v1/clusters/{}"),
            ("DELETE", "/v1/clusters/{}"),
            ("GET", "/v1/clusters/{}/topics"),
            ("GET", "/v1/clusters/{}/topics/flights"),
            ("DELETE", "/v1/clusters/{}/topics/flights"),
        ]:
            foreign = stranger.request(method, path.format(cluster_id))
            absent = stranger.request(method, path.format(ABSENT))
            assert foreign.status_code == absent.status_code == 404
            assert without_place(foreign.json()) == without_place(absent.json())
        assert caller.http.get(f"/v1/clusters/{cluster_id}").status_code == 200

    def test_a_topic_is_not_made_on_it_either(self, memory_api: Api, caller: Caller) -> None:
        cluster_id = caller.http.post("/v1/clusters", json=ORDERS).json()["id"]
        stranger = memory_api.caller("stranger").http
        answers = [
            stranger.post(f"/v1/clusters/{one}/topics", json={"name": "flights"})
            for one in (cluster_id, ABSENT)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert without_place(answers[0].json()) == without_place(answers[1].json())

    def test_is_not_listed(self, memory_api: Api, caller: Caller) -> None:
        caller.http.post("/v1/clusters", json=ORDERS)
        stranger = memory_api.caller("stranger").http
        assert stranger.get("/v1/clusters").json() == {"items": [], "next_page_token": None}


class TestClusterKey:
    def test_sees_and_manages_nothing_beside_its_cluster(
        self, memory_api: Api, caller: Caller
    ) -> None:
        mine = caller.http.post("/v1/clusters", json=ORDERS).json()["id"]
        other = caller.http.post("/v1/clusters", json={**ORDERS, "name": "other"}).json()["id"]
        key = caller.http.post("/v1/api-keys", json={"cluster_id": mine}).json()
        http = memory_api.client(key["secret"])
        assert [one["id"] for one in http.get("/v1/clusters").json()["items"]] == [mine]
        assert http.get(f"/v1/clusters/{mine}").status_code == 200
        assert http.get(f"/v1/clusters/{other}").status_code == 404
        assert http.get(f"/v1/clusters/{other}/topics").status_code == 404
        assert http.delete(f"/v1/clusters/{mine}").status_code == 403
        assert http.post("/v1/clusters", json={**ORDERS, "name": "third"}).status_code == 403


class TestDelete:
    def test_answers_when_the_cluster_is_gone(
        self, caller: Caller, memory_engine: MemoryEngine
    ) -> None:
        cluster_id = caller.http.post("/v1/clusters", json=ORDERS).json()["id"]
        assert caller.http.delete(f"/v1/clusters/{cluster_id}").status_code == 204
        assert memory_engine.running[cluster_id].state == "stopped"
        assert caller.http.get(f"/v1/clusters/{cluster_id}").status_code == 404
        assert caller.http.delete(f"/v1/clusters/{cluster_id}").status_code == 404
        assert caller.http.post("/v1/clusters", json=ORDERS).status_code == 201

    def test_answers_with_the_operation_when_it_takes_longer(
        self,
        caller: Caller,
        memory_engine: MemoryEngine,
    ) -> None:
        cluster_id = caller.http.post("/v1/clusters", json=ORDERS).json()["id"]
        memory_engine.failure = BrokerNotReadyError("it will not end yet")
        path = f"/v1/clusters/{cluster_id}"
        replies = [caller.http.delete(path, headers=AT_ONCE) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [202, 202]
        assert replies[0].json()["id"] == replies[1].json()["id"]
        assert caller.http.get(f"/v1/clusters/{cluster_id}").json()["status"] == "deleting"
        memory_engine.failure = None
        ended = caller.http.get(replies[0].headers["Location"], params={"wait_seconds": 30})
        assert ended.json()["status"] == "succeeded"


class TestPlans:
    def test_one_whose_engine_is_not_installed_is_refused_by_name(self, caller: Caller) -> None:
        body = {"name": "orders", "plan": "ha"}
        for path in ("/v1/clusters", "/v1/clusters?dry_run=true"):
            refused = caller.http.post(path, json=body)
            assert (refused.status_code, refused.json()["code"]) == (422, "engine_not_installed")
            assert "apache-kafka" in refused.json()["detail"]

    def test_what_its_engine_does_not_offer_is_refused_before_anything_is_made(
        self, caller: Caller, memory_engine: MemoryEngine
    ) -> None:
        memory_engine.refused_wishes["wake_on_connect"] = WakingNotOfferedError("not here")
        memory_engine.refused_wishes["fork"] = ForkRefusedError("not here either")
        wanted = {**ORDERS, "wake_on_connect": True}
        for path in ("/v1/clusters", "/v1/clusters?dry_run=true"):
            refused = caller.http.post(path, json=wanted)
            assert (refused.status_code, refused.json()["code"]) == (422, "waking_not_offered")
        assert caller.http.get("/v1/clusters").json()["items"] == []
        path = f"/v1/clusters/{caller.http.post('/v1/clusters', json=ORDERS).json()['id']}"
        refused = caller.http.patch(path, json={"wake_on_connect": True})
        assert refused.json()["code"] == "waking_not_offered"
        assert caller.http.patch(path, json={"wake_on_connect": False}).status_code == 200
        refused = caller.http.post(f"{path}:fork", json={"name": "copy"})
        assert (refused.status_code, refused.json()["code"]) == (409, "fork_refused")

    def test_are_listed_with_their_limits(self, caller: Caller) -> None:
        plans = caller.http.get("/v1/plans").json()["items"]
        assert [plan["id"] for plan in plans] == ["dev", "ha", "pro", "standard"]
        engines = {(plan["engine"], plan["available"]) for plan in plans}
        assert engines == {("native", True), ("apache-kafka", False)}
        assert plans[0]["limits"]["partitions_max"] == 1_000


def without_place(problem: dict[str, object]) -> dict[str, object]:
    """Leave out what names the request itself."""
    return {name: problem[name] for name in problem if name not in ("instance", "request_id")}
