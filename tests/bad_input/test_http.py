"""Bad requests over HTTP: each has its own status and code, and none of them is written."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.bad_input.wire import TIMEOUT_SECONDS
from tests.fixtures.kafka_access import KafkaCluster
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("bad-input")

GOOD = {"value": {"type": "STRING", "data": "good"}}
MIB = 1024 * 1024

BAD_RECORDS: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "json_malformed"),
    "cut short": (b'{"value": {"type": "STRING", "da', 400, "json_malformed"),
    "no json": (b"value=1", 400, "json_malformed"),
    "a stray bracket": (b"}", 400, "json_malformed"),
    "not UTF-8": (b'{"value": {"type": "STRING", "data": "\xff\xfe"}}', 400, "json_malformed"),
    "nested": (b'{"value":{"type":"JSON","data":' + b"[" * 100_000, 400, "json_malformed"),
    "an array": (b"[1, 2]", 422, "record_invalid"),
    "unknown field": (b'{"valeu": {}}', 422, "record_invalid"),
    "unknown type": (b'{"value": {"type": "XML", "data": "x"}}', 422, "record_invalid"),
    "wrong type": (b'{"value": {"type": "STRING", "data": 1}}', 422, "record_invalid"),
    "no base64": (b'{"value": {"type": "BINARY", "data": "%"}}', 422, "record_invalid"),
    "negative partition": (b'{"partition_id": -1}', 422, "record_invalid"),
    "huge partition": (b'{"partition_id": 1e400}', 422, "record_invalid"),
    "no such partition": (b'{"partition_id": 7}', 404, "partition_not_found"),
    "a schema": (b'{"value": {"type": "AVRO", "data": 1}}', 422, "record_schema_unsupported"),
    "too large": (
        json.dumps({"value": {"type": "STRING", "data": "a" * (2 * MIB)}}).encode(),
        413,
        "record_too_large",
    ),
    "too large a document": (b'{"value": "' + b"a" * (6 * MIB), 413, "record_too_large"),
}


@pytest.mark.parametrize("name", BAD_RECORDS)
def test_a_bad_record_is_refused_by_name_and_not_written(
    running_service: RunningService, kafka_cluster: KafkaCluster, name: str
) -> None:
    body, status, code = BAD_RECORDS[name]
    topic = kafka_cluster.topic("bad-record", 1)
    with running_service.http() as http:
        answer = post_json(http, records_path(kafka_cluster, topic), body)

        assert_problem(answer, status, code)
        assert str(answer.json()["error_code"]).startswith(str(status))
        assert end_offset(http, kafka_cluster, topic) == 0


def test_records_that_are_not_declared_to_be_json_are_refused(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("bad-media", 1)
    with running_service.http() as http:
        headers = {"Content-Type": "text/plain"}
        body = json.dumps(GOOD)
        answer = http.post(records_path(kafka_cluster, topic), content=body, headers=headers)

        assert_problem(answer, 415, "content_type_unsupported")
        assert end_offset(http, kafka_cluster, topic) == 0


def test_an_idempotency_key_on_records_is_refused_by_name(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("idempotency-key", 1)
    with running_service.http() as http:
        path, headers = records_path(kafka_cluster, topic), {"Idempotency-Key": '"a"'}
        answer = http.post(path, json=GOOD, headers=headers)

        assert answer.status_code // 100 == 4
        assert "Idempotency-Key" in answer.json()["detail"]
        assert end_offset(http, kafka_cluster, topic) == 0


def test_in_a_stream_the_good_records_before_a_bad_one_are_written_and_reported(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("bad-stream", 1)
    good = json.dumps(GOOD).encode()
    with running_service.http() as http:
        body = good + b'{"value": {"type": "XML", "data": "x"}}' + good + b'{"cut": '
        answer = post_json(http, records_path(kafka_cluster, topic), body)

        assert answer.status_code == 200
        told = [(one["error_code"], one.get("code")) for one in reports(answer)]
        assert told == [
            (200, None),
            (422, "record_invalid"),
            (200, None),
            (400, "json_malformed"),
        ]
        assert end_offset(http, kafka_cluster, topic) == 2


@pytest.mark.parametrize(
    ("topic", "statuses"),
    [
        ("no-such-topic", {404}),
        ("bad%20name", {404, 422}),
        ("a" * 250, {404, 422}),
        ("%2e", {404, 422}),
        ("%2e%2e", {404, 422}),
        ("%00", {400}),
    ],
)
def test_an_unknown_topic_is_refused_and_not_made(
    running_service: RunningService,
    kafka_cluster: KafkaCluster,
    topic: str,
    statuses: set[int],
) -> None:
    with running_service.http() as http:
        before = http.get(topics_path(kafka_cluster)).json()
        written = http.post(records_path(kafka_cluster, topic), json=GOOD)
        read = http.get(f"{topic_path(kafka_cluster, topic)}/partitions/0/records")

        for answer in (written, read):
            assert answer.status_code in statuses, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
        assert http.get(topics_path(kafka_cluster)).json() == before


def test_a_partition_that_is_not_there_is_not_found(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("partitions", 2)
    with running_service.http() as http:
        answer = http.get(f"{topic_path(kafka_cluster, topic)}/partitions/2/records")

        assert_problem(answer, 404, "partition_not_found")


@pytest.mark.parametrize(
    "query",
    ["offset=x", "offset=-7", "max_bytes=0", "max_bytes=1e9", "wait_ms=-1", "wait_ms=99999999"],
)
def test_a_bad_query_names_its_field(
    running_service: RunningService, kafka_cluster: KafkaCluster, query: str
) -> None:
    topic = kafka_cluster.topic("query", 1)
    with running_service.http() as http:
        answer = http.get(f"{topic_path(kafka_cluster, topic)}/partitions/0/records?{query}")

        problem: dict[str, Any] = answer.json()
        assert answer.status_code == 422
        assert query.partition("=")[0] in problem["detail"]


MANAGEMENT_BODIES: dict[str, tuple[bytes, int, str]] = {
    "malformed": (b'{"name": "x"', 400, "body_malformed"),
    "not UTF-8": (b'{"name": "\xff"}', 400, "body_malformed"),
    "no object": (b'"x"', 422, "request_invalid"),
    "unknown field": (b'{"name": "x", "colour": 1}', 422, "request_invalid"),
    "too large": (b'{"name": "' + b"x" * (2 * MIB) + b'"}', 413, "body_too_large"),
}


@pytest.mark.parametrize("name", MANAGEMENT_BODIES)
def test_a_bad_body_on_a_management_route_is_refused_by_name(
    running_service: RunningService, kafka_cluster: KafkaCluster, name: str
) -> None:
    body, status, code = MANAGEMENT_BODIES[name]
    with running_service.http() as http:
        for path in ("/v1/clusters", "/v1/api-keys", topics_path(kafka_cluster)):
            assert_problem(post_json(http, path, body), status, code)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 200,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Header: a\r\n" * 20_000 + b"\r\n",
        b"POST /v1/clusters HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/clusters HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/clusters HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    ],
    ids=["zeros", "TLS", "long path", "many headers", "length", "chunk", "cut short"],
)
def test_what_is_no_http_request_is_hung_up_on(
    running_service: RunningService, data: bytes
) -> None:
    address = urlsplit(running_service.ready.api_url)
    assert address.hostname is not None
    assert address.port is not None
    where = (address.hostname, address.port)
    with socket.create_connection(where, timeout=TIMEOUT_SECONDS) as stream:
        answer = exchange(stream, data)

    assert answer == b"" or answer.split(b" ", 2)[1].startswith(b"4")


def exchange(stream: socket.socket, data: bytes) -> bytes:
    """Send, end sending, and return what comes back until the server hangs up."""
    answer = b""
    try:
        stream.sendall(data)
        stream.shutdown(socket.SHUT_WR)
        while part := stream.recv(65_536):
            answer += part
    except (BrokenPipeError, ConnectionResetError):
        return answer
    return answer


def post_json(http: httpx2.Client, path: str, body: bytes) -> httpx2.Response:
    """A body that is declared to be JSON, whatever it is."""
    return http.post(path, content=body, headers={"Content-Type": "application/json"})


def assert_problem(answer: httpx2.Response, status: int, code: str) -> None:
    """A problem as RFC 9457 has it."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert problem["status"] == status
    assert problem["type"] == f"urn:headrace:problem:{code}"
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-Id"]


def reports(answer: httpx2.Response) -> list[dict[str, Any]]:
    """The reports of a stream of records."""
    decoder, text, found = json.JSONDecoder(), answer.text.strip(), list[dict[str, Any]]()
    while text:
        report, end = decoder.raw_decode(text)
        found.append(report)
        text = text[end:].lstrip()
    return found


def end_offset(http: httpx2.Client, cluster: KafkaCluster, topic: str) -> int:
    """Where the next record of partition 0 will be written."""
    answer = http.get(f"{topic_path(cluster, topic)}/partitions/0/records?offset=0")
    assert answer.status_code == 200, answer.text
    offset = answer.json()["next_offset"]
    assert isinstance(offset, int)
    return offset


def topics_path(cluster: KafkaCluster) -> str:
    return f"/v1/clusters/{cluster.id}/topics"


def topic_path(cluster: KafkaCluster, topic: str) -> str:
    return f"{topics_path(cluster)}/{topic}"


def records_path(cluster: KafkaCluster, topic: str) -> str:
    return f"/kafka/v3/clusters/{cluster.id}/topics/{topic}/records"
