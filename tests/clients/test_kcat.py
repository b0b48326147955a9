"""kcat against a cluster, with the credentials that were printed for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from tests.clients.catalog import proves
from tests.clients.programs import pause, reading, run
from tests.clients.samples import (
    Received,
    Record,
    assert_same,
    assert_same_set,
    each_access,
    each_codec,
    in_partition_order,
    poll_until,
)
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster, Mechanism, SecurityProtocol

pytestmark = pytest.mark.xdist_group("clients-kcat")

HEADERS = (("source", b"kcat"), ("unit", "°C".encode()))
"""kcat gives every record of a run the same headers."""


@proves("kcat", "produce", "consume")
@each_access
def test_what_is_produced_is_consumed_by_a_group(
    kafka_cluster: KafkaCluster, protocol: SecurityProtocol, mechanism: Mechanism
) -> None:
    access = kafka_cluster.access(protocol, mechanism)
    topic = kafka_cluster.topic("kcat", 2)
    sent = keyed(60, partitions=2)

    produce(access, topic, sent)

    assert_same(consume(access, topic, "readers", len(sent)), sent)


@proves("kcat", "resume")
def test_a_second_consumer_of_the_group_resumes_where_the_first_committed(
    kafka_cluster: KafkaCluster,
) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("kcat", 2)
    sent = keyed(60, partitions=2)
    produce(access, topic, sent)

    first = consume(access, topic, "resuming", 23)
    second = consume(access, topic, "resuming", 37)

    assert len(first) == 23
    assert_same([*first, *second], sent)


@proves("kcat", "rebalance")
def test_two_members_of_a_group_share_the_partitions(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("kcat", 2)
    sent: list[Record] = []
    command = group_reader(access, topic, "sharing")
    with reading(command) as one, reading(command) as two:

        def send_a_round() -> None:
            records = keyed(4, partitions=2, first=len(sent))
            produce(access, topic, records)
            sent.extend(records)

        poll_until(lambda: bool(one.lines and two.lines), send_a_round, "records for both")
        poll_until(lambda: len(one.lines) + len(two.lines) >= len(sent), pause, "all records")

    last_owners = [{received(line).record.partition for line in r.lines[-1:]} for r in (one, two)]
    assert last_owners[0].isdisjoint(last_owners[1])
    assert_same_set([received(line) for line in [*one.lines, *two.lines]], sent)


@proves("kcat", "codecs")
@each_codec
def test_what_is_compressed_is_read_unchanged(kafka_cluster: KafkaCluster, codec: str) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic(f"kcat-{codec}", 1)
    sent = keyed(200, partitions=1)

    produce(access, topic, sent, "-z", codec)

    assert_same(consume(access, topic, "codec", len(sent)), sent)


def test_an_idempotent_producer_writes_each_record_once(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("kcat", 1)
    sent = keyed(500, partitions=1)

    produce(access, topic, sent, "-X", "enable.idempotence=true", "-X", "batch.num.messages=10")

    assert_same(consume(access, topic, "idempotent", len(sent)), sent)


def test_offsets_are_found_by_time_and_at_both_ends(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("kcat", 1)
    produce(access, topic, keyed(10, partitions=1))
    times = [read["ts"] for read in map(json.loads, run(plain_reader(access, topic)))]

    answers = {
        time: run([*kcat(access), "-Q", "-t", f"{topic}:0:{time}"])
        for time in (-2, -1, times[0], times[-1] + 60_000)
    }

    assert answers == {
        -2: [f"{topic} [0] offset 0"],
        -1: [f"{topic} [0] offset 10"],
        times[0]: [f"{topic} [0] offset 0"],
        times[-1] + 60_000: [f"{topic} [0] offset -1"],
    }


def test_metadata_names_the_address_that_the_listener_advertises(
    kafka_cluster: KafkaCluster,
) -> None:
    topic = kafka_cluster.topic("kcat", 3)
    for protocol in kafka_cluster.endpoints:
        access = kafka_cluster.access(protocol)
        (answer,) = run([*kcat(access), "-L", "-J", "-t", topic])
        metadata: dict[str, Any] = json.loads(answer)

        assert [broker["name"] for broker in metadata["brokers"]] == [access.bootstrap]
        (described,) = metadata["topics"]
        assert [one["partition"] for one in described["partitions"]] == [0, 1, 2]


def keyed(count: int, *, partitions: int, first: int = 0) -> list[Record]:
    """Records that fit in kcat's lines."""
    return [
        Record(
            partition=number % partitions,
            key=f"key {number}".encode(),
            value=f'{{"number": {number}, "unit": "°C"}}'.encode(),
            headers=HEADERS,
        )
        for number in range(first, first + count)
    ]


def kcat(access: KafkaAccess) -> list[str]:
    """The start of a command line."""
    program = shutil.which("kcat")
    assert program is not None, "kcat is not on PATH; `make setup-tests` installs it"
    options = [f"-X{name}={value}" for name, value in access.librdkafka().items()]
    return [program, "-q", *options]


def produce(access: KafkaAccess, topic: str, records: Sequence[Record], *options: str) -> None:
    """Send all, a run for each partition; kcat fails when a record is not acknowledged."""
    headers = [part for name, value in HEADERS for part in ("-H", f"{name}={value.decode()}")]
    for partition, ordered in in_partition_order(records).items():
        command = [*kcat(access), "-P", "-t", topic, "-p", str(partition), "-K", "|"]
        lines = [f"{(r.key or b'').decode()}|{(r.value or b'').decode()}" for r in ordered]
        run([*command, *headers, *options], lines)


def group_reader(access: KafkaAccess, topic: str, group: str, *options: str) -> list[str]:
    """A command that reads as a member of a group and prints JSON."""
    from_start = ["-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=300"]
    return [*kcat(access), *from_start, "-J", "-u", *options, "-G", group, topic]


def plain_reader(access: KafkaAccess, topic: str) -> list[str]:
    """A command that reads partition 0 to its end without a group."""
    return [*kcat(access), "-C", "-J", "-e", "-t", topic, "-p", "0", "-o", "beginning"]


def consume(access: KafkaAccess, topic: str, group: str, count: int) -> list[Received]:
    """Read `count` records as a member of a group, which commits them when it leaves."""
    lines = run(group_reader(access, topic, group, "-c", str(count)))
    return [received(line) for line in lines]


def received(line: str) -> Received:
    """One line of kcat's JSON."""
    message: dict[str, Any] = json.loads(line)
    flat: list[str] = message["headers"]
    pairs = zip(flat[::2], flat[1::2], strict=True)
    record = Record(
        partition=message["partition"],
        key=message["key"].encode(),
        value=message["payload"].encode(),
        headers=tuple((name, value.encode()) for name, value in pairs),
    )
    return Received(record=record, offset=message["offset"])
