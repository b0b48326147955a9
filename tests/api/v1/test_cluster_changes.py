"""Changes of clusters over HTTP: answers, previews with prices, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest

from control_plane.identity.secrets import key_id_of
from control_plane.provisioning.engine import ClientCertificates
from control_plane.provisioning.errors import BrokerNotReadyError
from tests.fixtures.apis import Api, Caller
from tests.fixtures.identity_provider import IdentityProvider
from tests.fixtures.memory_engine import MemoryEngine
from tests.fixtures.waiting import eventually

VERBS = ("pause", "resume", "restart")
AT_ONCE = {"Prefer": "respond-async"}
KEPT_BYTES = 10 * 2**30


@pytest.fixture
def caller(memory_api: Api) -> Caller:
    return memory_api.caller()


@pytest.fixture
def path(caller: Caller) -> str:
    """A standard cluster that runs."""
    made = caller.http.post("/v1/clusters", json={"name": "orders", "plan": "standard"})
    return f"/v1/clusters/{made.json()['id']}"


def status(caller: Caller, path: str) -> str:
    return caller.http.get(path).json()["status"]


class TestVerbs:
    def test_answer_with_the_cluster_when_it_is_done(self, caller: Caller, path: str) -> None:
        for verb, expected in (
            ("pause", "paused"),
            ("pause", "paused"),
            ("resume", "running"),
            ("restart", "running"),
        ):
            reply = caller.http.post(f"{path}:{verb}")
            assert (reply.status_code, reply.json()["status"]) == (200, expected), verb
            assert reply.json() == caller.http.get(path).json()
            assert reply.headers["ETag"] == caller.http.get(path).headers["ETag"]

    def test_answer_with_the_operation_when_it_takes_longer(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        memory_engine.failure = BrokerNotReadyError("not yet")
        reply = caller.http.post(f"{path}:pause", headers=AT_ONCE)
        assert (reply.status_code, reply.json()["kind"]) == (202, "cluster.pause")
        assert reply.headers["Preference-Applied"] == "respond-async"
        memory_engine.failure = None
        ended = caller.http.get(reply.headers["Location"], params={"wait_seconds": 30}).json()
        assert ended["status"] == "succeeded"
        assert status(caller, path) == "paused"

    def test_are_done_once_for_one_idempotency_key(self, caller: Caller, path: str) -> None:
        headers = {"Idempotency-Key": str(uuid4())}
        first = caller.http.post(f"{path}:restart", headers=headers)
        second = caller.http.post(f"{path}:restart", headers=headers)
        assert second.headers["Idempotency-Replayed"] == "true"
        assert second.json() == first.json()
        assert caller.http.get(path).json()["generation"] == 2

    def test_are_refused_in_a_status_that_forbids_them(self, caller: Caller, path: str) -> None:
        caller.http.post(f"{path}:pause")
        reply = caller.http.post(f"{path}:restart")
        assert (reply.status_code, reply.json()["code"]) == (409, "cluster_not_ready")
        assert reply.json()["advice"] == "resume it first"

    def test_a_paused_cluster_says_how_it_serves_again(self, caller: Caller, path: str) -> None:
        caller.http.post(f"{path}:pause")
        reply = caller.http.get(f"{path}/topics")
        assert (reply.status_code, reply.json()["code"]) == (409, "cluster_not_ready")
        assert reply.json()["advice"] == "resume it first"

    def test_of_another_organizations_cluster_is_like_of_none(
        self, memory_api: Api, path: str
    ) -> None:
        stranger = memory_api.caller("stranger").http
        absent = "/v1/clusters/lkc_0000000000000000"
        for verb in (*VERBS, "undelete"):
            replies = [stranger.post(f"{one}:{verb}") for one in (path, absent)]
            assert [reply.status_code for reply in replies] == [404, 404]
            assert replies[0].json()["code"] == replies[1].json()["code"] == "cluster_not_found"
        for one in (path, absent):
            assert stranger.patch(one, json={"name": "mine"}).status_code == 404
            assert stranger.delete(f"{one}?purge=true").status_code == 404

    def test_a_key_of_the_cluster_may_not(self, memory_api: Api, caller: Caller, path: str) -> None:
        body = {"name": "program", "cluster_id": path.rpartition("/")[2]}
        key = caller.http.post("/v1/api-keys", json=body).json()
        program = memory_api.client(key["secret"])
        assert program.get(path).status_code == 200
        assert {program.post(f"{path}:{verb}").status_code for verb in VERBS} == {403}
        assert program.patch(path, json={"name": "mine"}).status_code == 403


class TestUpdate:
    def test_changes_words_and_plan(self, caller: Caller, path: str) -> None:
        body = {"name": "returns", "plan": "pro", "labels": {"team": "search"}}
        reply = caller.http.patch(path, json=body)
        assert reply.status_code == 200
        assert {name: reply.json()[name] for name in body} == body
        assert reply.json()["observed_generation"] == reply.json()["generation"] == 2

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": None},
            {"name": "Not A Label"},
            {"labels": {"Team": "x"}},
            {"auto_pause_minutes": -1},
            {"auto_pause_minutes": 10_081},
            {"labels": {"team": "x" * 129}},
            {"labels": {f"l{number}": "x" for number in range(21)}},
            {"engine": "native"},
        ],
    )
    def test_refuses_what_is_no_change(
        self, caller: Caller, path: str, body: dict[str, object]
    ) -> None:
        reply = caller.http.patch(path, json=body)
        assert (reply.status_code, reply.json()["code"]) == (422, "request_invalid")

    def test_if_match_guards_against_somebody_elses(self, caller: Caller, path: str) -> None:
        tag = caller.http.get(path).headers["ETag"]
        first = caller.http.patch(path, json={"name": "a"}, headers={"If-Match": tag})
        second = caller.http.patch(path, json={"name": "b"}, headers={"If-Match": tag})
        assert (first.status_code, second.status_code) == (200, 412)
        assert second.json()["code"] == "cluster_changed"
        again = {"If-Match": first.headers["ETag"]}
        assert caller.http.patch(path, json={"name": "b"}, headers=again).status_code == 200

    def test_a_plan_that_is_too_small_is_refused(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        memory_engine.partitions = 1001
        caller.http.post(f"{path}:restart")
        reply = caller.http.patch(path, json={"plan": "dev"})
        assert (reply.status_code, reply.json()["code"]) == (409, "plan_too_small")

    def test_an_unknown_plan_is_refused_by_name(self, caller: Caller, path: str) -> None:
        reply = caller.http.patch(path, json={"plan": "huge"})
        assert (reply.status_code, reply.json()["code"]) == (422, "plan_unknown")


class TestDryRun:
    def test_tells_the_price_per_day_and_changes_nothing(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        before = caller.http.get(path).json()
        reply = caller.http.patch(f"{path}?dry_run=true", json={"plan": "pro", "name": "returns"})
        assert reply.status_code == 200
        assert reply.json() == {
            "cluster_id": before["id"],
            "diff": [
                {"field": "name", "before": "orders", "after": "returns"},
                {"field": "plan", "before": "standard", "after": "pro"},
            ],
            "steps": ["collect_usage", "start"],
            "price": {
                "currency": "USD",
                "price_book_version": 2,
                "per_day_before": "0.480000",
                "per_day_after": "1.440000",
                "daily_cap_before": "2.000000",
                "daily_cap_after": "4.000000",
            },
        }
        assert caller.http.get(path).json() == before
        assert memory_engine.calls == ["ensure"]

    def test_of_a_pause_leaves_what_is_kept(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        memory_engine.meter(path.rpartition("/")[2]).stored_bytes = KEPT_BYTES
        caller.http.post(f"{path}:pause")
        caller.http.post(f"{path}:resume")
        price = caller.http.post(f"{path}:pause?dry_run=true").json()["price"]
        assert (price["per_day_before"], price["per_day_after"]) == ("0.489000", "0.009000")

    @pytest.mark.parametrize(
        ("query", "steps"),
        [("", ["collect_usage", "stop"]), ("&purge=true", ["collect_usage", "remove"])],
    )
    def test_of_a_deletion(self, caller: Caller, path: str, query: str, steps: list[str]) -> None:
        reply = caller.http.delete(f"{path}?dry_run=true{query}")
        assert (reply.status_code, reply.json()["steps"]) == (200, steps)
        assert status(caller, path) == "running"

    def test_is_refused_like_the_change(self, caller: Caller, path: str) -> None:
        caller.http.patch(path, json={"deletion_protection": True})
        reply = caller.http.delete(f"{path}?dry_run=true")
        assert (reply.status_code, reply.json()["code"]) == (409, "cluster_protected")


class TestUndelete:
    def test_brings_a_deleted_cluster_back(self, caller: Caller, path: str) -> None:
        assert caller.http.delete(path).status_code == 204
        (deleted,) = caller.http.get("/v1/clusters?deleted=true").json()["items"]
        assert (deleted["status"], deleted["deleted_at"] < deleted["purge_at"]) == ("deleted", True)
        assert caller.http.get("/v1/clusters").json()["items"] == []
        reply = caller.http.post(f"{path}:undelete")
        assert (reply.status_code, reply.json()["status"]) == (200, "running")
        assert caller.http.get("/v1/clusters?deleted=true").json()["items"] == []

    def test_takes_another_name(self, caller: Caller, path: str) -> None:
        caller.http.delete(path)
        caller.http.post("/v1/clusters", json={"name": "orders", "plan": "dev"})
        assert caller.http.post(f"{path}:undelete").json()["code"] == "cluster_name_taken"
        reply = caller.http.post(f"{path}:undelete", json={"name": "old-orders"})
        assert (reply.status_code, reply.json()["name"]) == (200, "old-orders")

    def test_a_purged_cluster_is_gone(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        caller.http.delete(path)
        assert caller.http.delete(f"{path}?purge=true").status_code == 204
        assert memory_engine.running == {}
        assert caller.http.post(f"{path}:undelete").status_code == 404
        assert caller.http.get("/v1/clusters?deleted=true").json()["items"] == []


def test_waking_and_idle_time_are_in_force_at_once(caller: Caller, path: str) -> None:
    body = {"wake_on_connect": True, "auto_pause_minutes": 5}
    changed = caller.http.patch(path, json=body).json()
    assert {name: changed[name] for name in body} == body
    off = caller.http.patch(path, json={"auto_pause_minutes": 0}).json()
    assert (off["auto_pause_minutes"], off["wake_on_connect"]) == (None, True)


def test_a_cluster_is_made_with_labels_and_protection(caller: Caller) -> None:
    body = {"name": "kept", "plan": "dev", "labels": {"a": "b"}, "deletion_protection": True}
    made = caller.http.post("/v1/clusters", json=body).json()
    assert (made["labels"], made["deletion_protection"]) == ({"a": "b"}, True)
    refused = caller.http.delete(f"/v1/clusters/{made['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "cluster_protected")


class TestNetworks:
    def test_are_told_to_brokers_before_the_answer(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        networks = ["192.0.2.0/24", "2001:db8::1"]
        before = caller.http.get(path)
        changed = caller.http.patch(path, json={"allowed_networks": networks})
        assert (changed.status_code, changed.json()["allowed_networks"]) == (200, networks)
        assert changed.headers["ETag"] != before.headers["ETag"]
        assert told(memory_engine, path) == networks
        assert "restart" not in memory_engine.calls
        assert memory_engine.calls.count("ensure") == 1, "the broker goes on"

        opened = caller.http.patch(path, json={"allowed_networks": []})
        assert (opened.status_code, opened.json()["allowed_networks"]) == (200, [])
        assert told(memory_engine, path) == []

    def test_stay_when_keys_change(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        caller.http.patch(path, json={"allowed_networks": ["192.0.2.0/24"]})
        assert caller.http.post("/v1/api-keys", json={"name": "more"}).status_code == 201
        assert told(memory_engine, path) == ["192.0.2.0/24"]

    def test_are_given_with_a_new_cluster(
        self, caller: Caller, memory_engine: MemoryEngine
    ) -> None:
        body = {"name": "confined", "plan": "dev", "allowed_networks": ["192.0.2.0/24"]}
        made = caller.http.post("/v1/clusters", json=body).json()
        assert made["allowed_networks"] == ["192.0.2.0/24"]
        assert told(memory_engine, f"/v1/clusters/{made['id']}") == ["192.0.2.0/24"]

    def test_of_a_paused_cluster_hold_from_its_next_start(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        caller.http.post(f"{path}:pause")
        networks = ["192.0.2.0/24"]
        changed = caller.http.patch(path, json={"allowed_networks": networks})
        assert (changed.status_code, changed.json()["status"]) == (200, "paused")
        caller.http.post(f"{path}:resume")
        assert told(memory_engine, path) == networks

    def test_are_previewed(self, caller: Caller, path: str, memory_engine: MemoryEngine) -> None:
        body = {"allowed_networks": ["192.0.2.0/24"]}
        preview = caller.http.patch(f"{path}?dry_run=true", json=body).json()
        assert preview["diff"] == [
            {"field": "allowed_networks", "before": [], "after": ["192.0.2.0/24"]}
        ]
        assert preview["steps"] == ["publish"]
        assert told(memory_engine, path) == []

    def test_that_are_asked_for_again_change_nothing(self, caller: Caller, path: str) -> None:
        body = {"allowed_networks": ["192.0.2.0/24"]}
        first = caller.http.patch(path, json=body)
        again = caller.http.patch(path, json=body, headers={"If-Match": first.headers["ETag"]})
        assert again.headers["ETag"] == first.headers["ETag"]

    @pytest.mark.parametrize(
        "networks",
        [["10.0.0.1/8"], ["everywhere"], ["10.0.0.0/33"], [f"10.0.{n}.0/24" for n in range(101)]],
    )
    def test_that_can_not_be_are_refused(
        self, caller: Caller, path: str, networks: list[str]
    ) -> None:
        refused = caller.http.patch(path, json={"allowed_networks": networks})
        assert refused.status_code == 422
        assert caller.http.get(path).json()["allowed_networks"] == []


class TestKeysOfADeletedCluster:
    def test_are_refused_until_it_is_back(self, caller: Caller, path: str, memory_api: Api) -> None:
        cluster_id = path.rpartition("/")[2]
        body = {"name": "program", "cluster_id": cluster_id}
        secret = caller.http.post("/v1/api-keys", json=body).json()["secret"]
        program = memory_api.client(secret)
        assert program.get("/v1/whoami").status_code == 200

        caller.http.delete(path)
        memory_api.core.authenticator.forget(whose(secret))
        assert program.get("/v1/whoami").status_code == 401
        assert program.get(path).status_code == 401

        caller.http.post(f"{path}:undelete")
        assert program.get("/v1/whoami").status_code == 200
        caller.http.delete(f"{path}?purge=true")
        memory_api.core.authenticator.forget(whose(secret))
        assert program.get("/v1/whoami").status_code == 401


def whose(secret: str) -> str:
    key_id = key_id_of(secret)
    assert key_id is not None
    return key_id


def told(engine: MemoryEngine, path: str) -> list[str]:
    """The networks that the brokers of a cluster have."""
    return list(engine.credentials[path.rpartition("/")[2]].openness.allowed_networks)


AUTHORITIES = "-----BEGIN CERTIFICATE-----"
CERTIFICATES = {"mode": "required", "authorities": AUTHORITIES, "mapping_rules": "DEFAULT"}


class TestClientCertificates:
    """What is wanted is written down, told, and carried out by a start of its own."""

    def change(self, caller: Caller, path: str, wanted: object, query: str = "") -> Any:
        return caller.http.patch(path + query, json={"client_certificates": wanted})

    def test_are_set_and_taken_away(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        before = caller.http.get(path)
        assert before.json()["client_certificates"] is None
        assert before.json()["endpoints"]["kafka"]["ssl"] is None
        changed = self.change(caller, path, CERTIFICATES)
        assert (changed.status_code, changed.json()["generation"]) == (200, 2)
        assert changed.json()["client_certificates"] == CERTIFICATES
        assert changed.json()["endpoints"]["kafka"]["ssl"].startswith("localhost:")
        assert changed.headers["ETag"] != before.headers["ETag"]
        spec = memory_engine.specs[changed.json()["id"]]
        assert spec.client_certificates == ClientCertificates(AUTHORITIES, "DEFAULT", required=True)
        assert self.change(caller, path, CERTIFICATES).json()["generation"] == 2
        back = self.change(caller, path, {"mode": "off"}).json()
        assert (back["client_certificates"], back["generation"]) == (None, 3)
        assert back["endpoints"]["kafka"]["ssl"] is None

    def test_a_dry_run_tells_and_changes_nothing(self, caller: Caller, path: str) -> None:
        preview = self.change(caller, path, CERTIFICATES, "?dry_run=true").json()
        kept = {"authorities": AUTHORITIES, "mapping_rules": "DEFAULT", "required": True}
        assert preview["diff"] == [{"field": "client_certificates", "before": None, "after": kept}]
        assert preview["steps"] == ["start"]
        assert caller.http.get(path).json()["client_certificates"] is None

    def test_what_no_broker_would_take_is_refused(self, caller: Caller, path: str) -> None:
        for query in ("", "?dry_run=true"):
            reply = self.change(caller, path, {**CERTIFICATES, "authorities": "none"}, query)
            assert (reply.status_code, reply.json()["code"]) == (422, "client_certificates_invalid")
        for malformed in (
            {"mode": "off", "authorities": AUTHORITIES},
            {"mode": "off", "mapping_rules": "DEFAULT"},
            {"mode": "required"},
            {"mode": "optional", "authorities": AUTHORITIES},
            {**CERTIFICATES, "authorities": AUTHORITIES * 3_000},
        ):
            reply = self.change(caller, path, malformed)
            assert (reply.status_code, reply.json()["code"]) == (422, "request_invalid"), malformed

    def test_a_paused_cluster_that_may_be_woken_is_told_at_once(
        self, caller: Caller, path: str, memory_engine: MemoryEngine
    ) -> None:
        caller.http.patch(path, json={"wake_on_connect": True})
        paused = caller.http.post(f"{path}:pause").json()
        changed = self.change(caller, path, CERTIFICATES)
        assert (changed.status_code, changed.json()["status"]) == (200, "paused")

        def is_told() -> bool:
            return memory_engine.specs[paused["id"]].client_certificates is not None

        eventually(is_told, "the engine knows the certificates")


class TestOAuthIssuer:
    """An issuer is written down with its keys, told, and has an endpoint of its own."""

    def change(self, caller: Caller, path: str, wanted: object, query: str = "") -> Any:
        return caller.http.patch(path + query, json={"oauth_issuer": wanted})

    def test_is_set_changed_and_taken_away(
        self,
        caller: Caller,
        path: str,
        memory_engine: MemoryEngine,
        identity_provider: IdentityProvider,
    ) -> None:
        assert caller.http.get(path).json()["oauth_issuer"] is None
        changed = self.change(caller, path, identity_provider.wanted)
        assert (changed.status_code, changed.json()["generation"]) == (200, 2)
        told = changed.json()["oauth_issuer"]
        assert {name: told[name] for name in identity_provider.wanted} == identity_provider.wanted
        assert (told["key_ids"], told["keys_problem"]) == (["k1"], None)
        assert told["keys_good_until"] > told["keys_fetched_at"]
        assert changed.json()["endpoints"]["kafka"]["oauth"].startswith("localhost:")
        again = self.change(caller, path, identity_provider.wanted)
        assert again.headers["ETag"] == changed.headers["ETag"], "nothing has changed"
        memory_engine.calls.clear()
        by_client = {**identity_provider.wanted, "principal_claim": "azp"}
        assert self.change(caller, path, by_client).json()["generation"] == 2
        assert memory_engine.calls == ["apply_credentials"]
        back = self.change(caller, path, {"mode": "off"}).json()
        assert (back["oauth_issuer"], back["endpoints"]["kafka"]["oauth"]) == (None, None)
        assert back["generation"] == 3

    def test_may_bring_its_keys_along(
        self, caller: Caller, path: str, identity_provider: IdentityProvider
    ) -> None:
        wanted = {name: identity_provider.wanted[name] for name in ("issuer", "audience")}
        changed = self.change(caller, path, {**wanted, "jwks": identity_provider.jwks()})
        told = changed.json()["oauth_issuer"]
        assert (told["key_ids"], told["jwks_url"], told["keys_good_until"]) == (["k1"], None, None)
        assert identity_provider.asked == 0

    def test_a_dry_run_fetches_the_keys_and_changes_nothing(
        self, caller: Caller, path: str, identity_provider: IdentityProvider
    ) -> None:
        preview = self.change(caller, path, identity_provider.wanted, "?dry_run=true").json()
        assert [one["field"] for one in preview["diff"]] == ["oauth_issuer"]
        assert (preview["steps"], identity_provider.asked) == (["start"], 1)
        assert caller.http.get(path).json()["oauth_issuer"] is None

    def test_whose_keys_can_not_be_fetched_is_refused(
        self, caller: Caller, path: str, identity_provider: IdentityProvider
    ) -> None:
        identity_provider.answer = (404, {}, b"")
        reply = self.change(caller, path, identity_provider.wanted)
        assert (reply.status_code, reply.json()["code"]) == (422, "issuer_keys_unavailable")
        assert "status 404" in reply.json()["detail"]
        identity_provider.answer = (200, {}, b'{"keys": []}')
        reply = self.change(caller, path, identity_provider.wanted)
        assert (reply.status_code, reply.json()["code"]) == (422, "oauth_issuer_invalid")
        assert caller.http.get(path).json()["oauth_issuer"] is None

    def test_what_no_issuer_can_be_is_refused(
        self, caller: Caller, path: str, identity_provider: IdentityProvider
    ) -> None:
        good = identity_provider.wanted
        keys = identity_provider.jwks()["keys"]
        wrong: list[dict[str, Any]] = [
            {"mode": "off", "issuer": "x"},
            {"mode": "on"},
            {"issuer": "x", "audience": "y"},
            {**good, "jwks": {"keys": keys}},
            {**good, "jwks_url": None, "jwks": {"keys": keys * 33}},
            {**good, "jwks_url": None, "jwks": {"keys": [{"x": "y" * 70_000}]}},
            {**good, "algorithms": ["none"]},
            {**good, "algorithms": ["HS256"]},
            {**good, "algorithms": []},
            {**good, "clock_skew_seconds": 301},
            {**good, "issuer": "x" * 501},
            {**good, "principal_claim": ""},
        ]
        for malformed in wrong:
            reply = self.change(caller, path, malformed)
            assert (reply.status_code, reply.json()["code"]) == (422, "request_invalid"), malformed
