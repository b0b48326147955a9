"""Times are taken from the first record of each partition, within a bound of time."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaError, Message, TopicPartition

from control_plane.groups.groups import PartitionName
from control_plane.groups.record_times import LOOKUP_SECONDS_MAX, POLL_SECONDS, read_times

PARTITION_EOF = -191
TRANSPORT = -195


def message(partition: int, *, time_ms: int = 0, error: int | None = None) -> Any:
    """What a consumer hands out, as far as it is looked at."""
    reason = None if error is None else KafkaError(error)
    return SimpleNamespace(
        topic=lambda: "t",
        partition=lambda: partition,
        timestamp=lambda: (1, time_ms),
        error=lambda: reason,
    )


class ScriptedReader:
    """Answers from a script, then with nothing."""

    def __init__(self, *answers: list[Any]) -> None:
        self.answers = list(answers)
        self.polls = 0
        self.assigned: list[TopicPartition] = []

    def assign(self, partitions: list[TopicPartition], /) -> None:
        self.assigned = partitions

    def incremental_unassign(self, partitions: list[TopicPartition], /) -> None:
        gone = {one.partition for one in partitions}
        self.assigned = [one for one in self.assigned if one.partition not in gone]

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        assert num_messages > 0
        assert timeout == POLL_SECONDS
        self.polls += 1
        return self.answers.pop(0) if self.answers else []

    def close(self) -> None: ...


def ticking(reader: ScriptedReader) -> Callable[[], float]:
    """A clock that goes on by a poll's time with every poll."""
    return lambda: reader.polls * POLL_SECONDS


def wanted(*partitions: int) -> dict[PartitionName, int]:
    return {PartitionName("t", partition): 5 for partition in partitions}


def test_takes_the_first_record_of_each_partition() -> None:
    reader = ScriptedReader(
        [message(0, time_ms=10), message(0, time_ms=11)],
        [message(1, error=PARTITION_EOF), message(2, time_ms=30)],
    )
    found = read_times(reader, wanted(0, 1, 2), ticking(reader))
    assert found == {PartitionName("t", 0): 10, PartitionName("t", 2): 30}
    assert reader.assigned == []
    assert reader.polls == 2


def test_waits_through_passing_errors_and_ends_in_time() -> None:
    reader = ScriptedReader([message(0, error=TRANSPORT)])
    assert read_times(reader, wanted(0), ticking(reader)) == {}
    assert reader.polls * POLL_SECONDS >= LOOKUP_SECONDS_MAX
    assert reader.polls * POLL_SECONDS < LOOKUP_SECONDS_MAX + 2 * POLL_SECONDS
