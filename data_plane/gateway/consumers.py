"""Reads one partition from an offset or a time, blocking the thread it is called on."""

import threading
import time
from collections import deque
from typing import Final, Literal, cast

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from control_plane.kit.errors import AppError
from data_plane.gateway import kafka_codes
from data_plane.gateway.connections import ClientSetting, OnError, connection_settings
from data_plane.gateway.endpoints import ClientCredentials, Route
from data_plane.gateway.errors import (
    ClusterRefusedCredentialError,
    ClusterUnreachableError,
    OffsetOutOfRangeError,
    TopicNotFoundError,
)
from data_plane.gateway.kafka_errors import error_of, read_error
from data_plane.gateway.limits import (
    FETCH_BYTES_MAX,
    FETCH_QUEUE_BACKOFF_MS,
    FETCH_WAIT_MS,
    METADATA_TIMEOUT_SECONDS,
    MIB,
    PREFETCH_KIB_MAX,
)
from data_plane.gateway.pages import PageBuilder, RecordPage
from data_plane.gateway.records import Header, StoredRecord

GROUP_ID = "headrace-gateway"  # required by librdkafka; partitions are assigned, no group joined
SLICE_SECONDS = 0.25
BATCH_RECORDS = 500
TIMESTAMP_TYPES = {1: "create", 2: "log_append"}  # confluent_kafka.TIMESTAMP_*

EARLIEST: Final = "earliest"
LATEST: Final = "latest"


class Since(msgspec.Struct, frozen=True):
    """The first record whose timestamp, in milliseconds since 1970, is not before a time.

    Kafka's ListOffsets answers it (KIP-79). Where all records are older it is the end.
    """

    timestamp_ms: int

    def __str__(self) -> str:
        return f"since {self.timestamp_ms} ms"


Start = int | Literal["earliest", "latest"] | Since


class ReadRequest(msgspec.Struct, frozen=True):
    """Which records to read: at most about `bytes_max`, waiting for the first `wait_seconds`."""

    topic: str
    partition: int
    start: Start
    bytes_max: int
    wait_seconds: float


class Span(msgspec.Struct, frozen=True):
    """The offsets a partition holds: from the first record to where the next is written."""

    earliest: int
    end: int


class PartitionReader:
    """A consumer that acts as one caller on one cluster, for one read at a time.

    It keeps its place, and what it fetched beyond a page, for a read that goes on from there.
    """

    def __init__(self, route: Route, credentials: ClientCredentials) -> None:
        self.route = route
        self.used_at = 0.0
        self.is_broken = False
        self.place: tuple[str, int, int] | None = None
        self._refused = False
        self._surplus: deque[Message] = deque()
        self._consumer = Consumer(_settings(route, credentials, self._on_error))

    def read(self, request: ReadRequest, cancelled: threading.Event) -> RecordPage:
        """Return a page of records, empty if none came in time.

        Raises TopicNotFoundError, PartitionNotFoundError, OffsetOutOfRangeError,
        ClusterUnreachableError and ClusterRefusedCredentialError.
        """
        try:
            return self._read(request, cancelled)
        except KafkaException as failure:
            self.is_broken = True
            raise self._explain(error_of(failure), request) from failure
        except ClusterUnreachableError:
            self.is_broken = True
            raise

    def goes_on(self, request: ReadRequest) -> bool:
        """Whether this reader stands where `request` begins."""
        return self.place == (request.topic, request.partition, request.start)

    def holds_records(self) -> bool:
        """Whether it has fetched beyond its last page; for a reader that nobody uses."""
        return self.place is not None and self._has_surplus()

    def close(self) -> None:
        """Leave the cluster."""
        self._consumer.close()

    def _read(self, request: ReadRequest, cancelled: threading.Event) -> RecordPage:
        partition = TopicPartition(request.topic, request.partition)
        if self.goes_on(request) and self._has_surplus():
            span = self._last_span(partition)
            start = request.start
        else:
            if not self.goes_on(request):
                self._stop_fetching()
            span = self._span(partition)
            self._forget_ends_before(span.end)
            start = self._begin(partition, request.start, span)
        assert isinstance(start, int)
        if self.place != (request.topic, request.partition, start):
            self._go_to(request, start)
        page = PageBuilder(start, request.bytes_max)
        self.place = None  # no place to go on from, should filling the page fail
        end = self._fill(page, span.end, request.wait_seconds, cancelled)
        self.place = (request.topic, request.partition, page.next_offset)
        return RecordPage(page.records, page.next_offset, span.earliest, max(end, page.next_offset))

    def _fill(
        self, page: PageBuilder, end: int, wait_seconds: float, cancelled: threading.Event
    ) -> int:
        """Add records until the page is full, or nothing more is there; return the end seen."""
        began = time.monotonic()
        while not page.is_full and not cancelled.is_set():
            elapsed = time.monotonic() - began
            if page.next_offset < end:
                patience = METADATA_TIMEOUT_SECONDS - elapsed
            else:
                patience = 0.0 if page.records else wait_seconds - elapsed
            messages = self._next(min(max(patience, 0.0), SLICE_SECONDS))
            end = max(end, self._add(page, messages))
            if any(_is_end(message) for message in messages):
                end = page.next_offset
            if not messages and patience <= 0:
                break
        if not page.records and page.next_offset < end and not cancelled.is_set():
            raise ClusterUnreachableError
        return end

    def _next(self, seconds: float) -> list[Message]:
        if self._surplus:
            messages = list(self._surplus)
            self._surplus.clear()
            return messages
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        return [first, *self._consumer.consume(BATCH_RECORDS, timeout=0)]

    def _add(self, page: PageBuilder, messages: list[Message]) -> int:
        """Add what fits and keep the rest for the next read."""
        for index, message in enumerate(messages):
            error = message.error()
            if _is_end(message):
                page.skip_to(_offset(message))
            elif error is not None:
                raise KafkaException(error)
            elif page.is_full or not page.add(_stored(message)):
                self._surplus.extend(messages[index:])
                break
        return page.next_offset

    def _has_surplus(self) -> bool:
        if not self._surplus:
            self._surplus.extend(self._next(0))
        return any(not _is_end(message) for message in self._surplus)

    def _forget_ends_before(self, end: int) -> None:
        # An end that was told while nobody read says nothing of what was written since.
        self._surplus = deque(
            message for message in self._surplus if not _is_end(message) or _offset(message) >= end
        )

    def _stop_fetching(self) -> None:
        # A broker answers one connection's requests in turn: behind a waiting fetch, all wait.
        self.place = None
        self._surplus.clear()
        self._consumer.unassign()

    def _begin(self, partition: TopicPartition, start: Start, span: Span) -> int:
        """The offset of the first record to read; raises OffsetOutOfRangeError."""
        if isinstance(start, Since):
            return self._first_since(partition, start.timestamp_ms, span)
        if start == EARLIEST:
            return span.earliest
        if start == LATEST:
            return span.end
        if not span.earliest <= start <= span.end:
            raise OffsetOutOfRangeError(str(start), span.earliest, span.end)
        return start

    def _first_since(self, partition: TopicPartition, timestamp_ms: int, span: Span) -> int:
        wanted = TopicPartition(partition.topic, partition.partition, timestamp_ms)
        (found,) = self._consumer.offsets_for_times([wanted], timeout=METADATA_TIMEOUT_SECONDS)
        if found.error is not None:
            raise KafkaException(found.error)
        return found.offset if found.offset >= 0 else span.end

    def _go_to(self, request: ReadRequest, start: int) -> None:
        self._surplus.clear()
        self._consumer.assign([TopicPartition(request.topic, request.partition, start)])

    def _span(self, partition: TopicPartition) -> Span:
        return Span(
            *self._consumer.get_watermark_offsets(
                partition, timeout=METADATA_TIMEOUT_SECONDS, cached=False
            )
        )

    def _last_span(self, partition: TopicPartition) -> Span:
        span = Span(*self._consumer.get_watermark_offsets(partition, cached=True))
        return span if span.earliest >= 0 and span.end >= 0 else self._span(partition)

    def _explain(self, error: KafkaError, request: ReadRequest) -> AppError:
        self._consumer.poll(0)  # has librdkafka report what made the request fail
        if self._refused:
            return ClusterRefusedCredentialError()
        if error.code() in {kafka_codes.NO_OFFSET, KafkaError.OFFSET_OUT_OF_RANGE}:
            span = self._span(TopicPartition(request.topic, request.partition))
            return OffsetOutOfRangeError(str(request.start), span.earliest, span.end)
        if error.code() == kafka_codes.UNKNOWN_PARTITION and not self._has_topic(request.topic):
            return TopicNotFoundError(request.topic)
        return read_error(error, request.topic, request.partition)

    def _has_topic(self, topic: str) -> bool:
        # librdkafka has one error for an unknown topic and for a partition it does not have.
        try:
            metadata = self._consumer.list_topics(topic, timeout=METADATA_TIMEOUT_SECONDS)
        except KafkaException:
            return True
        found = metadata.topics.get(topic)
        return found is not None and found.error is None

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in kafka_codes.REFUSED_CREDENTIAL:
            self._refused = True


def _is_end(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() == kafka_codes.PARTITION_END


def _offset(message: Message) -> int:
    offset = message.offset()
    assert offset is not None
    return offset


def _stored(message: Message) -> StoredRecord:
    kind, timestamp_ms = message.timestamp()
    return StoredRecord(
        offset=_offset(message),
        timestamp_ms=timestamp_ms if kind in TIMESTAMP_TYPES else None,
        timestamp_type=TIMESTAMP_TYPES.get(kind),
        key=message.key(),
        value=message.value(),
        headers=tuple(cast("list[Header]", message.headers() or [])),
    )


def _settings(
    route: Route, credentials: ClientCredentials, on_error: OnError
) -> dict[str, ClientSetting]:
    return connection_settings(route, credentials, on_error) | {
        "group.id": GROUP_ID,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": FETCH_WAIT_MS,
        "fetch.max.bytes": FETCH_BYTES_MAX,
        "max.partition.fetch.bytes": MIB,
        "queued.max.messages.kbytes": PREFETCH_KIB_MAX,
        # At its default librdkafka pauses a second whenever its queue is full.
        "fetch.queue.backoff.ms": FETCH_QUEUE_BACKOFF_MS,
    }
