"""Transactions: begun, written to, ended, seen, administered, and every way to get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.fixtures.kafka_requests import NO_ID
from tests.parity.scripts import apis
from tests.parity.scripts.records import NO_START
from tests.parity.scripts.transactors import (
    IMPLICIT_IN_COMMIT,
    IMPLICIT_IN_PRODUCE,
    ONE_BY_ONE_UNTIL,
    OWN_EPOCH_IN_END,
    Transactor,
    batches,
    transactor,
)
from tests.parity.sides import Side

NAME = "of-transactions"
PARTITIONS = 6
SEEN = 2
"""The partition that readers look at, and one after the other those that markers are written to."""
MARKED = 4
IDS_IN_COMMIT = 10
COMMITTED_ONLY = 1
OWN_EPOCH_IN_MARKERS = 2

IDLE = "KIP-994 asks for transactions that run for longer; an id without one does not run"

EXPLAINED = {
    "a write out of order": NO_START,
    "transactions that last": IDLE,
    "a marker without an epoch": "it is refused as stale; Apache Kafka fails at making it",
}

Named = Callable[[str], Transactor]


def converse(side: Side) -> None:
    """One id for each version of what is asked, so that no answer hangs on another."""
    side.create(**{NAME: PARTITIONS})
    answer = side.prepare(apis.METADATA, 12, topics=[{"name": NAME, "topic_id": NO_ID}])
    topic_id = UUID(answer["topics"][0]["topic_id"])

    def named(name: str) -> Transactor:
        return transactor(side, NAME, topic_id, name)

    _ids(side, topic_id)
    _going_on(side, named)
    _fencing(side, named)
    _partitions(side, named)
    _writes(side, named)
    _endings(side, named)
    _offsets(side, named)
    _visibility(side, named, topic_id)
    _administration(side, named)
    _markers(side, named)


def _ids(side: Side, topic_id: UUID) -> None:
    for version in side.each(apis.INIT_PRODUCER_ID):
        one = Transactor(side=side, topic=NAME, topic_id=topic_id, name=f"init-{version}")
        one.init("a new id", version)
        one.init("an id again", version)
        for label, timeout_ms in (("none", 0), ("negative", -1), ("too long", 2**31 - 1)):
            one.init(f"a timeout that is {label}", version, transaction_timeout_ms=timeout_ms)
        one.init("an empty id", version, transactional_id="")


def _going_on(side: Side, named: Named) -> None:
    """Producers that name themselves, after an error (KIP-360)."""
    for version in side.each(apis.INIT_PRODUCER_ID, since=3):
        one = named(f"named-{version}")
        stale = {"producer_id": one.id, "producer_epoch": one.epoch}
        other = {"producer_id": one.id + 1_000_000, "producer_epoch": one.epoch}
        one.init("a producer by name", version, **stale)
        one.init("a producer by name again", version, **stale)
        one.init("somebody else", version)
        one.init("a stale producer", version, **stale)
        one.init("another producer", version, **other)
        one.init("half a name", version, producer_id=one.id)
        one.init("the other half", version, producer_epoch=one.epoch)


def _fencing(side: Side, named: Named) -> None:
    one = named("fencing")
    one.add("", ONE_BY_ONE_UNTIL, 0)
    fields = {"transactional_id": one.name, "transaction_timeout_ms": 60_000}
    side.ask("an id with a transaction", apis.INIT_PRODUCER_ID, 5, **fields)
    stale = one.epoch
    one.init("an id whose transaction was aborted")
    one.epoch = stale
    for version in side.each(apis.ADD_PARTITIONS):
        one.add("a fenced producer", version, 0)
    for version in side.each(apis.ADD_OFFSETS):
        one.add_offsets("offsets of a fenced producer", version, "g")
    for version in side.each(apis.END):
        one.end("the end of a fenced producer", version, committed=True)
    for version in side.each(apis.TXN_COMMIT):
        one.commit_offsets("committing as a fenced producer", version, "g")
    for version in side.each(apis.PRODUCE, since=3):
        one.produce("a write of a fenced producer", version, 0, 0)


def _partitions(side: Side, named: Named) -> None:
    for version in side.each(apis.ADD_PARTITIONS):
        one = named(f"add-{version}")
        one.add("partitions", version, 0, 1)
        one.add("partitions again", version, 0, 1)
        one.add("one that is not there", version, 0, 9)
        one.add("partitions of another producer", version, 0, producer_id=1)
        one.add("partitions of nobody", version, 0, transactional_id="nobody")
        one.add("partitions of an empty id", version, 0, transactional_id="")
        one.end("", 4, committed=False)
        if version > ONE_BY_ONE_UNTIL:
            one.verify("verifying before there is a transaction", version, 1)
            one.add("", version, 1)
            one.verify("verifying one that was added", version, 1)
            one.verify("verifying one that was not added", version, 2)
            one.verify("verifying one that is not there", version, 1, 9)
            one.end("", 4, committed=False)


def _writes(side: Side, named: Named) -> None:
    for version in side.each(apis.PRODUCE, since=3):
        is_implicit = version >= IMPLICIT_IN_PRODUCE
        one = named(f"write-{version}")
        if not is_implicit:
            one.produce("a write that was not announced", version, 0, 0)
            one.add("", ONE_BY_ONE_UNTIL, 0)
        one.produce("a write", version, 0, 0)
        one.produce("a write again", version, 0, 0)
        one.produce("a write out of order", version, 0, 5)
        epoch = one.epoch
        one.epoch = epoch + 5
        one.produce("a write of a later epoch", version, 0, 0)
        one.epoch = epoch
        one.end("", OWN_EPOCH_IN_END if is_implicit else OWN_EPOCH_IN_END - 1, committed=True)
        one.wait_until_stable(0)
        current, one.epoch = one.epoch, epoch
        one.produce("a late write", version, 0, 1)
        one.name = "nobody"
        one.produce("a late write of nobody", version, 0, 1)
        one.epoch = current
        one.produce("a write of nobody", version, 0, 0)


def _endings(side: Side, named: Named) -> None:
    for version in side.each(apis.END):
        one = named(f"end-{version}")
        one.end("nothing committed", version, committed=True)
        one.end("nothing aborted", version, committed=False)
        one.end("nothing aborted twice", version, committed=False)
        for what, committed in (("a commit", True), ("an abort", False)):
            one.add("", ONE_BY_ONE_UNTIL, 0)
            before = one.epoch
            one.end(what, version, committed=committed)
            one.epoch = before
            one.end(f"{what} again", version, committed=committed)
            one.epoch = before
            one.end(f"{what} that is changed", version, committed=not committed)
            one.init(f"going on after {what}, {version}")
        one.name = "nobody"
        one.end("the end of nobody", version, committed=True)


def _offsets(side: Side, named: Named) -> None:
    for version in side.each(apis.ADD_OFFSETS):
        one = named(f"add-offsets-{version}")
        one.add_offsets("a group", version, "g")
        one.end("", 4, committed=False)
    for version in side.each(apis.TXN_COMMIT):
        is_implicit = version >= IMPLICIT_IN_COMMIT
        one, group = named(f"offsets-{version}"), f"txn-offsets-{version}"
        if not is_implicit:
            one.commit_offsets("offsets of a group that was not announced", version, group)
            one.add_offsets("", 3, group)
        one.commit_offsets("offsets", version, group)
        if version >= 3:
            member = {"generation_id": 3, "member_id": "m"}
            one.commit_offsets("offsets of no member", version, group, **member)
        _committed(side, f"pending after {version}", group, one.topic_id)
        one.end("", OWN_EPOCH_IN_END if is_implicit else OWN_EPOCH_IN_END - 1, committed=True)
        one.init()
        _committed(side, f"committed after {version}", group, one.topic_id)


def _committed(side: Side, what: str, group: str, topic_id: UUID) -> None:
    for version in side.each(apis.COMMITTED, since=7):
        topic: dict[str, Any] = {"name": NAME, "partition_indexes": [0]}
        if version >= IDS_IN_COMMIT:
            topic["topic_id"] = topic_id
        one = {"group_id": group, "topics": [topic]}
        for stable in (False, True):
            fields = {"groups": [one]} if version >= 8 else one
            label = f"offsets {what}, stable {stable}"
            side.ask(label, apis.COMMITTED, version, require_stable=stable, **fields)


def _visibility(side: Side, named: Named, topic_id: UUID) -> None:
    for what, committed in (("a commit", True), ("an abort", False)):
        one = named(f"{what} that is seen")
        one.add("", ONE_BY_ONE_UNTIL, SEEN)
        one.produce("", 11, SEEN, 0)
        _seen(side, f"before {what}", topic_id)
        one.end("", 4, committed=committed)
        one.wait_until_stable(SEEN)
        _seen(side, f"after {what}", topic_id)


def _seen(side: Side, when: str, topic_id: UUID) -> None:
    for isolation in (0, COMMITTED_ONLY):
        what = f"{when} by isolation {isolation}"
        for version in side.each(apis.FETCH):
            row = {
                "partition": SEEN,
                "fetch_offset": 0,
                "partition_max_bytes": 1_000_000,
                "current_leader_epoch": -1,
                "last_fetched_epoch": -1,
                "log_start_offset": -1,
            }
            fields: dict[str, Any] = {
                "replica_id": -1,
                "max_wait_ms": 0,
                "min_bytes": 0,
                "max_bytes": 1_000_000,
                "isolation_level": isolation,
                "topics": [{"topic": NAME, "topic_id": topic_id, "partitions": [row]}],
                "rack_id": "",
            }
            if version >= 7:
                fields |= {"session_id": 0, "session_epoch": -1}
            message = side.speaker.ask_message(apis.FETCH, version, fields)
            found = message.responses[0].partitions[0].records
            answer: dict[str, Any] = message.to_dict()
            answer["responses"][0]["partitions"][0]["records"] = list(batches(found or b""))
            side.keep(f"fetch {what}", apis.FETCH, version, answer)
        for version in side.each(apis.LIST_OFFSETS, since=2):
            for timestamp in (-1, -2, 0):
                rows = [
                    {"partition_index": SEEN, "current_leader_epoch": -1, "timestamp": timestamp}
                ]
                fields = {"replica_id": -1, "isolation_level": isolation}
                topics = [{"name": NAME, "partitions": rows}]
                label = f"offset at {timestamp}, {what}"
                side.ask(label, apis.LIST_OFFSETS, version, topics=topics, **fields)


def _administration(side: Side, named: Named) -> None:
    one = named("described")
    ids = [one.name, "absent", ""]
    side.ask("an idle id", apis.DESCRIBE_TRANSACTIONS, 0, transactional_ids=ids)
    one.add("", ONE_BY_ONE_UNTIL, 0, 3)
    side.ask("an ongoing transaction", apis.DESCRIBE_TRANSACTIONS, 0, transactional_ids=ids)
    for version in side.each(apis.TRANSACTIONS):
        everything: dict[str, Any] = {"state_filters": [], "producer_id_filters": []}
        if version >= 1:
            everything["duration_filter"] = -1
        asked: list[tuple[str, dict[str, Any]]] = [
            ("ongoing transactions", {"state_filters": ["Ongoing", "Odd"]}),
            ("transactions of odd states", {"state_filters": ["Odd"]}),
            ("transactions of a producer", {"producer_id_filters": [one.id]}),
        ]
        if version >= 1:
            asked.append(("transactions that last", {"duration_filter": 10_000_000}))
        if version >= 2:
            asked += [
                (f"transactions named {pattern!r}", {"transactional_id_pattern": pattern})
                for pattern in ("des.*", "des", "(")
            ]
        for label, fields in asked:
            side.ask(label, apis.TRANSACTIONS, version, **(everything | fields))
    one.produce("", 11, 3, 0)
    topics = [{"name": NAME, "partition_indexes": [3, 9]}]
    side.ask("a producer with a transaction", apis.PRODUCERS, 0, topics=topics)
    one.end("", 4, committed=False)
    one.wait_until_stable(3)
    side.ask("a producer without a transaction", apis.PRODUCERS, 0, topics=topics)


def _markers(side: Side, named: Named) -> None:
    """A transaction is ended in one partition by who administers the cluster."""
    for version in side.each(apis.MARKERS):
        one, partition = named(f"marked-{version}"), MARKED + version % 2
        one.init()
        one.add("", ONE_BY_ONE_UNTIL, partition)
        one.produce("", 11, partition, 0)
        own = one.epoch + 1
        asked: list[tuple[str, int, int, int, int]] = [
            ("a stale marker", one.epoch - 1, 0, partition, 0),
            ("a marker without an epoch", -1, 0, partition, 0),
            ("a marker of an old coordinator", one.epoch, -1, partition, 0),
            ("a marker in no partition", one.epoch, 0, 99, 0),
        ]
        if version >= OWN_EPOCH_IN_MARKERS:
            asked += [
                ("a marker of a shared epoch", one.epoch, 0, partition, 2),
                ("a marker of its own epoch", own, 0, partition, 2),
                ("a marker of its own epoch again", own, 0, partition, 2),
            ]
        else:
            asked += [
                ("a marker", one.epoch, 0, partition, 0),
                ("a marker again", one.epoch, 0, partition, 0),
            ]
        for label, epoch, coordinator, index, protocol in asked:
            marker = {
                "producer_id": one.id,
                "producer_epoch": epoch,
                "transaction_result": False,
                "topics": [{"name": NAME, "partition_indexes": [index]}],
                "coordinator_epoch": coordinator,
            }
            if version >= OWN_EPOCH_IN_MARKERS:
                marker["transaction_version"] = protocol
            side.ask(label, apis.MARKERS, version, markers=[marker])
        topics = [{"name": NAME, "partition_indexes": [partition]}]
        label = f"a producer whose transaction was ended by version {version}"
        side.ask(label, apis.PRODUCERS, 0, topics=topics)
