"""What every client program is asked to do, and how what came of it is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest

from tests.clients import reference
from tests.clients.catalog import Row
from tests.clients.program import Program, ProgramError
from tests.clients.reference import Fields, text_records, without_offset
from tests.clients.samples import CODECS
from tests.fixtures.kafka_access import KafkaCluster

PARTITIONS = 4
COUNT = 100
BATCH_BYTES_MAX = 10_000
LARGE_VALUE = "a" * 50_000
"""Fits into a batch only when it is compressed."""

ADMINISTERED: Mapping[str, Any] = {
    "partitions": 2,
    "retention": "60000",
    "altered": "120000",
    "grown": 3,
    "group_state": "Empty",
    "gone": True,
}


def produce(program: Program, cluster: KafkaCluster) -> None:
    topic = cluster.topic("matrix", PARTITIONS)
    sent = text_records(COUNT, PARTITIONS, "produced")

    answer = program.ask("produce", topic=topic, codec="none", records=sent)

    found = reference.read(
        cluster.access(), topic, PARTITIONS, count=COUNT, isolation="read_uncommitted"
    )
    assert without_offset(found) == without_offset(sent)
    at = {(one["partition"], one["offset"]): one["value"] for one in found}
    told = zip(sent, answer["offsets"], strict=True)
    assert all(at[one["partition"], offset] == one["value"] for one, offset in told)


def consume(program: Program, cluster: KafkaCluster) -> None:
    topic, sent = _filled(cluster, COUNT)

    read = program.ask("consume", topic=topic, group=f"{topic}-readers", count=COUNT)["records"]

    assert_dense(read)
    assert without_offset(read) == without_offset(sent)


def resume(program: Program, cluster: KafkaCluster) -> None:
    topic, sent = _filled(cluster, COUNT)
    group = f"{topic}-resuming"

    first = program.ask("consume", topic=topic, group=group, count=37)["records"]
    second = program.ask("consume", topic=topic, group=group, count=COUNT - 37)["records"]

    assert len(first) == 37
    assert_dense([*first, *second])
    assert without_offset([*first, *second]) == without_offset(sent)


def rebalance(program: Program, cluster: KafkaCluster) -> None:
    topic = cluster.topic("matrix", PARTITIONS)

    seen = program.ask("rebalance", topic=topic, group=f"{topic}-sharing", count=PARTITIONS)

    everything = list(range(PARTITIONS))
    assert (seen["alone"], seen["left"]) == (everything, everything)
    first, second = seen["shared"]
    assert (len(first), len(second)) == (2, 2)
    assert sorted([*first, *second]) == everything


def codecs(program: Program, cluster: KafkaCluster) -> None:
    """Batches above the topic's limit arrive: they were compressed by the codec that was named."""
    access = cluster.access()
    large: list[Fields] = [{"partition": 0, "key": "k", "value": LARGE_VALUE, "headers": []}]
    topic = f"{cluster.topic('matrix', 1)}-codecs"
    reference.create_topic(access, topic, {"max.message.bytes": str(BATCH_BYTES_MAX)})
    with pytest.raises(ProgramError):
        program.ask("produce", topic=topic, codec="none", records=large)

    for codec in CODECS:
        program.ask("produce", topic=topic, codec=codec, records=large)

    read = program.ask("consume", topic=topic, group=topic, count=len(CODECS))["records"]
    assert without_offset(read) == large * len(CODECS)


def transactions(program: Program, cluster: KafkaCluster) -> None:
    """Aborted first, then committed: neither records nor offsets of the first are there."""
    access = cluster.access()
    topic = cluster.topic("matrix", PARTITIONS)
    sent = [one for one in text_records(20, PARTITIONS, "piped") if one["value"] is not None]
    reference.send(access, topic, sent)
    to = cluster.topic("matrix-to", 1)
    ask = {"topic": topic, "group": f"{topic}-pipeline", "to": to, "count": len(sent)}

    for commit in (False, True):
        done = program.ask("pipeline", **ask, transactional_id=f"{topic}-id", commit=commit)
        assert done["read"] == len(sent)
    last: Fields = {"partition": 0, "key": None, "value": "last", "headers": []}
    reference.send(access, to, [last])

    wanted = sorted(f"{one['value']}!" for one in sent)
    group = f"{to}-readers"
    committed = program.ask(
        "consume", topic=to, group=group, count=len(sent) + 1, isolation="read_committed"
    )["records"]
    assert sorted(one["value"] for one in committed[:-1]) == wanted
    assert committed[-1]["value"] == "last"
    everything = reference.read(
        access, to, 1, count=2 * len(sent) + 1, isolation="read_uncommitted"
    )
    assert sorted(one["value"] for one in everything[:-1]) == sorted([*wanted, *wanted])


def administration(program: Program, cluster: KafkaCluster, *, lacks: Collection[str]) -> None:
    topic, sent = _filled(cluster, 4)
    group = f"{topic}-administered"
    program.ask("consume", topic=topic, group=group, count=len(sent))

    seen = program.ask("administer", topic=f"{topic}-made", group=group)

    assert seen == {name: value for name, value in ADMINISTERED.items() if name not in lacks}


ROWS: Mapping[Row, Callable[[Program, KafkaCluster], None]] = {
    "produce": produce,
    "consume": consume,
    "resume": resume,
    "rebalance": rebalance,
    "codecs": codecs,
    "transactions": transactions,
}


def assert_dense(records: list[Fields]) -> None:
    """Each partition was read in order from its start, without a gap."""
    offsets: dict[int, list[int]] = defaultdict(list)
    for record in records:
        offsets[record["partition"]].append(record["offset"])
    assert all(found == list(range(len(found))) for found in offsets.values()), offsets


def _filled(cluster: KafkaCluster, count: int) -> tuple[str, list[Fields]]:
    topic = cluster.topic("matrix", PARTITIONS)
    sent = text_records(count, PARTITIONS, "filled")
    reference.send(cluster.access(), topic, sent)
    return topic, sent
