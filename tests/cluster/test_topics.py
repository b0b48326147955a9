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


class TestDryRun:
    def test_makes_nothing(self, usage: Usage, topics: str, name: str) -> None:
        body = {"name": name, "partitions": 2, "configs": {"retention.ms": 60_000}}
        answer = usage.http.post(f"{topics}?dry_run=true", json=body)
        assert usage.expect(200, answer) == {
            "name": name,
            "cluster_id": topics.split("/")[3],
            "partitions": 2,
            "replication_factor": None,
            "configs": {"retention.ms": "60000"},
        }
        assert code_of(usage.http.get(f"{topics}/{name}")) == (404, "topic_not_found")

    @pytest.mark.parametrize(
        ("settings", "code"),
        [
            ({"configs": {"no.such.entry": "1"}}, "topic_config_invalid"),
            ({"replication_factor": 3}, "topic_replication_factor_invalid"),
            ({"partitions": 1_001}, "partitions_limit_reached"),
            ({"name": "no name"}, "topic_name_invalid"),
        ],
    )
    def test_has_the_broker_refuse_what_it_would_refuse(
        self, usage: Usage, topics: str, name: str, settings: dict[str, object], code: str
    ) -> None:
        body = {"name": name, **settings}
        dry = usage.http.post(f"{topics}?dry_run=true", json=body)
        assert code_of(dry) == code_of(usage.http.post(topics, json=body))
        assert dry.json()["code"] == code

    def test_refuses_a_name_that_is_taken(self, usage: Usage, topics: str, name: str) -> None:
        usage.expect(201, usage.http.post(topics, json={"name": name}))
        refused = usage.http.post(f"{topics}?dry_run=true", json={"name": name})
        assert code_of(refused) == (409, "topic_name_taken")


class TestUpdate:
    def test_adds_partitions(self, usage: Usage, topics: str, name: str) -> None:
        body = {"name": name, "partitions": 2, "configs": {"retention.ms": "60000"}}
        made = usage.expect(201, usage.http.post(topics, json=body))
        grown = usage.expect(200, usage.http.patch(f"{topics}/{name}", json={"partitions": 5}))
        assert grown == {**made, "partitions": 5}
        assert usage.expect(200, usage.http.get(f"{topics}/{name}")) == grown

    def test_changes_nothing_when_repeated(self, usage: Usage, topics: str, name: str) -> None:
        usage.expect(201, usage.http.post(topics, json={"name": name}))
        path, body = f"{topics}/{name}", {"partitions": 3}
        first, second = (usage.expect(200, usage.http.patch(path, json=body)) for _ in range(2))
        assert first == second

    def test_changes_nothing_in_a_dry_run(self, usage: Usage, topics: str, name: str) -> None:
        made = usage.expect(201, usage.http.post(topics, json={"name": name}))
        answer = usage.http.patch(f"{topics}/{name}?dry_run=true", json={"partitions": 3})
        assert usage.expect(200, answer) == {**made, "partitions": 3}
        assert usage.expect(200, usage.http.get(f"{topics}/{name}")) == made

    @pytest.mark.parametrize("query", ["", "?dry_run=true"])
    @pytest.mark.parametrize(
        ("partitions", "expected"),
        [
            (1, (422, "topic_partitions_decrease")),
            (1_001, (409, "partitions_limit_reached")),
            (0, (422, "request_invalid")),
            (None, (422, "request_invalid")),
        ],
    )
    def test_refuses_a_number_that_can_not_be(
        self,
        usage: Usage,
        topics: str,
        name: str,
        query: str,
        partitions: int | None,
        expected: tuple[int, str],
    ) -> None:
        made = usage.expect(201, usage.http.post(topics, json={"name": name, "partitions": 2}))
        refused = usage.http.patch(f"{topics}/{name}{query}", json={"partitions": partitions})
        assert code_of(refused) == expected
        assert usage.expect(200, usage.http.get(f"{topics}/{name}")) == made

    def test_changes_the_configuration_in_place(self, usage: Usage, topics: str, name: str) -> None:
        configs = {"retention.ms": "60000", "segment.ms": "7000"}
        made = usage.expect(201, usage.http.post(topics, json={"name": name, "configs": configs}))
        body = {"configs": {"segment.ms": None, "max.message.bytes": 2_000}}
        changed = usage.expect(200, usage.http.patch(f"{topics}/{name}", json=body))
        values = {entry: changed["configs"][entry]["value"] for entry in made["configs"]}
        expected = {entry: one["value"] for entry, one in made["configs"].items()}
        assert values == {**expected, "segment.ms": "604800000", "max.message.bytes": "2000"}
        assert changed["configs"]["segment.ms"]["is_default"] is True
        assert (changed["id"], changed["partitions"]) == (made["id"], made["partitions"])
        assert usage.expect(200, usage.http.get(f"{topics}/{name}")) == changed

    def test_makes_all_changes_or_none(self, usage: Usage, topics: str, name: str) -> None:
        made = usage.expect(201, usage.http.post(topics, json={"name": name}))
        refusals = {
            "topic_config_invalid": {"partitions": 3, "configs": {"retention.ms": "soon"}},
            "partitions_limit_reached": {"partitions": 1_001, "configs": {"retention.ms": "5"}},
            "topic_partitions_decrease": {"partitions": 1, "configs": {"no.such.entry": "1"}},
        }
        usage.expect(200, usage.http.patch(f"{topics}/{name}", json={"partitions": 2}))
        for code, body in refusals.items():
            refused = usage.http.patch(f"{topics}/{name}", json=body)
            assert refused.json()["code"] == code
            dry = usage.http.patch(f"{topics}/{name}?dry_run=true", json=body)
            assert dry.json()["code"] == code
        found = usage.expect(200, usage.http.get(f"{topics}/{name}"))
        assert found == {**made, "partitions": 2}

    def test_changes_no_configuration_in_a_dry_run(
        self, usage: Usage, topics: str, name: str
    ) -> None:
        made = usage.expect(201, usage.http.post(topics, json={"name": name}))
        body = {"configs": {"retention.ms": "5"}}
        usage.expect(200, usage.http.patch(f"{topics}/{name}?dry_run=true", json=body))
        assert usage.expect(200, usage.http.get(f"{topics}/{name}")) == made

    @pytest.mark.parametrize("body", [{}, {"configs": {}}, {"configs": {"": "1"}}])
    def test_refuses_a_change_of_nothing(
        self, usage: Usage, topics: str, name: str, body: dict[str, object]
    ) -> None:
        refused = usage.http.patch(f"{topics}/{name}", json=body)
        assert code_of(refused) == (422, "request_invalid")

    def test_says_that_there_is_none(self, usage: Usage, topics: str) -> None:
        answer = usage.http.patch(f"{topics}/nobody-made-it", json={"partitions": 3})
        assert code_of(answer) == (404, "topic_not_found")

    def test_reads_nothing_but_json(self, usage: Usage, topics: str) -> None:
        answer = usage.http.patch(f"{topics}/any", content=b"partitions=3")
        assert code_of(answer) == (415, "content_type_unsupported")


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
            assert http.patch(f"{topics}/{name}", json={"partitions": 2}).status_code == 200
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
