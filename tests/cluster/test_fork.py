"""Forks of real clusters: what they begin with, and that neither side touches what both have."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.cluster.usage import (
    ANSWER_SECONDS_MAX,
    Key,
    Made,
    Usage,
    code_of,
    consume,
    options,
    produce,
)

TOPIC = "flights"
SEGMENT_BYTES = 1_048_576
VALUES = [bytes([65 + number]) * 400_000 for number in range(12)]
"""Each is a batch of its own, two fill a segment."""


@pytest.fixture
def key(usage: Usage) -> Key:
    """A key of the organization."""
    return usage.create_key()


@pytest.fixture
def source(usage: Usage, key: Key, tmp_path: Path) -> Made:
    """A cluster of its own, with a topic of several segments."""
    made = usage.create(tmp_path.name.replace("_", "-"))
    configs = {"segment.bytes": str(SEGMENT_BYTES)}
    usage.create_topic(made.id, TOPIC, partitions=2, configs=configs)
    producer = Producer({**options(made, key), "enable.idempotence": True})
    for value in VALUES:
        producer.produce(TOPIC, value, partition=0)
        assert producer.flush(ANSWER_SECONDS_MAX) == 0
    return made


def fork(usage: Usage, source: Made, name: str = "copy", **wanted: object) -> Made:
    return made_of(usage.expect(201, ask(usage, source, name=f"{name}-{source.id[-8:]}", **wanted)))


def ask(usage: Usage, source: Made, **wanted: object) -> Any:
    return usage.http.post(f"/v1/clusters/{source.id}:fork", json=wanted)


def made_of(cluster: Mapping[str, Any]) -> Made:
    kafka = cluster["endpoints"]["kafka"]
    addresses = kafka["sasl_ssl"], kafka["sasl_plaintext"]
    return Made(cluster["id"], *addresses, cluster["ca_certificate"])


def directory(usage: Usage, cluster: Made) -> Path:
    return usage.service.data_dir / "clusters" / cluster.id


def segments(usage: Usage, cluster: Made) -> dict[int, Path]:
    """The segment files of a cluster by inode."""
    return {one.stat().st_ino: one for one in directory(usage, cluster).glob("topics/*/*.log")}


def digests(files: Mapping[int, Path]) -> dict[int, str]:
    return {inode: hashlib.sha256(one.read_bytes()).hexdigest() for inode, one in files.items()}


def topics(usage: Usage, cluster: Made) -> list[dict[str, Any]]:
    found = usage.expect(200, usage.http.get(f"/v1/clusters/{cluster.id}/topics"))
    return found["items"]


def topic(usage: Usage, cluster: Made) -> dict[str, Any]:
    return usage.expect(200, usage.http.get(f"/v1/clusters/{cluster.id}/topics/{TOPIC}"))


def without(facts: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: fact for name, fact in facts.items() if name not in names}


def commit(cluster: Made, key: Key, group: str, offset: int) -> None:
    consumer = Consumer({**options(cluster, key), "group.id": group})
    consumer.commit(offsets=[TopicPartition(TOPIC, 0, offset)], asynchronous=False)
    consumer.close()


def committed(cluster: Made, key: Key, group: str) -> int:
    consumer = Consumer({**options(cluster, key), "group.id": group})
    [found] = consumer.committed([TopicPartition(TOPIC, 0)], ANSWER_SECONDS_MAX)
    consumer.close()
    return found.offset


def end_of(cluster: Made, key: Key) -> int:
    consumer = Consumer({**options(cluster, key), "group.id": "end"})
    _, high = consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), ANSWER_SECONDS_MAX)
    consumer.close()
    return high


def test_a_fork_has_everything_and_goes_its_own_way(usage: Usage, source: Made, key: Key) -> None:
    commit(source, key, "readers", 7)
    own = usage.create_key(source.id)
    before = segments(usage, source)
    copy = fork(usage, source)
    here, there = (topic(usage, cluster) for cluster in (source, copy))
    assert here["id"] != there["id"]
    own_facts = ("id", "cluster_id")
    assert without(here, own_facts) == without(there, own_facts)
    assert consume(copy, key, TOPIC, len(VALUES)) == VALUES
    assert committed(copy, key, "readers") == 7
    shared = before.keys() & segments(usage, copy).keys()
    assert len(shared) >= 3, "closed segments are there once"
    content = digests({inode: before[inode] for inode in shared})
    known = (directory(usage, copy) / "credentials.json").read_text()
    assert key.id in known
    assert own.id not in known, "a key of the source alone is not good for the fork"
    produce(source, key, TOPIC, b"here", *VALUES[:4])
    produce(copy, key, TOPIC, b"there")
    for cluster in (source, copy):
        usage.change(cluster.id, "restart")
    assert consume(source, key, TOPIC, len(VALUES) + 5)[len(VALUES)] == b"here"
    assert consume(copy, key, TOPIC, len(VALUES) + 1)[-1] == b"there"
    kept = {inode: one for inode, one in segments(usage, copy).items() if inode in shared}
    assert digests(kept) == content
    usage.delete(source.id)
    assert digests({inode: one for inode, one in segments(usage, copy).items() if inode in shared})
    assert consume(copy, key, TOPIC, len(VALUES) + 1)[:-1] == VALUES


def test_what_was_forked_is_not_billed_as_written(usage: Usage, source: Made, key: Key) -> None:
    copy = fork(usage, source)
    produce(copy, key, TOPIC, b"x" * 1_000)
    usage.change(copy.id, "pause")
    seen = usage.expect(200, usage.http.get(f"/v1/clusters/{copy.id}/usage"))
    assert 1_000 < seen["totals"]["bytes_in"] < 2_000
    assert seen["totals"]["stored_bytes"] > sum(map(len, VALUES))


def test_a_paused_cluster_is_forked_and_stays_paused(usage: Usage, source: Made, key: Key) -> None:
    commit(source, key, "readers", 9)
    usage.change(source.id, "pause")
    copy = fork(usage, source)
    assert consume(copy, key, TOPIC, len(VALUES)) == VALUES
    assert committed(copy, key, "readers") == 9
    path = f"/v1/clusters/{source.id}"
    assert usage.expect(200, usage.http.get(path))["status"] == "paused"
    usage.change(source.id, "resume")
    produce(source, key, TOPIC, b"on")
    assert consume(source, key, TOPIC, len(VALUES) + 1)[:-1] == VALUES


def test_a_fork_ends_at_offsets_or_at_a_moment(usage: Usage, source: Made, key: Key) -> None:
    commit(source, key, "readers", 12)
    cut = [{"topic": TOPIC, "partition": 0, "offset": 7}]
    copy = fork(usage, source, offsets=cut)
    assert (end_of(copy, key), committed(copy, key, "readers")) == (7, 7)
    assert consume(copy, key, TOPIC, 7) == VALUES[:7]
    produce(copy, key, TOPIC, b"on")
    usage.change(copy.id, "restart")
    again = fork(usage, copy, "again")
    assert consume(again, key, TOPIC, 8) == [*VALUES[:7], b"on"]
    moment = datetime.now(UTC)
    later = round(moment.timestamp() * 1000) + 1
    producer = Producer(options(source, key))
    producer.produce(TOPIC, b"later", partition=0, timestamp=later)
    usage.create_topic(source.id, "younger")
    assert producer.flush(ANSWER_SECONDS_MAX) == 0
    then = fork(usage, source, "then", at=moment.isoformat())
    assert end_of(then, key) == len(VALUES)
    assert [one["name"] for one in topics(usage, then)] == [TOPIC]


def test_a_transaction_that_is_open_is_aborted_in_the_fork(
    usage: Usage, source: Made, key: Key
) -> None:
    producer = Producer({**options(source, key), "transactional.id": "booking"})
    producer.init_transactions(ANSWER_SECONDS_MAX)
    producer.begin_transaction()
    producer.produce(TOPIC, b"undecided", partition=0)
    assert producer.flush(ANSWER_SECONDS_MAX) == 0
    copy = fork(usage, source)
    producer.commit_transaction(ANSWER_SECONDS_MAX)
    assert consume(source, key, TOPIC, len(VALUES) + 1)[-1] == b"undecided"
    produce(copy, key, TOPIC, b"decided")
    assert consume(copy, key, TOPIC, len(VALUES) + 1) == [*VALUES, b"decided"]


def test_what_is_not_there_is_refused_and_leaves_nothing(usage: Usage, source: Made) -> None:
    cut = [{"topic": TOPIC, "partition": 0, "offset": 1_000_000}]
    answer = ask(usage, source, name=f"beyond-{source.id[-8:]}", offsets=cut)
    assert code_of(answer) == (409, "cluster_fork_refused")
    failed = answer.json()["cluster_id"]
    usage.delete(failed)
    assert not (usage.service.data_dir / "clusters" / failed).exists()
    assert not list(directory(usage, source).glob("fork*"))


def test_a_dry_run_tells_the_price_and_a_retry_makes_no_second_fork(
    usage: Usage, source: Made
) -> None:
    path, body = f"/v1/clusters/{source.id}:fork", {"name": f"copy-{source.id[-8:]}"}
    preview = usage.expect(200, usage.http.post(path, params={"dry_run": "true"}, json=body))
    assert (preview["steps"], preview["plan"]) == (["fork", "start"], "dev")
    price = preview["price"]
    assert float(price["daily_cap_after"]) == 2 * float(price["daily_cap_before"])
    headers = {"Idempotency-Key": body["name"]}
    answers = [usage.http.post(path, json=body, headers=headers) for _ in range(2)]
    first, second = (usage.expect(201, answer) for answer in answers)
    assert first["id"] == second["id"]
    assert first["source_id"] == source.id
    assert first["forked_at"] is not None
    assert code_of(usage.http.post(path, json=body)) == (409, "cluster_name_taken")
