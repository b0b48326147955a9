"""What a cluster's clients did is told by the API, whatever became of topics, brokers, clusters."""

import shutil
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest
from confluent_kafka import Producer

from bench.proofs.usage_books import Books, read_books
from tests.cluster.usage import (
    ANSWER_SECONDS_MAX,
    Key,
    Made,
    Usage,
    consume,
    options,
    produce,
)
from tests.fixtures.waiting import eventually
from tools.running_service import RunningService, start_service
from tools.utc_days import two_days

VARIABLES = {"HEADRACE_USAGE_WINDOW_SECONDS": "1", "HEADRACE_USAGE_COLLECT_SECONDS": "1"}
VALUES = [bytes([number]) * 1000 for number in range(20)]
TURNS = range(4)
VALUES_BYTES = sum(len(value) for value in VALUES)


@pytest.fixture(scope="module")
def metering_service(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningService]:
    """A service whose windows are short."""
    with start_service(tmp_path_factory.mktemp("metering"), variables=VARIABLES) as running:
        yield running


@pytest.fixture
def metered(metering_service: RunningService) -> Generator[Usage]:
    with metering_service.http() as http:
        yield Usage(metering_service, http)


def create(metered: Usage, name: str) -> tuple[Made, Key]:
    """Make a cluster with a topic, and a key for it."""
    cluster = metered.create(name)
    metered.create_topic(cluster.id, "flights", partitions=1)
    return cluster, metered.create_key(cluster.id)


def told(metered: Usage, cluster_id: str, **query: str) -> dict[str, Any]:
    start, end = two_days()
    period = {"start": start.isoformat(), "end": end.isoformat()}
    answer = metered.http.get(f"/v1/clusters/{cluster_id}/usage", params=period | query)
    return metered.expect(200, answer)


def sums(body: dict[str, Any], principal: str) -> Counter[str]:
    """What a principal used, whether it was on one day or on two."""
    used: Counter[str] = Counter()
    for one in body["data"]:
        if one["principal"] == principal:
            used.update({name: value for name, value in one.items() if isinstance(value, int)})
    return used


def books(metered: Usage, cluster_id: str) -> Books:
    return read_books(metered.service.data_dir / "headrace.db", cluster_id)


def await_read(metered: Usage, cluster_id: str) -> None:
    def is_told() -> bool:
        return told(metered, cluster_id)["totals"]["bytes_out"] >= VALUES_BYTES

    eventually(is_told, "what was read is never told")


def await_records(metered: Usage, cluster_id: str, count: int) -> None:
    eventually(lambda: books(metered, cluster_id).records == {count}, "they are never counted")


class TestTold:
    def test_what_was_written_and_read_by_whom(self, metered: Usage) -> None:
        cluster, writer = create(metered, "told")
        reader = metered.create_key(cluster.id)
        produce(cluster, writer, "flights", *VALUES)
        assert consume(cluster, reader, "flights", len(VALUES)) == VALUES
        await_read(metered, cluster.id)
        body = told(metered, cluster.id, granularity="day", group_by="principal")
        written = sums(body, f"User:{writer.id}")
        read = sums(body, f"User:{reader.id}")
        assert written["records_in"] == body["totals"]["records_in"] == len(VALUES)
        assert written["bytes_in"] == body["totals"]["bytes_in"] >= VALUES_BYTES
        assert read["bytes_out"] == body["totals"]["bytes_out"] >= VALUES_BYTES
        assert (written["bytes_out"], read["bytes_in"]) == (0, 0)
        assert written["produce_requests"] > 0
        assert read["read_requests"] > 0
        levels = told(metered, cluster.id)["totals"]
        assert levels["partitions"] == 1
        assert levels["stored_bytes"] > levels["bytes_in"]

    def test_partitions_read_in_turn_over_http_are_paid_for_once(self, metered: Usage) -> None:
        cluster, key = create(metered, "turns")
        metered.create_topic(cluster.id, "turns", partitions=len(TURNS))
        producer = Producer({**options(cluster, key), "enable.idempotence": True})
        for number in range(300 * len(TURNS)):
            producer.produce("turns", b"." * 10_000, partition=number % len(TURNS))
        assert producer.flush(ANSWER_SECONDS_MAX) == 0
        path = f"/v1/clusters/{cluster.id}/topics/turns/partitions"
        offsets = dict.fromkeys(TURNS, 0)
        while min(offsets.values()) < 300:
            for partition, offset in offsets.items():
                read = metered.http.get(f"{path}/{partition}/records", params={"offset": offset})
                page = metered.expect(200, read)
                offsets[partition] = page["next_offset"]

        def is_told() -> bool:
            totals = told(metered, cluster.id)["totals"]
            return totals["bytes_out"] >= totals["bytes_in"] >= 300 * len(TURNS) * 10_000

        eventually(is_told, "what was read is never told")
        totals = told(metered, cluster.id)["totals"]
        assert totals["bytes_out"] == totals["bytes_in"]

    def test_topics_that_are_gone_too(self, metered: Usage) -> None:
        cluster, key = create(metered, "topics")
        made = [metered.create_topic(cluster.id, "doomed", partitions=1)]
        produce(cluster, key, "doomed", *VALUES)
        path = f"/v1/clusters/{cluster.id}/topics/doomed"
        assert metered.http.delete(path).status_code == 204
        made.append(metered.create_topic(cluster.id, "doomed", partitions=1))
        produce(cluster, key, "doomed", *VALUES[:5])

        def is_told() -> bool:
            return told(metered, cluster.id)["totals"]["records_in"] >= len(VALUES) + 5

        eventually(is_told, "what was written is never told")
        body = told(metered, cluster.id, granularity="day", group_by="topic")
        records: Counter[str] = Counter()
        for one in body["data"]:
            records[one["topic_id"]] += one["records_in"]
        assert records == {made[0]["id"]: len(VALUES), made[1]["id"]: 5}
        assert {one["topic"] for one in body["data"]} == {"doomed"}


class TestAnotherMeter:
    def test_goes_on_where_the_first_one_stopped(self, metered: Usage) -> None:
        cluster, key = create(metered, "remetered")
        produce(cluster, key, "flights", *VALUES)
        await_records(metered, cluster.id, len(VALUES))
        broker = metered.service.broker(cluster.id)
        broker.suspend()
        shutil.rmtree(metered.service.data_dir / "clusters" / cluster.id / "usage")
        broker.kill()
        broker.wait(ANSWER_SECONDS_MAX)
        produce(cluster, key, "flights", *VALUES[:5])
        await_records(metered, cluster.id, len(VALUES) + 5)
        assert len(books(metered, cluster.id).bytes) == 1


class TestDeletion:
    def test_takes_the_last_usage_along(self, metered: Usage) -> None:
        cluster, key = create(metered, "deleted")
        produce(cluster, key, "flights", *VALUES)
        metered.delete(cluster.id)
        seen = books(metered, cluster.id)
        assert seen.records == {len(VALUES)}
        assert len(seen.bytes) == 1

    def test_of_a_killed_broker_does_too(self, metered: Usage) -> None:
        cluster, key = create(metered, "killed")
        produce(cluster, key, "flights", *VALUES)
        metered.service.broker(cluster.id).kill()
        metered.delete(cluster.id)
        assert books(metered, cluster.id).records == {len(VALUES)}
