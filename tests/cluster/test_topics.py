"""Topics by the API are the cluster's own: made, shown, refused and deleted by the broker."""

import itertools

import pytest

from tests.cluster.usage import Usage, code_of

_numbers = itertools.count()


@pytest.fixture
def topics(shared_cluster_id: str) -> str:
    """Path of the topics of a cluster."""
    return f"/v1/clusters/{shared_cluster_id}/topics"


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"topic-{next(_numbers)}"


class TestCreate:
    def test_makes_it_as_asked(self, usage: Usage, topics: str, name: str) -> None:
        body = {"name": name, "partitions": 4, "configs": {"retention.ms": 3_600_000}}
        topic = usage.expect(201, usage.http.post(topics, json=body))
        assert (topic["name"], topic["partitions"], topic["replication_factor"]) == (name, 4, 1)
        assert len(topic["id"]) == 22
        retention = topic["configs"]["retention.ms"]
        assert retention == {
            "value": "3600000",
            "source": "dynamic_topic_config",
            "is_default": False,
        }
        assert any(entry["is_default"] for entry in topic["configs"].values())
        assert usage.expect(200, usage.http.get(f"{topics}/{name}")) == topic

    def test_leaves_numbers_to_the_clusters_defaults(
        self, usage: Usage, topics: str, name: str
    ) -> None:
        topic = usage.expect(201, usage.http.post(topics, json={"name": name}))
        assert (topic["partitions"], topic["replication_factor"]) == (1, 1)

    def test_refuses_a_name_that_is_taken(self, usage: Usage, topics: str, name: str) -> None:
        usage.expect(201, usage.http.post(topics, json={"name": name}))
        refused = usage.http.post(topics, json={"name": name})
        assert code_of(refused) == (409, "topic_name_taken")

    @pytest.mark.parametrize("bad", [".", "..", "a/b", "a b", "ä", "n" * 250])
    def test_refuses_a_name_that_kafka_does_not_allow(
        self, usage: Usage, topics: str, bad: str
    ) -> None:
        refused = usage.http.post(topics, json={"name": bad})
        assert code_of(refused) == (422, "topic_name_invalid")

    @pytest.mark.parametrize(
        "configs", [{"no.such.entry": "1"}, {"retention.ms": "soon"}, {"cleanup.policy": "burn"}]
    )
    def test_refuses_a_configuration_that_the_broker_refuses(
        self, usage: Usage, topics: str, name: str, configs: dict[str, str]
    ) -> None:
        refused = usage.http.post(topics, json={"name": name, "configs": configs})
        assert code_of(refused) == (422, "topic_config_invalid")
        assert next(iter(configs)) in refused.json()["detail"]
        assert usage.http.get(f"{topics}/{name}").status_code == 404

    def test_refuses_more_replicas_than_brokers(self, usage: Usage, topics: str, name: str) -> None:
        refused = usage.http.post(topics, json={"name": name, "replication_factor": 3})
        assert code_of(refused) == (422, "topic_replication_factor_invalid")

    def test_refuses_more_partitions_than_the_plan_has(
        self, usage: Usage, topics: str, name: str
    ) -> None:
        refused = usage.http.post(topics, json={"name": name, "partitions": 1_001})
        assert code_of(refused) == (409, "partitions_limit_reached")

    @pytest.mark.parametrize(
        "fields", [{"partitions": 0}, {"partitions": -1}, {"partitions": "many"}, {"owner": "me"}]
    )
    def test_refuses_what_is_no_topic(
        self, usage: Usage, topics: str, name: str, fields: dict[str, object]
    ) -> None:
        refused = usage.http.post(topics, json={"name": name, **fields})
        assert code_of(refused) == (422, "request_invalid")

    def test_makes_one_topic_however_often_the_same_key_asks(
        self, usage: Usage, topics: str, name: str
    ) -> None:
        headers = {"Idempotency-Key": f"make-{name}"}
        answers = [usage.http.post(topics, json={"name": name}, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()


class TestList:
    def test_goes_through_all_names_in_order(self, usage: Usage) -> None:
        cluster = usage.create("listed")
        wanted = [f"topic-{number:02}" for number in range(7)]
        for one in reversed(wanted):
            usage.create_topic(cluster.id, one, partitions=2)
        found: list[str] = []
        query: dict[str, str | int] = {"page_size": 3}
        while True:
            answer = usage.http.get(f"/v1/clusters/{cluster.id}/topics", params=query)
            page = usage.expect(200, answer)
            found.extend(topic["name"] for topic in page["items"])
            assert all(topic["partitions"] == 2 for topic in page["items"])
            if page["next_page_token"] is None:
                break
            query["page_token"] = page["next_page_token"]
        assert found == wanted


class TestGet:
    @pytest.mark.parametrize("absent", ["nobody-made-it", "no name"])
    def test_says_that_there_is_none(self, usage: Usage, topics: str, absent: str) -> None:
        for method in ("GET", "DELETE"):
            answer = usage.http.request(method, f"{topics}/{absent}")
            assert code_of(answer) == (404, "topic_not_found")
            assert answer.json()["detail"] == f"this cluster has no topic {absent!r}"


class TestDelete:
    def test_deletes_it_and_frees_the_name(self, usage: Usage, topics: str, name: str) -> None:
        first = usage.expect(201, usage.http.post(topics, json={"name": name}))
        assert usage.http.delete(f"{topics}/{name}").status_code == 204
        assert code_of(usage.http.get(f"{topics}/{name}")) == (404, "topic_not_found")
        assert code_of(usage.http.delete(f"{topics}/{name}")) == (404, "topic_not_found")
        second = usage.expect(201, usage.http.post(topics, json={"name": name}))
        assert second["id"] != first["id"]


class TestClusterKey:
    def test_manages_topics_of_its_cluster(
        self, usage: Usage, shared_cluster_id: str, topics: str, name: str
    ) -> None:
        key = usage.create_key(shared_cluster_id)
        with usage.service.http(key.secret) as http:
            assert http.post(topics, json={"name": name}).status_code == 201
            assert http.get(f"{topics}/{name}").status_code == 200
            assert http.delete(f"{topics}/{name}").status_code == 204


class TestUnavailable:
    def test_a_cluster_that_does_not_answer_is_told_apart(self, usage: Usage) -> None:
        cluster = usage.create("silent")
        usage.create_topic(cluster.id, "flights")
        broker = usage.service.broker(cluster.id)
        broker.suspend()
        try:
            silent = usage.http.get(f"/v1/clusters/{cluster.id}/topics/flights")
        finally:
            broker.resume()
        assert code_of(silent) == (503, "cluster_unavailable")
        assert int(silent.headers["Retry-After"]) > 0
        answer = usage.http.get(f"/v1/clusters/{cluster.id}/topics/flights")
        assert usage.expect(200, answer)["name"] == "flights"
