"""When the records at given offsets were written, read from the log itself.

The protocol tells the offset for a time and not the time for an offset, so one record of each
partition is read, as the control plane: it counts against no quota, no bill and no idleness.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from control_plane.groups.groups import PartitionName
from control_plane.kafka.admin_clients import Connection, TokenSettings
from control_plane.kit.clock import Clock
from control_plane.kit.unit_of_work import require_no_unit_of_work

LOOKUP_SECONDS_MAX = 2.0
BATCH_MESSAGES_MAX = 100
POLL_SECONDS = 0.1
FETCH_WAIT_MS = 50
QUEUED_KIB_MAX = 1_024
# Brokers answer with a whole batch however small this is; more than one is not asked for.
PARTITION_FETCH_BYTES = 1

_PARTITION_EOF = KafkaError._PARTITION_EOF  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # librdkafka's own names begin so


class Reader(Protocol):
    """The part of a consumer that is used here."""

    def assign(self, partitions: list[TopicPartition], /) -> None: ...

    def incremental_unassign(self, partitions: list[TopicPartition], /) -> None: ...

    def consume(self, num_messages: int, timeout: float) -> list[Message]: ...

    def close(self) -> None: ...


class RecordTimes:
    """Looks up times of records."""

    def __init__(self, tokens: TokenSettings, clock: Clock, subject: str) -> None:
        self._tokens = tokens
        self._clock = clock
        self._subject = subject

    def look_up(
        self, connection: Connection, offsets: Mapping[PartitionName, int]
    ) -> dict[PartitionName, int]:
        """Return the time (ms since 1970) of the first record at or after each offset.

        What has no such record, and what is not answered in time, is left out.
        """
        require_no_unit_of_work()
        if not offsets:
            return {}
        reader = Consumer(self._options(connection))
        try:
            return read_times(reader, offsets, self._clock.monotonic)
        finally:
            reader.close()

    def _options(self, connection: Connection) -> dict[str, str | int | float | bool]:
        options: dict[str, str | int | float | bool] = {
            **self._tokens.client_settings(self._subject, connection.cluster_id),
            "bootstrap.servers": connection.servers,
            "security.protocol": connection.security_protocol,
            "client.id": "headrace-control-plane",
            "group.id": "headrace-record-times",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": FETCH_WAIT_MS,
            "max.partition.fetch.bytes": PARTITION_FETCH_BYTES,
            "queued.max.messages.kbytes": QUEUED_KIB_MAX,
            "enable.metrics.push": False,
            "log_level": 0,  # what goes wrong is in the answers; librdkafka writes to stderr
        }
        if connection.ca_certificate is not None:
            options["ssl.ca.pem"] = connection.ca_certificate
        return options


def read_times(
    reader: Reader, offsets: Mapping[PartitionName, int], monotonic: Callable[[], float]
) -> dict[PartitionName, int]:
    """Read until every partition has told a record's time or its end, or time is up."""
    waiting = {name: TopicPartition(*name, offset) for name, offset in offsets.items()}
    reader.assign(list(waiting.values()))
    found: dict[PartitionName, int] = {}
    deadline = monotonic() + LOOKUP_SECONDS_MAX
    while waiting and monotonic() < deadline:
        done: list[TopicPartition] = []
        for message in reader.consume(BATCH_MESSAGES_MAX, POLL_SECONDS):
            name = _settled(message)
            if name is None or name not in waiting:
                continue
            if message.error() is None:
                found[name] = message.timestamp()[1]
            done.append(waiting.pop(name))
        if done:
            reader.incremental_unassign(done)
    return found


def _settled(message: Message) -> PartitionName | None:
    """Return the partition that a message ends the wait for: a record, or that there is none."""
    error = message.error()
    topic, partition = message.topic(), message.partition()
    if topic is None or partition is None:
        return None
    if error is not None and error.code() != _PARTITION_EOF:
        return None
    return PartitionName(topic, partition)
