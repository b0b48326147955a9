"""A member of the group that churns; tells what it does as JSON lines.

Arguments: bootstrap address, topic, group, mode. In the mode `ahead`, which is the negative
control, it commits before it has processed. SIGTERM makes it leave its group in order.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Sequence
from threading import Event
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

BATCH = 50
POLL_SECONDS = 0.1
PROCESSING_SECONDS = 0.02
AHEAD_SECONDS = 1.0
"""How far the control's commit runs ahead of its processing."""

REFUSED = (
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError._NO_OFFSET,  # noqa: SLF001  the name that the library gives it
    KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001  likewise
    KafkaError._STATE,  # noqa: SLF001  likewise
)
"""A commit that a rebalance overtook: whoever has the partitions now reads again."""


def main(arguments: Sequence[str]) -> None:
    """Consume until SIGTERM."""
    bootstrap, topic, group, mode = arguments
    leaving = Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: leaving.set())
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 500,
            "fetch.wait.max.ms": 100,
            "partition.assignment.strategy": "range",
        }
    )
    consumer.subscribe([topic], on_assign=_on_assign, on_revoke=_on_revoke)
    while not leaving.is_set():
        messages = consumer.consume(BATCH, timeout=POLL_SECONDS)
        if not messages:
            continue
        if mode == "ahead":
            _commit(consumer, messages)
            time.sleep(AHEAD_SECONDS)
        else:
            time.sleep(PROCESSING_SECONDS)
        # A record counts as seen once whoever reads this has the line.
        _tell("seen", offsets=[[one.partition(), one.offset()] for one in messages])
        if mode != "ahead":
            _commit(consumer, messages)
    consumer.close()


def _commit(consumer: Consumer, messages: Sequence[Message]) -> None:
    ends: dict[int, int] = {}
    topic = ""
    for one in messages:
        error, partition, offset = one.error(), one.partition(), one.offset()
        if error is not None:
            raise KafkaException(error)
        assert partition is not None
        assert offset is not None
        topic = one.topic() or ""
        ends[partition] = max(ends.get(partition, 0), offset + 1)
    wanted = [TopicPartition(topic, partition, end) for partition, end in ends.items()]
    try:
        done = consumer.commit(offsets=wanted, asynchronous=False)
    except KafkaException as error:
        if error.args[0].code() not in REFUSED:
            raise
        return
    accepted = [[one.partition, one.offset] for one in done or [] if one.error is None]
    _tell("committed", offsets=accepted)


def _on_assign(_consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
    _tell("assigned", count=len(partitions))


def _on_revoke(_consumer: Consumer, _partitions: Sequence[TopicPartition]) -> None:
    _tell("revoked")


def _tell(what: str, **fields: Any) -> None:
    print(json.dumps({"event": what, "at": time.monotonic(), **fields}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
