"""What a customer does with a cluster, the same on every engine; what differs is listed below."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from control_plane.clusters.plans import CATALOGUE
from tests.cluster.usage import Key, Made, Usage, code_of, consume, options, produce
from tests.fixtures.client_authority import ClientAuthority
from tests.fixtures.waiting import eventually
from tools.running_service import RunningService, start_service

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("apache-kafka")]

VARIABLES = {"HEADRACE_USAGE_WINDOW_SECONDS": "1", "HEADRACE_USAGE_COLLECT_SECONDS": "1"}
PLANS = ("dev", "ha")
SECONDS_MAX = 240
RECORD: dict[str, Any] = {"value": {"type": "STRING", "data": "x"}}
VALUES = [f"{number:03}".encode() * 100 for number in range(30)]
VALUES_BYTES = sum(map(len, VALUES))

# What clusters of Apache Kafka do not have: how it is asked for, and the code that refuses it.
# Its brokers can not be started by a connection, do not tell when the last client left, hold no
# limit over all topics, and share no files.
CREATED_WITH: Mapping[str, tuple[dict[str, Any], str]] = {
    "waking": ({"wake_on_connect": True}, "waking_not_offered"),
    "automatic pause": ({"auto_pause_minutes": 5}, "auto_pause_not_offered"),
    "storage limit": ({"storage_limit_bytes": 2**30}, "keeping_limit_not_offered"),
    "ceiling of retention": ({"retention_ms_max": 10**9}, "keeping_limit_not_offered"),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningService]:
    """A service that counts usage every second."""
    with start_service(tmp_path_factory.mktemp("engines"), variables=VARIABLES) as running:
        yield running


@dataclass(frozen=True)
class Customer:
    """A cluster of a plan, and its owner."""

    plan: str
    usage: Usage
    cluster: Made
    key: Key

    @property
    def path(self) -> str:
        return f"/v1/clusters/{self.cluster.id}"

    @property
    def records(self) -> str:
        return f"/kafka/v3/clusters/{self.cluster.id}/topics"

    def topic(self, name: str, partitions: int = 1) -> str:
        self.usage.create_topic(self.cluster.id, name, partitions=partitions)
        return name

    def shown(self) -> dict[str, Any]:
        return self.usage.expect(200, self.usage.http.get(self.path))

    def change(self, verb: str, body: Mapping[str, Any] | None = None) -> None:
        """Have something done, however long it takes."""
        self.ended(self.usage.http.post(f"{self.path}:{verb}", json=body or {}))

    def ended(self, answer: httpx2.Response) -> None:
        assert answer.status_code in {200, 202, 204}, answer.text
        if answer.status_code != 202:
            return

        def is_done() -> bool:
            found = self.usage.http.get(answer.headers["Location"]).json()
            assert found["status"] != "failed", found
            return found["status"] == "succeeded"

        eventually(is_done, "it does not end", SECONDS_MAX)


@pytest.fixture(scope="module", params=PLANS)
def customer(request: pytest.FixtureRequest, service: RunningService) -> Generator[Customer]:
    """A cluster that all tests of a plan share, made by the command line as a person would."""
    plan: str = request.param
    made = service.command("cluster", "create", f"on-{plan}", "--plan", plan, "--wait")
    kafka = made["endpoints"]["kafka"]
    cluster = Made(made["id"], kafka["sasl_ssl"], kafka["sasl_plaintext"], made["ca_certificate"])
    with service.http() as http:
        usage = Usage(service, http)
        yield Customer(plan, usage, cluster, usage.create_key(cluster.id))


class TestCluster:
    def test_runs_on_its_plans_engine(self, customer: Customer) -> None:
        plan, shown = CATALOGUE[customer.plan], customer.shown()
        assert (shown["status"], shown["reason"]) == ("running", None)
        assert (shown["plan"], shown["engine"]) == (plan.id, plan.engine)
        assert len(shown["endpoints"]["kafka"]["sasl_ssl"].split(",")) == plan.brokers
        offered = customer.usage.http.get("/v1/plans").json()["items"]
        (own,) = [one for one in offered if one["id"] == plan.id]
        assert (own["available"], own["version"]) == (True, shown["version"])

    def test_its_price_is_known_before_it_is_made(self, customer: Customer) -> None:
        body = {"name": "another", "plan": customer.plan}
        asked = customer.usage.http.post("/v1/clusters?dry_run=true", json=body)
        price = customer.usage.expect(200, asked)["price"]
        assert float(price["per_day_at_rest"]) == {"dev": 0, "ha": 1.92}[customer.plan]

    def test_can_not_be_moved_to_another_engine(self, customer: Customer) -> None:
        other = {"dev": "ha", "ha": "dev"}[customer.plan]
        refused = customer.usage.http.patch(customer.path, json={"plan": other})
        assert code_of(refused) == (409, "plan_too_small")


class TestTopics:
    def test_are_made_changed_and_removed(self, customer: Customer) -> None:
        http, path = customer.usage.http, f"{customer.path}/topics"
        made = customer.usage.create_topic(
            customer.cluster.id, "kept", partitions=2, configs={"retention.ms": 86_400_000}
        )
        assert (made["name"], made["partitions"]) == ("kept", 2)
        taken = http.post(path, json={"name": "kept"})
        assert code_of(taken) == (409, "topic_name_taken")
        changed = http.patch(f"{path}/kept", json={"partitions": 4})
        assert customer.usage.expect(200, changed)["partitions"] == 4
        changed = http.patch(f"{path}/kept", json={"configs": {"retention.ms": "3600000"}})
        customer.usage.expect(200, changed)

        def is_changed() -> bool:
            shown = customer.usage.expect(200, http.get(f"{path}/kept"))
            retention = shown["configs"]["retention.ms"]["value"]
            return (shown["id"], shown["partitions"], retention) == (made["id"], 4, "3600000")

        # Another broker may answer than the one that was told.
        eventually(is_changed, "the change is never seen")
        assert http.delete(f"{path}/kept").status_code == 204
        eventually(lambda: http.get(f"{path}/kept").status_code == 404, "it is still there")


class TestRecords:
    def test_go_in_and_out_by_both_protocols(self, customer: Customer) -> None:
        http, topic = customer.usage.http, customer.topic("both")
        produce(customer.cluster, customer.key, topic, b"by kafka")
        sent = http.post(f"{customer.records}/{topic}/records", json=RECORD)
        assert customer.usage.expect(200, sent)["offset"] == 1
        assert consume(customer.cluster, customer.key, topic, 2) == [b"by kafka", b"x"]
        read = http.get(f"{customer.path}/topics/{topic}/partitions/0/records")
        page = customer.usage.expect(200, read)
        assert ([one["offset"] for one in page["records"]], page["next_offset"]) == ([0, 1], 2)

    def test_for_a_topic_that_is_not_there_are_refused(self, customer: Customer) -> None:
        refused = customer.usage.http.post(f"{customer.records}/nowhere/records", json=RECORD)
        assert refused.status_code == 404


class TestGroups:
    def test_are_told_with_their_lag_reset_and_removed(self, customer: Customer) -> None:
        http, topic = customer.usage.http, customer.topic("grouped")
        produce(customer.cluster, customer.key, topic, *VALUES[:10])
        ways = {"group.id": "readers", "enable.auto.commit": False}
        consumer = Consumer({**options(customer.cluster, customer.key), **ways})
        consumer.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)
        consumer.close()
        path = f"{customer.path}/groups/readers"

        def lag() -> int:
            (item,) = customer.usage.expect(200, http.get(f"{path}/offsets"))["items"]
            return item["lag"]

        assert lag() == 6
        listed = customer.usage.expect(200, http.get(f"{customer.path}/groups"))["items"]
        assert [one["group_id"] for one in listed] == ["readers"]
        moved = http.post(f"{path}:reset", json={"to": "earliest"})
        customer.usage.expect(200, moved)
        assert lag() == 10
        assert http.delete(path).status_code == 204


class TestAccess:
    def test_a_key_does_what_its_bounds_say_and_stops_when_it_is_revoked(
        self, customer: Customer
    ) -> None:
        http, topic = customer.usage.http, customer.topic("guarded")
        other = customer.topic("other")
        bounds = {"read": [], "write": [topic]}
        body = {"name": "bounded", "cluster_id": customer.cluster.id, "bounds": bounds}
        made = customer.usage.expect(201, http.post("/v1/api-keys", json=body))
        key = Key(made["id"], made["secret"])
        produce(customer.cluster, key, topic, b"1")
        with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
            produce(customer.cluster, key, other, b"1")
        with customer.usage.service.http(key.secret) as bounded:
            sent = bounded.post(f"{customer.records}/{topic}/records", json=RECORD)
            assert sent.status_code == 200
            refused = bounded.post(f"{customer.records}/{other}/records", json=RECORD)
            assert refused.status_code == 403
            assert http.delete(f"/v1/api-keys/{key.id}").status_code == 200
            refused = bounded.post(f"{customer.records}/{topic}/records", json=RECORD)
            assert refused.status_code == 401
        admin = AdminClient({**options(customer.cluster, key), "log_level": 0})
        with pytest.raises(KafkaException):
            admin.list_topics(timeout=2)

    def test_a_suspended_cluster_takes_nothing_until_it_is_opened(self, customer: Customer) -> None:
        http, topic = customer.usage.http, customer.topic("suspended")
        path = f"{customer.records}/{topic}/records"
        self.set_access(customer, "suspended", "--reason", "unpaid")
        assert customer.shown()["access"] == "suspended"
        try:
            assert http.post(path, json=RECORD).status_code == 403
        finally:
            self.set_access(customer, "full")
        assert http.post(path, json=RECORD).status_code == 200

    def set_access(self, customer: Customer, access: str, *reason: str) -> None:
        place = ("cluster", "access", customer.cluster.id, access)
        customer.usage.service.operator_command(*place, *reason)


class TestUsage:
    def test_is_counted_and_billed(self, customer: Customer) -> None:
        http, topic = customer.usage.http, customer.topic("billed")
        produce(customer.cluster, customer.key, topic, *VALUES)
        consume(customer.cluster, customer.key, topic, len(VALUES))

        def of_topic() -> dict[str, int]:
            query = {"group_by": "topic", "granularity": "day"}
            found = customer.usage.expect(200, http.get(f"{customer.path}/usage", params=query))
            items = [one for one in found["data"] if one["topic"] == topic]
            names = ("records_in", "bytes_in", "bytes_out", "produce_requests", "read_requests")
            return {name: sum(one[name] for one in items) for name in names}

        eventually(
            lambda: (
                of_topic()["records_in"] == len(VALUES) and of_topic()["bytes_out"] >= VALUES_BYTES
            ),
            "what was written and read is never told",
        )
        used = of_topic()
        assert VALUES_BYTES < used["bytes_in"] <= used["bytes_out"]
        assert used["produce_requests"] > 0
        assert used["read_requests"] > 0
        query = {"group_by": "principal", "granularity": "day"}
        whose = customer.usage.expect(200, http.get(f"{customer.path}/usage", params=query))
        assert f"User:{customer.key.id}" in {one["principal"] for one in whose["data"]}

        def line_types() -> set[str]:
            found = http.get("/v1/billing/costs").json()["data"]
            mine = [one for one in found if one["resource"]["id"] == customer.cluster.id]
            return {one["line_type"] for one in mine if float(one["quantity"]) > 0}

        wanted = {"KAFKA_BASE", "KAFKA_NETWORK_WRITE", "KAFKA_NETWORK_READ", "KAFKA_STORAGE"}
        eventually(lambda: line_types() >= wanted, "it is never billed")


class TestDifferences:
    @pytest.mark.parametrize("name", CREATED_WITH)
    def test_what_clusters_may_be_created_with(self, customer: Customer, name: str) -> None:
        wish, code = CREATED_WITH[name]
        body = {"name": "another", "plan": customer.plan, **wish}
        answer = customer.usage.http.post("/v1/clusters?dry_run=true", json=body)
        if customer.plan == "ha":
            assert code_of(answer) == (422, code)
        else:
            assert answer.status_code == 200

    def test_forks_share_files_of_the_native_broker(self, customer: Customer) -> None:
        place = f"{customer.path}:fork?dry_run=true"
        answer = customer.usage.http.post(place, json={"name": "copy"})
        if customer.plan == "ha":
            assert code_of(answer) == (409, "fork_refused")
        else:
            assert answer.status_code == 200

    def test_clients_are_known_by_certificates_to_the_native_broker_alone(
        self, customer: Customer, tmp_path: Path
    ) -> None:
        authority = ClientAuthority(tmp_path)
        wanted = {"authorities": authority.pem, "mode": "required"}
        place = f"{customer.path}?dry_run=true"
        answer = customer.usage.http.patch(place, json={"client_certificates": wanted})
        if customer.plan == "ha":
            assert code_of(answer) == (422, "client_certificates_not_offered")
        else:
            assert answer.status_code == 200

    def test_metrics_are_the_native_brokers(self, customer: Customer) -> None:
        answer = customer.usage.http.get(f"{customer.path}/prometheus")
        assert answer.status_code == (503 if customer.plan == "ha" else 200)


class TestLife:
    """Last, because the cluster is gone then."""

    def test_is_deleted_and_wanted_back_with_everything(self, customer: Customer) -> None:
        http, topic = customer.usage.http, customer.topic("precious")
        produce(customer.cluster, customer.key, topic, b"1", b"2")
        before = customer.shown()["endpoints"]
        customer.ended(http.delete(customer.path))
        eventually(lambda: http.get(customer.path).status_code == 404, "it is still there")
        customer.change("undelete")
        assert customer.shown()["endpoints"] == before
        assert consume(customer.cluster, customer.key, topic, 2) == [b"1", b"2"]

        customer.ended(http.delete(customer.path, params={"purge": "true"}))
        directory = customer.usage.service.data_dir / "clusters" / customer.cluster.id
        eventually(lambda: not directory.exists(), "its data is still there", SECONDS_MAX)
