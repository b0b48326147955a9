"""`OffsetDelete` (KIP-496), which confluent_kafka does not offer: its bytes, version 0. Pure."""

from collections.abc import Iterable
from itertools import groupby

from control_plane.groups.groups import PartitionName
from control_plane.kafka.wire import Reader, Writer

VERSION = 0


def request(group_id: str, names: Iterable[PartitionName]) -> bytes:
    """Return the body of the request that deletes what a group committed in partitions."""
    topics = [
        (topic, [name.partition for name in of_topic])
        for topic, of_topic in groupby(sorted(names), key=lambda name: name.topic)
    ]
    return Writer().text(group_id).array(topics, _write_topic).done()


def refusals(answer: Reader) -> dict[PartitionName | None, int]:
    """Return the protocol's error codes by partition, None for the whole group; empty if done."""
    whole = answer.int16()
    answer.int32()  # throttle time
    found: dict[PartitionName | None, int] = {None: whole} if whole else {}
    for topic, partitions in answer.array(_read_topic):
        found.update({PartitionName(topic, index): code for index, code in partitions if code})
    return found


def _write_topic(writer: Writer, topic: tuple[str, list[int]]) -> None:
    name, partitions = topic
    writer.text(name).array(partitions, Writer.int32)


def _read_topic(answer: Reader) -> tuple[str, list[tuple[int, int]]]:
    return answer.text(), answer.array(lambda item: (item.int32(), item.int16()))
