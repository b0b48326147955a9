"""Access rules, SCRAM users and client quotas by the API are the cluster's own."""

import itertools
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

# `confluent_kafka.admin` documents these names as its own but does not mark them as exported.
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from control_plane.kafka.admin import KafkaAdmin
from control_plane.rights.scram_users import RESERVED_NAMES, RESERVED_PREFIXES
from tests.cluster.usage import ANSWER_SECONDS_MAX, Key, Made, Usage, code_of, options
from tests.fixtures.waiting import eventually
from tools.running_service import RunningService


class Admin(KafkaAdmin, Protocol):
    """What a native admin client does here."""

    def create_acls(self, acls: list[AclBinding], /) -> dict[AclBinding, Future[None]]: ...

    def alter_user_scram_credentials(
        self, alterations: list[UserScramCredentialAlteration], /
    ) -> dict[str, Future[None]]: ...


DRY_RUN = {"dry_run": "true"}
_numbers = itertools.count()


@dataclass(frozen=True)
class Place:
    """A cluster of its own: a rule about it would be in the way of other tests."""

    cluster: Made
    key: Key


@pytest.fixture(scope="module")
def place(running_service: RunningService) -> Place:
    with running_service.http() as client:
        usage = Usage(running_service, client)
        return Place(usage.create("rights"), usage.create_key())


class Lab:
    """What tests ask of the cluster, by the API and natively."""

    def __init__(self, usage: Usage, place: Place) -> None:
        self.usage, self.place = usage, place
        self.path = f"/v1/clusters/{place.cluster.id}"
        self.name = f"own-{next(_numbers)}"

    def get(self, kind: str, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            answer = self.usage.http.get(f"{self.path}/{kind}", params=query)
            page = self.usage.expect(200, answer)
            found += page["items"]
            if page["next_page_token"] is None:
                return found
            query["page_token"] = page["next_page_token"]

    def post(self, kind: str, body: dict[str, Any], **query: str) -> Any:
        return self.usage.http.post(f"{self.path}/{kind}", json=body, params=query)

    def delete(self, kind: str, **query: str) -> Any:
        return self.usage.http.delete(f"{self.path}/{kind}", params=query)

    def set_quota(self, entity: list[Any], rates: dict[str, Any], **query: str) -> Any:
        body = {"entity": entity, "rates": rates}
        return self.usage.http.patch(f"{self.path}/quotas", json=body, params=query)

    def rule(self, **changed: str) -> dict[str, str]:
        rule = {
            "resource_type": "topic",
            "resource_name": self.name,
            "pattern_type": "literal",
            "principal": "User:importer",
            "host": "*",
            "operation": "read",
            "permission": "allow",
        }
        return {**rule, **changed}

    def rules(self, **query: Any) -> list[dict[str, str]]:
        found = self.get("access-rules", **{"resource_name": self.name, **query})
        assert {rule.pop("cluster_id") for rule in found} <= {self.place.cluster.id}
        return found

    def logs_in(self, name: str, password: str) -> bool:
        """Whether a native client may log in as a user of this name."""
        refused: list[KafkaError] = []
        ways = options(self.place.cluster, Key(name, password))
        client = Producer({**ways, "error_cb": refused.append})

        def is_in() -> bool | None:
            client.poll(0)
            if any(error.name() == "_AUTHENTICATION" for error in refused):
                return False
            try:
                client.list_topics(timeout=0.2)
            except KafkaException:
                return None
            return True

        return eventually_known(is_in)

    def native(self) -> Admin:
        return AdminClient(options(self.place.cluster, self.place.key))


def eventually_known(ask: Callable[[], bool | None]) -> bool:
    """Ask until there is an answer."""
    answers: list[bool] = []

    def is_answered() -> bool:
        answer = ask()
        if answer is not None:
            answers.append(answer)
        return answer is not None

    eventually(is_answered, "nobody was told whether the login is good")
    return answers[0]


@pytest.fixture
def lab(usage: Usage, place: Place) -> Lab:
    return Lab(usage, place)


class TestAccessRules:
    def test_are_made_listed_and_deleted(self, lab: Lab) -> None:
        prefixed = lab.rule(pattern_type="prefixed", operation="write", permission="deny")
        for rule in (lab.rule(), prefixed, lab.rule()):  # one that is there stays
            made = lab.usage.expect(201, lab.post("access-rules", rule))
            assert made == {**rule, "cluster_id": lab.place.cluster.id}
        assert lab.rules() == [lab.rule(), prefixed]
        assert lab.rules(permission="deny") == [prefixed]
        assert lab.rules(page_size=1) == [lab.rule(), prefixed]
        match = {"resource_name": f"{lab.name}-more", "pattern_type": "match"}
        assert lab.rules(**match) == [prefixed]

        told = lab.usage.expect(
            200, lab.delete("access-rules", resource_name=lab.name, operation="read", **DRY_RUN)
        )
        assert (told["is_dry_run"], len(told["items"])) == (True, 1)
        assert len(lab.rules()) == 2
        gone = lab.usage.expect(
            200, lab.delete("access-rules", resource_name=lab.name, operation="read")
        )
        assert gone["items"] == told["items"]
        assert lab.rules() == [prefixed]

    def test_hold_for_native_clients_whose_rules_simply_show(self, lab: Lab) -> None:
        lab.usage.create_topic(lab.place.cluster.id, lab.name, partitions=1)
        native = lab.native()
        rule = lab.rule(principal="User:somebody")
        lab.usage.expect(201, lab.post("access-rules", rule))
        futures = native.delete_topics([lab.name], request_timeout=ANSWER_SECONDS_MAX)
        with pytest.raises(KafkaException):
            futures[lab.name].result(ANSWER_SECONDS_MAX)
        binding = AclBinding(
            ResourceType.TOPIC,
            lab.name,
            ResourcePatternType.LITERAL,
            f"User:{lab.place.key.id}",
            "*",
            AclOperation.DELETE,
            AclPermissionType.ALLOW,
        )
        native.create_acls([binding])[binding].result(ANSWER_SECONDS_MAX)
        own = lab.rule(principal=f"User:{lab.place.key.id}", operation="delete")
        assert own in lab.rules()
        futures = native.delete_topics([lab.name], request_timeout=ANSWER_SECONDS_MAX)
        futures[lab.name].result(ANSWER_SECONDS_MAX)

    @pytest.mark.parametrize(
        "changed",
        [
            {"resource_name": ""},
            {"resource_name": "x" * 1_025},
            {"resource_type": "cluster"},
            {"resource_type": "delegation_token"},
            {"principal": "importer"},
            {"principal": "User:"},
            {"principal": "User:" + "x" * 252},
            {"host": "mill.example.com"},
        ],
    )
    def test_that_can_not_hold_are_refused_by_dry_runs_too(
        self, lab: Lab, changed: dict[str, str]
    ) -> None:
        for query in (DRY_RUN, {}):
            refused = lab.post("access-rules", lab.rule(**changed), **query)
            assert code_of(refused) == (422, "access_rule_invalid"), query

    def test_of_a_dry_run_are_not_made(self, lab: Lab) -> None:
        assert lab.post("access-rules", lab.rule(), **DRY_RUN).status_code == 200
        assert lab.rules() == []

    def test_are_not_deleted_all_at_once(self, lab: Lab) -> None:
        assert code_of(lab.delete("access-rules")) == (422, "access_rule_filter_missing")

    def test_about_the_cluster_say_who_may_change_them(
        self, usage: Usage, running_service: RunningService
    ) -> None:
        lab = Lab(usage, Place(usage.create("ruled"), usage.create_key()))
        with running_service.http(lab.place.key.secret) as http:
            other = Lab(Usage(running_service, http), lab.place)
            # Who is named alone may still see, and nobody else may.
            me = usage.expect(200, usage.http.get("/v1/whoami"))["id"]
            cluster = {"resource_type": "cluster", "resource_name": "kafka-cluster"}
            allowed = lab.rule(**cluster, principal=f"User:{me}", operation="all")
            usage.expect(201, lab.post("access-rules", allowed))
            assert lab.rules(resource_name="kafka-cluster") == [allowed]
            entity, rates = [{"type": "user", "name": "a"}], {"producer_byte_rate": 1}
            refused: list[Callable[[], Any]] = [
                lambda: http.get(f"{lab.path}/access-rules"),
                lambda: http.get(f"{lab.path}/scram-users"),
                lambda: http.get(f"{lab.path}/quotas"),
                lambda: other.post("access-rules", other.rule()),
                lambda: other.post("access-rules", other.rule(), **DRY_RUN),
                lambda: other.post("scram-users", {"name": "importer"}, **DRY_RUN),
                lambda: other.set_quota(entity, rates, **DRY_RUN),
                lambda: other.set_quota(entity, rates),
            ]
            for ask in refused:
                assert code_of(ask()) == (403, "rights_forbidden")


class TestScramUsers:
    def test_log_in_until_they_are_deleted(self, lab: Lab) -> None:
        made = lab.usage.expect(201, lab.post("scram-users", {"name": lab.name}))
        assert made["principal"] == f"User:{lab.name}"
        assert [login["mechanism"] for login in made["logins"]] == [
            "SCRAM-SHA-256",
            "SCRAM-SHA-512",
        ]
        assert lab.logs_in(lab.name, made["password"])
        user = f"{lab.path}/scram-users/{lab.name}"
        kept = {name: value for name, value in made.items() if name != "password"}
        assert lab.usage.expect(200, lab.usage.http.get(user)) == kept
        assert kept in lab.get("scram-users", page_size=1)

        changed = lab.usage.http.patch(user, json={"password": "of my own making"})
        assert lab.usage.expect(200, changed)["password"] is None
        assert lab.logs_in(lab.name, "of my own making")
        assert not lab.logs_in(lab.name, made["password"])

        assert lab.usage.expect(200, lab.usage.http.delete(user, params=DRY_RUN)) == kept
        assert lab.usage.expect(200, lab.usage.http.delete(user)) == kept
        assert not lab.logs_in(lab.name, "of my own making")
        for answer in (lab.usage.http.get(user), lab.usage.http.delete(user)):
            assert code_of(answer) == (404, "scram_user_not_found")

    def test_of_native_clients_simply_show(self, lab: Lab) -> None:
        admin = lab.native()
        login = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4_096)
        wanted = UserScramCredentialUpsertion(f"nati/ve {lab.name}", login, b"a password")
        admin.alter_user_scram_credentials([wanted])[wanted.user].result(ANSWER_SECONDS_MAX)
        path = f"{lab.path}/scram-users/nati%2Fve%20{lab.name}"
        found = lab.usage.expect(200, lab.usage.http.get(path))
        assert found["logins"] == [{"mechanism": "SCRAM-SHA-256", "iterations": 4_096}]
        changed = lab.usage.expect(200, lab.usage.http.patch(path, json={}))
        assert changed["logins"] == found["logins"]
        assert changed["password"] is not None

    def test_are_made_once_and_repeated_by_their_key(self, lab: Lab) -> None:
        headers = {"Idempotency-Key": f"user-{lab.name}"}
        answers = [
            lab.usage.http.post(f"{lab.path}/scram-users", json={"name": lab.name}, headers=headers)
            for _ in range(2)
        ]
        assert answers[0].json() == answers[1].json()
        assert answers[1].status_code == 201
        for query in ({}, DRY_RUN):
            taken = lab.post("scram-users", {"name": lab.name}, **query)
            assert code_of(taken) == (409, "scram_user_name_taken")

    @pytest.mark.parametrize(
        "name",
        [*sorted(RESERVED_NAMES), *(f"{prefix}x" for prefix in RESERVED_PREFIXES), "ü" * 200],
    )
    def test_have_no_names_of_others_and_dry_runs_say_so(self, lab: Lab, name: str) -> None:
        for query in (DRY_RUN, {}):
            refused = lab.post("scram-users", {"name": name}, **query)
            assert code_of(refused) == (422, "scram_user_invalid"), query

    def test_of_a_dry_run_are_not_made(self, lab: Lab) -> None:
        told = lab.usage.expect(200, lab.post("scram-users", {"name": lab.name}, **DRY_RUN))
        assert "password" not in told
        assert lab.name not in [user["name"] for user in lab.get("scram-users")]


class TestQuotas:
    def test_are_set_listed_and_deleted(self, lab: Lab) -> None:
        user = [{"type": "user", "name": lab.name}]
        pair = [{"type": "client-id", "name": None}, *user]
        told = lab.usage.expect(200, lab.set_quota(user, {"producer_byte_rate": 1024}, **DRY_RUN))
        assert told["rates"] == {"producer_byte_rate": 1024}
        assert lab.get("quotas", user=lab.name) == []

        lab.usage.expect(200, lab.set_quota(user, {"producer_byte_rate": 1024}))
        made = lab.usage.expect(200, lab.set_quota(user, {"request_percentage": 12.5}))
        assert made["rates"] == {"producer_byte_rate": 1024, "request_percentage": 12.5}
        lab.usage.expect(200, lab.set_quota(pair, {"consumer_byte_rate": 2048}))
        found = lab.get("quotas", user=lab.name, page_size=1)
        assert [one["rates"] for one in found] == [
            made["rates"],
            {"consumer_byte_rate": 2048},
        ]
        assert found[1]["entity"] == [*user, {"type": "client-id", "name": None}]
        assert lab.get("quotas", user=lab.name, default_client_id="true") == [found[1]]

        changed = lab.set_quota(user, {"producer_byte_rate": None})
        assert lab.usage.expect(200, changed)["rates"] == {"request_percentage": 12.5}
        assert lab.delete("quotas", user=lab.name, **DRY_RUN).status_code == 200
        gone = lab.usage.expect(200, lab.delete("quotas", user=lab.name))
        assert gone["rates"] == {"request_percentage": 12.5}
        assert code_of(lab.delete("quotas", user=lab.name)) == (404, "quota_not_found")
        assert lab.get("quotas", user=lab.name) == [found[1]]

    @pytest.mark.parametrize(
        ("entity", "rates"),
        [
            ([("user", "a")], {"connection_creation_rate": 5}),
            ([("ip", "192.0.2.7")], {"producer_byte_rate": 1024}),
            ([("ip", "mill")], {"connection_creation_rate": 5}),
            ([("ip", None), ("user", None)], {"connection_creation_rate": 5}),
            ([("user", "a")], {"producer_byte_rate": 0.5}),
        ],
    )
    def test_that_mean_nothing_are_refused(
        self, lab: Lab, entity: list[tuple[str, str | None]], rates: dict[str, Any]
    ) -> None:
        parts = [{"type": kind, "name": name} for kind, name in entity]
        for query in (DRY_RUN, {}):
            assert code_of(lab.set_quota(parts, rates, **query)) == (422, "quota_invalid")

    def test_are_deleted_of_somebody(self, lab: Lab) -> None:
        assert code_of(lab.delete("quotas")) == (422, "quota_invalid")
        refused = lab.delete("quotas", user="a", default_user="true")
        assert code_of(refused) == (422, "request_invalid")
