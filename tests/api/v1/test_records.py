"""Reading partitions over HTTPS, against a real cluster."""

from __future__ import annotations

import threading
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.fixtures.kafka_access import KafkaCluster
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("records")


def path_of(cluster_id: str, topic: str, partition: int = 0) -> str:
    return f"/v1/clusters/{cluster_id}/topics/{topic}/partitions/{partition}/records"


def binary(content: bytes) -> dict[str, str]:
    return {"type": "BINARY", "data": b64encode(content).decode()}


def write(http: httpx2.Client, cluster: KafkaCluster, topic: str, **record: Any) -> None:
    answer = http.post(f"/kafka/v3/clusters/{cluster.id}/topics/{topic}/records", json=record)
    assert answer.status_code == 200, answer.text


def test_keys_values_headers_and_times_come_back_as_they_went_in(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("read", 1)
    with running_service.http() as http:
        write(
            http,
            kafka_cluster,
            topic,
            key=binary(b"\x00\xff"),
            value=binary(b"v"),
            headers=[{"name": "h", "value": "AQ=="}, {"name": "h", "value": None}],
            timestamp=1700000000123,
        )
        write(http, kafka_cluster, topic)
        page = http.get(path_of(kafka_cluster.id, topic)).json()

    first, second = page["records"]
    assert (b64decode(first["key"]), b64decode(first["value"])) == (b"\x00\xff", b"v")
    assert [(h["name"], h["value"]) for h in first["headers"]] == [("h", "AQ=="), ("h", None)]
    assert (first["timestamp"], first["timestamp_type"]) == (1700000000123, "create")
    assert (second["key"], second["key_encoding"], second["value"]) == (None, None, None)
    assert (page["next_offset"], page["earliest_offset"], page["end_offset"]) == (2, 0, 2)


def test_a_value_is_written_in_the_format_asked_for_where_it_can_be(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("format", 1)
    contents = [b'{"a": 1.10}', b"plain", b"\xff"]
    expected = {
        "base64": [(b64encode(content).decode(), "base64") for content in contents],
        "text": [('{"a": 1.10}', "text"), ("plain", "text"), ("/w==", "base64")],
        "json": [({"a": 1.1}, "json"), ("plain", "text"), ("/w==", "base64")],
    }
    with running_service.http() as http:
        for content in contents:
            write(http, kafka_cluster, topic, value=binary(content))
        for name, values in expected.items():
            page = http.get(path_of(kafka_cluster.id, topic), params={"format": name}).json()
            assert [(r["value"], r["value_encoding"]) for r in page["records"]] == values


def test_reading_begins_at_a_time(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("since", 1)
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    begins = {
        "2026-11-22": [0, 1, 2],
        "2026-11-22T12:00:00Z": [0, 1, 2],
        "2026-11-22T13:00:00.0001+01:00": [1, 2],
        "2026-11-22T13:00:00Z": [1, 2],
        "2026-11-22T14:00:00.001Z": [],
        "0001-01-01T00:00:00+14:00": [0, 1, 2],
    }
    with running_service.http() as http:
        for hour in range(3):
            at = noon + timedelta(hours=hour)
            write(http, kafka_cluster, topic, timestamp=int(at.timestamp() * 1000))
        for since, offsets in begins.items():
            page = http.get(path_of(kafka_cluster.id, topic), params={"since": since}).json()
            assert [record["offset"] for record in page["records"]] == offsets, since
            assert (page["next_offset"], page["end_offset"]) == (3, 3)


def test_a_place_to_begin_that_can_not_be_is_refused(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("nowhere", 1)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    cases: list[tuple[dict[str, str], str]] = [
        ({"since": "2026-11-22", "offset": "0"}, "read_start_ambiguous"),
        ({"since": "2026-11-22", "offset": "earliest"}, "read_start_ambiguous"),
        ({"since": tomorrow}, "read_since_future"),
        ({"since": "2026-11-22T12:00:00"}, "request_invalid"),
        ({"since": "1763812800000"}, "request_invalid"),
        ({"since": "yesterday"}, "request_invalid"),
        ({"since": ""}, "request_invalid"),
    ]
    with running_service.http() as http:
        for params, code in cases:
            answer = http.get(path_of(kafka_cluster.id, topic), params=params)
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (422, code), params
            assert [error["field"] for error in problem["errors"]] == ["query.since"]


def test_a_wait_ends_when_a_record_comes(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("wait", 1)
    with running_service.http() as http, running_service.http() as writer:
        later = threading.Timer(
            0.3, write, args=(writer, kafka_cluster, topic), kwargs={"value": binary(b"late")}
        )
        later.start()
        params = {"offset": "latest", "wait_ms": 20_000, "format": "text"}
        page = http.get(path_of(kafka_cluster.id, topic), params=params).json()
        later.join()

    assert [record["value"] for record in page["records"]] == ["late"]


def test_a_client_that_stops_waiting_frees_its_reader(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("leaving", 1)
    impatient = httpx2.Timeout(30, read=0.15)
    with running_service.http() as http:
        for _ in range(40):  # more than one key may have at once
            with pytest.raises(httpx2.ReadTimeout):
                http.get(
                    path_of(kafka_cluster.id, topic), params={"wait_ms": 30_000}, timeout=impatient
                )
        answers = {
            http.get(path_of(kafka_cluster.id, topic), params={"wait_ms": 300}).status_code
            for _ in range(5)
        }
    assert 200 in answers


@pytest.mark.parametrize(
    ("partition", "params", "status", "code"),
    [
        (0, {"offset": 1}, 422, "offset_out_of_range"),
        (0, {"offset": "-1"}, 422, "request_invalid"),
        (0, {"offset": "first"}, 422, "request_invalid"),
        (0, {"max_bytes": 0}, 422, "request_invalid"),
        (0, {"wait_ms": 10**9}, 422, "request_invalid"),
        (0, {"format": "xml"}, 422, "request_invalid"),
        (0, {"ofset": 1}, 422, "request_invalid"),
        (3, {}, 404, "partition_not_found"),
        (2**31, {}, 422, "request_invalid"),
    ],
)
def test_a_bad_request_is_refused_by_name(
    running_service: RunningService,
    kafka_cluster: KafkaCluster,
    partition: int,
    params: dict[str, str | int],
    status: int,
    code: str,
) -> None:
    topic = kafka_cluster.topic("refused", 1)
    with running_service.http() as http:
        answer = http.get(path_of(kafka_cluster.id, topic, partition), params=params)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_unknown_topic_is_not_found(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    with running_service.http() as http:
        for topic in ("none", "no%20topic"):
            answer = http.get(path_of(kafka_cluster.id, topic))
            assert (answer.status_code, answer.json()["code"]) == (404, "topic_not_found")
