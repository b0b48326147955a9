"""A transactional producer as a script speaks for it: who it is, and what it asks with that."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from kafka.record import MemoryRecordsBuilder

from tests.fixtures.waiting import eventually
from tests.parity.conversations import Api
from tests.parity.scripts import apis
from tests.parity.sides import Side

TIMEOUT_MS: Final = 60_000
NOW_MS: Final = time.time_ns() // 1_000_000
"""Records are of now, as markers are: Apache Kafka begins a segment where times are far apart."""
ONE_BY_ONE_UNTIL: Final = 3
"""Up to this version AddPartitionsToTxn is about one transaction."""
IMPLICIT_IN_PRODUCE: Final = 12
"""From this version on writing adds the partition (KIP-890)."""
IMPLICIT_IN_COMMIT: Final = 5
OWN_EPOCH_IN_END: Final = 5
"""From this version on each transaction has an epoch of its own (KIP-890)."""

HEADER: Final = struct.Struct(">qiibIhiqqqhii")
LENGTH_STARTS: Final = 12
"""Bytes of a batch before those that its length counts."""


@dataclass(kw_only=True)
class Transactor:
    """A producer of one side. Its id is the side's own, its epoch is what both must agree on."""

    side: Side
    topic: str
    topic_id: UUID
    name: str
    id: int = -1
    epoch: int = -1

    def init(self, label: str = "", version: int = 5, **fields: Any) -> None:
        """Take the transactional id; without a label unasked, with one compared."""
        wanted: dict[str, Any] = {
            "transactional_id": self.name,
            "transaction_timeout_ms": TIMEOUT_MS,
        } | fields
        answer = self.ask(label, apis.INIT_PRODUCER_ID, version, **wanted)
        if answer["error_code"] == 0:
            self.id, self.epoch = answer["producer_id"], answer["producer_epoch"]

    @property
    def who(self) -> dict[str, Any]:
        return {
            "transactional_id": self.name,
            "producer_id": self.id,
            "producer_epoch": self.epoch,
        }

    def ask(self, label: str, api: Api, version: int, **fields: Any) -> dict[str, Any]:
        """Ask until no transaction is on its way to its end any more: Kafka's are, after EndTxn."""
        if label:
            return self.side.ask_settled(label, api, version, **fields)
        return self.side.prepare_settled(api, version, **fields)

    def add(self, label: str, version: int, *partitions: int, **fields: Any) -> None:
        who = self.who | fields
        topics = [{"name": self.topic, "partitions": list(partitions)}]
        if version > ONE_BY_ONE_UNTIL:
            body = {"transactions": [{"verify_only": False, "topics": topics} | who]}
        else:
            old = {f"v3_and_below_{key}": value for key, value in who.items()}
            body = {"v3_and_below_topics": topics} | old
        self.ask(label, apis.ADD_PARTITIONS, version, **body)

    def verify(self, label: str, version: int, *partitions: int) -> None:
        """Ask whether the transaction is known to touch partitions, as brokers ask each other."""
        topics = [{"name": self.topic, "partitions": list(partitions)}]
        one = {"verify_only": True, "topics": topics} | self.who
        self.ask(label, apis.ADD_PARTITIONS, version, transactions=[one])

    def add_offsets(self, label: str, version: int, group: str) -> None:
        self.ask(label, apis.ADD_OFFSETS, version, group_id=group, **self.who)

    def produce(self, label: str, version: int, partition: int, sequence: int) -> None:
        row = {"index": partition, "records": self._batch(sequence)}
        topic = {"name": self.topic, "topic_id": self.topic_id, "partition_data": [row]}
        self.ask(
            label,
            apis.PRODUCE,
            version,
            transactional_id=self.name,
            acks=-1,
            timeout_ms=10_000,
            topic_data=[topic],
        )

    def _batch(self, sequence: int) -> bytes:
        builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=100_000)
        builder.set_producer_state(self.id, self.epoch, sequence, is_transactional=True)
        builder.append(NOW_MS, b"key", b"value")
        builder.close()
        return bytes(builder.buffer())

    def end(self, label: str, version: int, *, committed: bool) -> None:
        """End the transaction; the producer goes on as it is told to."""
        answer = self.ask(label, apis.END, version, committed=committed, **self.who)
        if version >= OWN_EPOCH_IN_END and answer["error_code"] == 0:
            self.id, self.epoch = answer["producer_id"], answer["producer_epoch"]

    def commit_offsets(self, label: str, version: int, group: str, **fields: Any) -> None:
        row: dict[str, Any] = {
            "partition_index": 0,
            "committed_offset": 7,
            "committed_leader_epoch": -1,
            "committed_metadata": "note",
        }
        topics = [{"name": self.topic, "partitions": [row]}]
        wanted = self.who | {"group_id": group, "topics": topics}
        if version >= 3:
            wanted |= {"generation_id": -1, "member_id": "", "group_instance_id": None}
        self.ask(label, apis.TXN_COMMIT, version, **(wanted | fields))

    def wait_until_stable(self, *partitions: int) -> None:
        """Wait until no transaction holds back the readers of committed records."""

        def ends(isolation: int) -> list[int]:
            rows = [
                {"partition_index": index, "current_leader_epoch": -1, "timestamp": -1}
                for index in partitions
            ]
            topics = [{"name": self.topic, "partitions": rows}]
            fields = {"replica_id": -1, "isolation_level": isolation, "topics": topics}
            answer = self.side.prepare(apis.LIST_OFFSETS, 5, **fields)
            return [row["offset"] for row in answer["topics"][0]["partitions"]]

        eventually(lambda: ends(0) == ends(1), "a transaction does not end")


def transactor(side: Side, topic: str, topic_id: UUID, name: str) -> Transactor:
    """A producer that has taken its transactional id."""
    one = Transactor(side=side, topic=topic, topic_id=topic_id, name=name)
    one.init()
    return one


def batches(records: bytes) -> Iterator[dict[str, object]]:
    """What batches say but for producer ids, checksums and the times of markers."""
    while records:
        fields = HEADER.unpack_from(records)
        offset, length, leader_epoch, magic, _, attributes, delta, _, _, _, *producer = fields
        body = records[HEADER.size : LENGTH_STARTS + length]
        yield {
            "base_offset": offset,
            "leader_epoch": leader_epoch,
            "magic": magic,
            "attributes": attributes,
            "last_offset_delta": delta,
            "producer_epoch_sequence_count": producer,
            "records": body.hex(),
        }
        records = records[LENGTH_STARTS + length :]
