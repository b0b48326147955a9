"""Records: produced, read, found by time, and every way to get it wrong."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from kafka.record import MemoryRecordsBuilder

from tests.fixtures.kafka_requests import NO_ID
from tests.fixtures.waiting import eventually
from tests.parity.scripts import apis
from tests.parity.sides import Side

NAME = "of-records"
ABSENT = "of-nothing"
UNKNOWN = UUID(int=7)
BASE_TIME_MS = 1_700_000_000_000
ACKS_ALL = -1
IDS_IN_PRODUCE = 13
IDS_IN_FETCH = 13
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
ZSTD_IN_PRODUCE = 7

PRODUCER = 4_242
"""An id that neither broker has given out; both take it."""

FILLED = (
    "offsets are told in rows with errors too, so that clients know where the log is (behaviour 31)"
)
NO_START = "the log start is told with what was appended; a refused batch has no place in the log"

EXPLAINED = {
    "fetch beyond the end": FILLED,
    "fetch before the beginning": FILLED,
    "fetch by a future epoch": FILLED,
    "fetch after a future epoch": FILLED,
    "session: beyond the end": FILLED,
    "session: still beyond the end": FILLED,
    "produce without a key": NO_START,
    "batches in order: the fourth": NO_START,
    "batches in order: a new epoch from the middle": NO_START,
    "batches in order: an old epoch": NO_START,
}


def converse(side: Side) -> None:
    """Produce first: what is read later is what was produced."""
    topics: list[dict[str, Any]] = [
        {"name": NAME, "num_partitions": 4, "replication_factor": 1},
        {
            "name": f"{NAME}-compacted",
            "num_partitions": 1,
            "replication_factor": 1,
            "configs": [{"name": "cleanup.policy", "value": "compact"}],
        },
        {
            "name": f"{NAME}-small",
            "num_partitions": 1,
            "replication_factor": 1,
            "configs": [{"name": "max.message.bytes", "value": "200"}],
        },
    ]
    side.prepare(apis.CREATE, 7, topics=topics, timeout_ms=10_000)
    side.wait_for(**{topic["name"]: topic["num_partitions"] for topic in topics})
    eventually(lambda: given_out(side)["error_code"] == 0, "no producer ids are given out")
    answer = side.prepare(apis.METADATA, 12, topics=[{"name": NAME, "topic_id": NO_ID}])
    topic_id = UUID(answer["topics"][0]["topic_id"])
    _produce(side, topic_id)
    _idempotent(side)
    _fetch(side, topic_id)
    _sessions(side, topic_id)
    _offsets(side)


@cache
def batch(*values: bytes, codec: int = 0, key: bytes | None = b"key", at: int = 0) -> bytes:
    builder = MemoryRecordsBuilder(magic=2, compression_type=codec, batch_size=100_000)
    for number, value in enumerate(values):
        builder.append(BASE_TIME_MS + at + number, key, value)
    builder.close()
    return bytes(builder.buffer())


def numbered(value: bytes, *, epoch: int, sequence: int) -> bytes:
    """A batch of an idempotent producer."""
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=100_000)
    builder.set_producer_state(PRODUCER, epoch, sequence, is_transactional=False)
    builder.append(BASE_TIME_MS, b"key", value)
    builder.close()
    return bytes(builder.buffer())


def _produced(
    rows: Sequence[tuple[str, UUID, int, bytes | None]], acks: int = ACKS_ALL
) -> dict[str, Any]:
    topics = [
        {"name": name, "topic_id": one, "partition_data": [{"index": index, "records": records}]}
        for name, one, index, records in rows
    ]
    return {"acks": acks, "timeout_ms": 10_000, "topic_data": topics, "transactional_id": None}


def _produce(side: Side, topic_id: UUID) -> None:
    good = batch(b"a", b"b")
    twisted = good[:-1] + bytes([good[-1] ^ 1])
    for version in side.each(apis.PRODUCE, since=3):
        codecs = {
            name: codec
            for name, codec in CODECS.items()
            if codec != CODECS["zstd"] or version >= ZSTD_IN_PRODUCE
        }
        for name, codec in codecs.items():
            at = 1_000 * version + 10 * codec
            records = batch(b"a" * 50, b"b" * 50, codec=codec, at=at)
            rows = [(NAME, topic_id, 0, records)]
            side.ask(f"a batch by {name}", apis.PRODUCE, version, **_produced(rows))
        for label, row in (
            ("to no partition", (NAME, topic_id, 9, good)),
            ("to no topic", (ABSENT, UNKNOWN, 0, good)),
            ("that is damaged", (NAME, topic_id, 1, twisted)),
            ("two batches", (NAME, topic_id, 1, good + good)),
            ("nothing", (NAME, topic_id, 1, b"")),
        ):
            side.ask(f"produce {label}", apis.PRODUCE, version, **_produced([row]))
        if version < IDS_IN_PRODUCE:
            keyless = (f"{NAME}-compacted", NO_ID, 0, batch(b"a", key=None))
            side.ask("produce without a key", apis.PRODUCE, version, **_produced([keyless]))
            large = (f"{NAME}-small", NO_ID, 0, batch(b"a" * 500))
            side.ask("produce too much", apis.PRODUCE, version, **_produced([large]))
        odd = _produced([(NAME, topic_id, 1, good)], acks=5)
        side.ask("produce with odd acks", apis.PRODUCE, version, **odd)


def given_out(side: Side) -> dict[str, Any]:
    """A producer id that the broker gives out."""
    return side.prepare(
        apis.INIT_PRODUCER_ID,
        4,
        transactional_id=None,
        transaction_timeout_ms=60_000,
        producer_id=-1,
        producer_epoch=-1,
    )


def _idempotent(side: Side) -> None:
    for version in side.each(apis.INIT_PRODUCER_ID):
        fields: dict[str, Any] = {"transactional_id": None, "transaction_timeout_ms": 60_000}
        if version >= 3:
            fields |= {"producer_id": -1, "producer_epoch": -1}
        side.ask("a producer id", apis.INIT_PRODUCER_ID, version, **fields)
    for label, epoch, sequence in (
        ("the first", 0, 0),
        ("the first again", 0, 0),
        ("the second", 0, 1),
        ("the fourth", 0, 3),
        ("a new epoch from the middle", 1, 5),
        ("a new epoch", 1, 0),
        ("an old epoch", 0, 2),
    ):
        records = numbered(b"n", epoch=epoch, sequence=sequence)
        fields = _produced([(NAME, NO_ID, 2, records)])
        side.ask(f"batches in order: {label}", apis.PRODUCE, 12, **fields)
    side.ask(
        "producers",
        apis.PRODUCERS,
        0,
        topics=[{"name": NAME, "partition_indexes": [0, 2]}],
    )


def _wanted(
    topic_id: UUID, *rows: tuple[int, int], name: str = NAME, **fields: Any
) -> dict[str, Any]:
    partitions = [
        {
            "partition": index,
            "fetch_offset": offset,
            "partition_max_bytes": 1_000_000,
            "current_leader_epoch": -1,
            "last_fetched_epoch": -1,
            "log_start_offset": -1,
        }
        | fields
        for index, offset in rows
    ]
    return {"topic": name, "topic_id": topic_id, "partitions": partitions}


def _fetched(*topics: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "replica_id": -1,
        "max_wait_ms": 0,
        "min_bytes": 0,
        "max_bytes": 1_000_000,
        "isolation_level": 0,
        "topics": list(topics),
        "rack_id": "",
    } | fields


def _fetch(side: Side, topic_id: UUID) -> None:
    for version in side.each(apis.FETCH):
        none = {"session_id": 0, "session_epoch": -1} if version >= 7 else {}
        for label, body in (
            ("everything", _fetched(_wanted(topic_id, (0, 0), (1, 0), (2, 0), (3, 0)))),
            ("from inside a batch", _fetched(_wanted(topic_id, (0, 1)))),
            ("one batch at least", _fetched(_wanted(topic_id, (0, 0), partition_max_bytes=1))),
            ("one byte", _fetched(_wanted(topic_id, (0, 0), (2, 0)), max_bytes=1)),
            ("what is committed", _fetched(_wanted(topic_id, (0, 0)), isolation_level=1)),
            ("beyond the end", _fetched(_wanted(topic_id, (0, 9_999)))),
            ("before the beginning", _fetched(_wanted(topic_id, (0, -5)))),
            ("no partition", _fetched(_wanted(topic_id, (9, 0)))),
            ("no topic", _fetched(_wanted(UNKNOWN, (0, 0), name=ABSENT))),
            ("nothing", _fetched()),
        ):
            side.ask(f"fetch {label}", apis.FETCH, version, **(body | none))
        if version >= 9:
            body = _fetched(_wanted(topic_id, (0, 0), current_leader_epoch=9))
            side.ask("fetch by a future epoch", apis.FETCH, version, **(body | none))
        if version >= 12:
            body = _fetched(_wanted(topic_id, (0, 0), last_fetched_epoch=9))
            side.ask("fetch after a future epoch", apis.FETCH, version, **(body | none))


def _sessions(side: Side, topic_id: UUID) -> None:
    for version in side.each(apis.FETCH, since=7):
        everything = _wanted(topic_id, (0, 0), (1, 0), (3, 0), (9, 0))

        def ask(
            label: str, session: int, epoch: int, *topics: dict[str, Any], at: int = version
        ) -> int:
            body = _fetched(*topics, session_id=session, session_epoch=epoch)
            return int(side.ask(f"session: {label}", apis.FETCH, at, **body)["session_id"])

        session = ask("open", 0, 0, everything)
        ask("go on", session, 1)
        ask("move", session, 2, _wanted(topic_id, (0, 2)))
        ask("a wrong epoch", session, 9)
        ask("one more", session, 3, _wanted(topic_id, (2, 0)))
        forgotten = [{"topic": NAME, "topic_id": topic_id, "partitions": [0, 9]}]
        body = _fetched(session_id=session, session_epoch=4, forgotten_topics_data=forgotten)
        side.ask("session: forget", apis.FETCH, version, **body)
        ask("after forgetting", session, 5)
        ask("beyond the end", session, 6, _wanted(topic_id, (3, 7)))
        ask("still beyond the end", session, 7)
        ask("back again", session, 8, _wanted(topic_id, (3, 0)))
        other = IDS_IN_FETCH if version < IDS_IN_FETCH else IDS_IN_FETCH - 1
        body = _fetched(session_id=session, session_epoch=9)
        side.ask(f"session: named otherwise than by {version}", apis.FETCH, other, **body)
        ask("close", session, -1, _wanted(topic_id, (3, 0)))
        ask("after closing", session, 9)
        ask("nobody's", 123_456, 3)


def _offsets(side: Side) -> None:
    times = [-1, -2, 0, BASE_TIME_MS, BASE_TIME_MS + 7_021, BASE_TIME_MS + 9_999_999, -9]
    since = {-3: 7, -4: 8, -5: 9, -6: 11}
    for version in side.each(apis.LIST_OFFSETS):
        for time in [*times, *since]:
            rows = [
                {"partition_index": index, "current_leader_epoch": -1, "timestamp": time}
                for index in (0, 3, 9)
            ]
            topics = [
                {"name": NAME, "partitions": rows},
                {"name": ABSENT, "partitions": rows[:1]},
            ]
            fields: dict[str, Any] = {"replica_id": -1, "topics": topics}
            if version >= 2:
                fields["isolation_level"] = 1
            label = f"offset at {time}"
            side.ask(label, apis.LIST_OFFSETS, version, **fields)
        if version >= 4:
            rows = [{"partition_index": 0, "current_leader_epoch": 9, "timestamp": -1}]
            fields = {"replica_id": -1, "topics": [{"name": NAME, "partitions": rows}]}
            side.ask("offset by a future epoch", apis.LIST_OFFSETS, version, **fields)
    wanted = [
        {"partition": 0, "current_leader_epoch": -1, "leader_epoch": epoch} for epoch in (0, 1, -1)
    ]
    for version in side.each(apis.EPOCHS):
        topics = [{"topic": NAME, "partitions": wanted[:1]}]
        side.ask("the end of an epoch", apis.EPOCHS, version, replica_id=-1, topics=topics)
