"""Records over HTTPS in the shape of Kafka REST v3, against a real cluster."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any

import httpx2
import pytest

from tests.api.kafka_rest.chunked import chunked_post
from tests.fixtures.kafka_access import KafkaCluster
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("records")

RECORD = {"key": {"type": "STRING", "data": "k"}, "value": {"type": "JSON", "data": {"a": 1}}}
JSON = {"Content-Type": "application/json"}


def path_of(cluster_id: str, topic: str) -> str:
    return f"/kafka/v3/clusters/{cluster_id}/topics/{topic}/records"


def string(text: str, **members: Any) -> bytes:
    return json.dumps({"value": {"type": "STRING", "data": text}, **members}).encode()


def reports_of(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def values(http: httpx2.Client, cluster_id: str, topic: str) -> list[str]:
    """The values of partition 0, as text."""
    path = f"/v1/clusters/{cluster_id}/topics/{topic}/partitions/0/records"
    found: list[str] = []
    offset = 0
    while True:
        page = http.get(path, params={"offset": offset, "format": "text"}).json()
        found += [record["value"] for record in page["records"]]
        offset = page["next_offset"]
        if offset >= page["end_offset"]:
            return found


def test_a_single_record_is_reported_as_confluent_does(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("single")
    with running_service.http() as http:
        answer = http.post(path_of(kafka_cluster.id, topic), json=RECORD | {"partition_id": 2})

    assert answer.status_code == 200
    report = answer.json()
    written_at = datetime.fromisoformat(report.pop("timestamp"))
    assert written_at.tzinfo is not None
    assert report == {
        "error_code": 200,
        "cluster_id": kafka_cluster.id,
        "topic_name": topic,
        "partition_id": 2,
        "offset": 0,
        "key": {"type": "STRING", "size": 1},
        "value": {"type": "JSON", "size": 7},
    }


def test_basic_credentials_are_the_id_and_the_secret(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("basic")
    with running_service.http() as http:
        del http.headers["Authorization"]
        auth = (kafka_cluster.username, kafka_cluster.password)
        good = http.post(path_of(kafka_cluster.id, topic), json=RECORD, auth=auth)
        bad = http.post(path_of(kafka_cluster.id, topic), json=RECORD, auth=(auth[0], "wrong"))
        none = http.post(path_of(kafka_cluster.id, topic), json=RECORD)

    assert good.status_code == 200
    assert (bad.status_code, bad.json()["error_code"]) == (401, 40101)
    assert (none.status_code, none.json()["message"]) == (401, none.json()["detail"])


def test_a_stream_has_a_report_of_each_record_in_order(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("stream", 1)
    body = b" ".join(
        [
            string("first"),
            b'{"value": {"type": "BINARY", "data": "!"}}',
            string("nowhere", partition_id=9),
            b'{"value": {"type": "AVRO", "data": 1}}',
            string("last"),
        ]
    )
    with running_service.http() as http:
        answer = http.post(path_of(kafka_cluster.id, topic), content=body, headers=JSON)
        reports = reports_of(answer)

        assert [report["error_code"] for report in reports] == [200, 422, 40402, 422, 200]
        assert [report.get("code") for report in reports[1:4]] == [
            "record_invalid",
            "partition_not_found",
            "record_schema_unsupported",
        ]
        assert values(http, kafka_cluster.id, topic) == ["first", "last"]


def test_nothing_after_malformed_json_is_written(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("malformed", 1)
    body = string("before") + b'{"value": {"type": "JSON", "data": {,}}}' + string("after")
    with running_service.http() as http:
        answer = http.post(path_of(kafka_cluster.id, topic), content=body, headers=JSON)

        assert [report["error_code"] for report in reports_of(answer)] == [200, 400]
        assert values(http, kafka_cluster.id, topic) == ["before"]


def test_a_large_stream_is_written_whole_and_in_order(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("large", 1)
    count = 20_000
    body = b"\n".join(string(str(number)) for number in range(count))
    with running_service.http() as http:
        answer = http.post(path_of(kafka_cluster.id, topic), content=body, headers=JSON)

        assert [report["offset"] for report in reports_of(answer)] == list(range(count))
        assert values(http, kafka_cluster.id, topic) == [str(number) for number in range(count)]


def test_reports_come_while_the_request_is_still_being_sent(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("duplex", 1)
    ready = running_service.ready
    with chunked_post(ready.api_url, path_of(kafka_cluster.id, topic), ready.api_key) as post:
        post.write(string("0"))
        assert post.read_head() == 200
        assert [report["offset"] for report in post.read_reports()] == [0]
        for offset in range(1, 5):
            post.write(string(str(offset))[:10])
            post.write(string(str(offset))[10:])
            assert [report["offset"] for report in post.read_reports()] == [offset]
        post.end()
        assert post.read_chunk() == b""


def test_a_single_record_has_its_true_status_in_chunks_too(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("chunked", 1)
    ready = running_service.ready
    with chunked_post(ready.api_url, path_of(kafka_cluster.id, topic), ready.api_key) as post:
        post.write(string("x", partition_id=5))
        post.end()
        assert post.read_head() == 404


def test_a_client_that_goes_away_has_lost_nothing_that_it_was_told_of(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("gone", 1)
    ready = running_service.ready
    with chunked_post(ready.api_url, path_of(kafka_cluster.id, topic), ready.api_key) as post:
        post.write(string("kept"))
        assert post.read_head() == 200
        post.read_reports()
        post.write(b'{"value": {"type": "STR')
    with running_service.http() as http:
        assert values(http, kafka_cluster.id, topic) == ["kept"]


def test_many_clients_write_at_once(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("many", 1)
    failures: list[str] = []

    def write(writer: int) -> None:
        with running_service.http() as http:
            for number in range(20):
                answer = http.post(
                    path_of(kafka_cluster.id, topic),
                    content=string(f"{writer}:{number}"),
                    headers=JSON,
                )
                if answer.status_code != 200:
                    failures.append(answer.text)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with running_service.http() as http:
        found = values(http, kafka_cluster.id, topic)
    for writer in range(8):
        own = [value for value in found if value.startswith(f"{writer}:")]
        assert own == [f"{writer}:{number}" for number in range(20)]


def test_a_topic_that_is_deleted_is_not_found_until_it_is_made_again(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("again", 1)
    path = path_of(kafka_cluster.id, topic)
    with running_service.http() as http:
        assert http.post(path, json=RECORD).json()["offset"] == 0
        http.delete(f"/v1/clusters/{kafka_cluster.id}/topics/{topic}").raise_for_status()
        gone = http.post(path, json=RECORD)
        assert (gone.status_code, gone.json()["code"]) == (404, "topic_not_found")
        assert gone.json()["error_code"] == 40403
        kafka_cluster.create_topic(topic, 1)
        assert http.post(path, json=RECORD).json()["offset"] == 0


def test_an_unknown_topic_is_refused_before_the_body_is_read(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    ready = running_service.ready
    with chunked_post(ready.api_url, path_of(kafka_cluster.id, "none"), ready.api_key) as post:
        assert post.read_head() == 404


def test_a_revoked_key_writes_nothing_more(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("revoked", 1)
    key = running_service.command("api-key", "create", "--cluster", kafka_cluster.id)
    with running_service.http(key["secret"]) as http:
        assert http.post(path_of(kafka_cluster.id, topic), json=RECORD).status_code == 200
        running_service.command("api-key", "revoke", key["id"])
        answer = http.post(path_of(kafka_cluster.id, topic), json=RECORD)

    assert (answer.status_code, answer.json()["code"]) == (401, "credentials_invalid")


def test_another_organizations_cluster_is_answered_like_none(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    stranger = running_service.operator_command("organization", "create", "Strangers of records")
    answers: list[dict[str, Any]] = []
    with running_service.http(stranger["api_key"]) as http:
        for cluster_id in (kafka_cluster.id, "lkc_0000000000000000"):
            answer = http.post(path_of(cluster_id, "topic"), json=RECORD)
            assert answer.status_code == 404
            body = answer.json()
            answers.append({k: v for k, v in body.items() if k not in {"instance", "request_id"}})

    assert answers[0] == answers[1]
    assert answers[0]["code"] == "cluster_not_found"


def test_a_key_of_another_cluster_finds_no_cluster_here(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    other = running_service.command("cluster", "create", "other-of-records", "--wait")
    key = running_service.command("api-key", "create", "--cluster", other["id"])
    with running_service.http(key["secret"]) as http:
        answer = http.post(path_of(kafka_cluster.id, "topic"), json=RECORD)

    assert (answer.status_code, answer.json()["code"]) == (404, "cluster_not_found")
    running_service.command("cluster", "delete", other["id"])
