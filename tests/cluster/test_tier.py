"""Clusters that run are copied to a real S3 server, and rebuilt of it when their disk is gone."""

import json
import shutil
import signal
import subprocess
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from data_plane.tiering.s3 import S3Place
from tests.cluster.usage import ANSWER_SECONDS_MAX, Key, Made, Usage, options
from tests.fixtures.waiting import eventually
from tools.object_store import CREDENTIALS, ObjectStore, object_store
from tools.paths import venv_tool

TOPIC = "flights"
PREFIX = "copies/"
VALUES = [bytes([65 + number]) * 400_000 for number in range(8)]
"""Each is a batch of its own, two fill a segment."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Generator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("objects")) as running:
        yield running


@pytest.fixture(scope="module")
def place(store: ObjectStore) -> S3Place:
    return store.place("clusters")


@pytest.fixture
def key(usage: Usage) -> Key:
    return usage.create_key()


@pytest.fixture
def source(usage: Usage, tmp_path: Path) -> Made:
    made = usage.create(tmp_path.name.replace("_", "-"))
    configs = {"segment.bytes": "1048576", "retention.ms": "123456789"}
    usage.create_topic(made.id, TOPIC, partitions=2, configs=configs)
    return made


class Tier:
    """`headrace tier` on the data directory of the service."""

    def __init__(self, usage: Usage, place: S3Place, directory: Path) -> None:
        self._data_dir = usage.service.data_dir
        credentials = directory / "tier.json"
        credentials.write_text(
            json.dumps(
                {
                    "access_key_id": CREDENTIALS.access_key_id,
                    "secret_access_key": CREDENTIALS.secret_access_key,
                }
            ),
            encoding="utf-8",
        )
        credentials.chmod(0o600)
        self._variables = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(directory),
            "HEADRACE_TIER_BUCKET": place.bucket,
            "HEADRACE_TIER_PREFIX": PREFIX,
            "HEADRACE_TIER_ENDPOINT_URL": place.endpoint_url or "",
            "HEADRACE_TIER_CREDENTIALS_FILE": str(credentials),
            "HEADRACE_TIER_INTERVAL_SECONDS": "1",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [str(venv_tool("headrace")), "tier", *arguments]
        command += ["--data-dir", str(self._data_dir), "-o", "json"]
        return subprocess.Popen(
            command,
            env=self._variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, *arguments: str, status: int = 0) -> tuple[dict[str, Any], str]:
        """Run a command; return what it printed and what it complained of."""
        done = self.start(*arguments)
        out, complaints = done.communicate()
        assert done.returncode == status, complaints
        assert CREDENTIALS.secret_access_key not in out + complaints
        return json.loads(out) if out else {}, complaints

    def upload(self, cluster: Made) -> Mapping[str, Any]:
        said, _ = self.ask("upload", "--once", "--cluster", cluster.id)
        [one] = said["clusters"]
        return one


@pytest.fixture
def tier(usage: Usage, place: S3Place, tmp_path: Path) -> Tier:
    return Tier(usage, place, tmp_path)


def write(cluster: Made, key: Key, values: list[bytes]) -> None:
    producer = Producer({**options(cluster, key), "enable.idempotence": True})
    for value in values:
        producer.produce(TOPIC, value, partition=0)
        assert producer.flush(ANSWER_SECONDS_MAX) == 0


def read(cluster: Made, key: Key, count: int) -> list[tuple[int, bytes | None]]:
    """Return offsets and values of the first `count` records."""
    consumer = Consumer({**options(cluster, key), "group.id": "reader"})
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    found: list[tuple[int, bytes | None]] = []
    while len(found) < count:
        message = consumer.poll(ANSWER_SECONDS_MAX)
        assert message is not None, f"only {len(found)} of {count} records came in time"
        assert message.error() is None, message.error()
        found.append((message.offset() or 0, message.value()))
    consumer.close()
    return found


def end_of(cluster: Made, key: Key) -> int:
    consumer = Consumer({**options(cluster, key), "group.id": "end"})
    _, end = consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), ANSWER_SECONDS_MAX)
    consumer.close()
    return end


def topic(usage: Usage, cluster: Made) -> dict[str, Any]:
    return usage.expect(200, usage.http.get(f"/v1/clusters/{cluster.id}/topics/{TOPIC}"))


def directory(usage: Usage, cluster: Made) -> Path:
    return usage.service.data_dir / "clusters" / cluster.id


def lose_disk(usage: Usage, cluster: Made) -> None:
    usage.change(cluster.id, "pause")
    shutil.rmtree(directory(usage, cluster))


def test_a_cluster_whose_disk_is_gone_is_rebuilt(
    usage: Usage, source: Made, key: Key, tier: Tier
) -> None:
    write(source, key, VALUES)
    consumer = Consumer({**options(source, key), "group.id": "readers"})
    consumer.commit(offsets=[TopicPartition(TOPIC, 0, 5)], asynchronous=False)
    consumer.close()
    before = topic(usage, source)
    first = tier.upload(source)
    assert (first["edition"], first["partitions"]) == (1, 2)
    assert first["uploaded"]["segments"] >= 4
    again = tier.upload(source)
    assert again["edition"] == 2
    assert again["uploaded"]["bytes"] < 100_000, "what is there is not sent again"
    assert not list(directory(usage, source).glob("twin_*"))
    write(source, key, [b"never uploaded"])
    _, refusal = tier.ask("restore", source.id, status=1)
    assert "a broker runs" in refusal
    lose_disk(usage, source)
    said, _ = tier.ask("restore", source.id)
    assert (said["edition"], said["topics"]) == (2, 1)
    usage.change(source.id, "resume")
    assert topic(usage, source) == before
    assert read(source, key, len(VALUES)) == list(enumerate(VALUES))
    assert end_of(source, key) == len(VALUES), "what was not uploaded is not there"
    consumer = Consumer({**options(source, key), "group.id": "readers"})
    [committed] = consumer.committed([TopicPartition(TOPIC, 0)], ANSWER_SECONDS_MAX)
    consumer.close()
    assert committed.offset == 5
    write(source, key, [b"on"])
    assert tier.upload(source)["edition"] == 3, "the rebuilt directory goes on with its copy"
    listed, _ = tier.ask("list", source.id)
    assert [one["edition"] for one in listed["editions"]] == [1, 2, 3]


def test_a_directory_that_was_lost_never_covers_its_copy(
    usage: Usage, source: Made, key: Key, tier: Tier
) -> None:
    write(source, key, VALUES[:3])
    tier.upload(source)
    lose_disk(usage, source)
    usage.change(source.id, "resume")
    said, _ = tier.ask("upload", "--once", "--cluster", source.id, status=1)
    assert said["clusters"][0]["code"] == "remote_copy_foreign"
    usage.change(source.id, "pause")
    _, refusal = tier.ask("restore", source.id, status=1)
    assert "there is data" in refusal
    restored, _ = tier.ask("restore", source.id, "--replace")
    assert Path(restored["aside"]).is_dir()
    usage.change(source.id, "resume")
    assert read(source, key, 3) == list(enumerate(VALUES[:3]))


def test_a_damaged_object_is_found_and_mended(
    usage: Usage, source: Made, key: Key, tier: Tier, store: ObjectStore, place: S3Place
) -> None:
    """The negative control of the copy: one byte of one object."""
    write(source, key, VALUES[:4])
    tier.upload(source)
    own = f"{PREFIX}{source.id}/"
    segments = f"{own}files/topics/"
    patched = next(one for one in store.keys(place.bucket, segments) if ".log." in one)
    store.patch(place.bucket, patched)
    found, _ = tier.ask("verify", source.id, "--remove-damaged", status=1)
    assert found["problems"] == [{"key": patched, "kind": "damaged"}]
    missing, _ = tier.ask("verify", source.id, status=1)
    assert missing["problems"] == [{"key": patched, "kind": "missing"}]
    tier.upload(source)
    assert tier.ask("verify", source.id)[0]["problems_count"] == 0
    store.patch(place.bucket, patched)
    lose_disk(usage, source)
    _, refusal = tier.ask("restore", source.id, status=1)
    assert patched in refusal
    assert not (directory(usage, source) / "topics.catalog").exists()
    assert tier.ask("remove", source.id, "--yes")[0]["objects"] > 0
    assert store.keys(place.bucket, own) == []


def test_an_uploader_that_is_killed_costs_nothing_but_time(
    usage: Usage, source: Made, key: Key, tier: Tier, store: ObjectStore, place: S3Place
) -> None:
    own = f"{PREFIX}{source.id}/"
    for number in range(2):
        write(source, key, VALUES[number * 2 : number * 2 + 2])
        seen = len(store.keys(place.bucket, own))

        def has_begun(seen: int = seen) -> bool:
            return len(store.keys(place.bucket, own)) > seen

        with tier.start("upload", "--cluster", source.id) as running:
            try:
                eventually(has_begun)
            finally:
                running.send_signal(signal.SIGKILL)
    tier.upload(source)
    assert tier.ask("verify", source.id)[0]["problems_count"] == 0
    assert not list(directory(usage, source).glob("twin_*"))
    lose_disk(usage, source)
    tier.ask("restore", source.id)
    usage.change(source.id, "resume")
    assert read(source, key, 4) == list(enumerate(VALUES[:4]))
