"""Native producers, one per credential and cluster, shared by every request of that credential."""

import asyncio
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from control_plane.kit.clock import Clock
from control_plane.kit.errors import AppError
from data_plane.gateway import kafka_codes
from data_plane.gateway.budget import ByteBudget
from data_plane.gateway.connections import ClientSetting, OnError, connection_settings
from data_plane.gateway.deliveries import Deliveries, Outcome
from data_plane.gateway.endpoints import ClientCredentials, Route
from data_plane.gateway.errors import (
    ClusterRefusedCredentialError,
    CredentialBusyError,
    TopicNotFoundError,
)
from data_plane.gateway.kafka_errors import error_of, produce_error
from data_plane.gateway.limits import (
    DELIVERY_TIMEOUT_MS,
    IN_FLIGHT_BYTES_PER_CREDENTIAL_MAX,
    LINGER_MS,
    MIB,
    RECORD_OVERHEAD_BYTES,
    TOPIC_NAME_CHARACTERS_MAX,
)
from data_plane.gateway.records import NewRecord
from data_plane.gateway.topics import KnownTopics

POLL_SECONDS = 0.5
UNASSIGNED_PARTITION = -1
NOW_MS = 0
TOPIC_NAME = re.compile(rf"(?!\.\.?\Z)[A-Za-z0-9._-]{{1,{TOPIC_NAME_CHARACTERS_MAX}}}")

_log = structlog.get_logger(__name__)


class CredentialProducer:
    """An idempotent producer that acts as one caller on one cluster.

    Used from one event loop; callbacks of librdkafka come on the thread that polls it.
    """

    def __init__(
        self,
        route: Route,
        credentials: ClientCredentials,
        threads: ThreadPoolExecutor,
        clock: Clock,
    ) -> None:
        self.route = route
        self.budget = ByteBudget(IN_FLIGHT_BYTES_PER_CREDENTIAL_MAX)
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()
        self.in_flight: set[asyncio.Task[list[Outcome]]] = set()
        self.is_closing = False
        self._clock = clock
        self.used_at = clock.monotonic()
        self.is_broken = False
        self._refused: KafkaError | None = None
        self._producer = Producer(_settings(route, credentials, self._on_error))
        self._topics = KnownTopics(self._producer, threads, clock)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._poll, name=f"producer-{route.principal}", daemon=True
        )
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether nobody has borrowed it and nothing is in flight."""
        return self._users == 0 and not self.in_flight

    def borrow(self) -> None:
        """Keep it open until given back."""
        self._users += 1
        self._unused.clear()

    def give_back(self) -> None:
        """End one borrowing."""
        self._users -= 1
        self.used_at = self._clock.monotonic()
        if self._users == 0:
            self._unused.set()

    async def idle(self) -> None:
        """Wait until nobody has borrowed it and everything handed over has its outcome."""
        await self._unused.wait()
        while self.in_flight:
            await asyncio.wait(self.in_flight)

    async def check_topic(self, topic: str, records: Sequence[NewRecord] = ()) -> None:
        """Raise TopicNotFoundError unless the cluster has the topic.

        Also sees to it that partitions which the records name are known here if the cluster has
        them; a record for one that it has not fails by itself.
        """
        if not TOPIC_NAME.fullmatch(topic):
            raise TopicNotFoundError(topic)
        named = [record.partition for record in records if record.partition is not None]
        try:
            await self._topics.learn(topic, max(named, default=-1) + 1)
        except AppError:
            if self._refused is not None:
                raise ClusterRefusedCredentialError from None
            raise

    def send(self, topic: str, records: Sequence[NewRecord]) -> Deliveries:
        """Hand records over, in order; each gets its outcome in what is returned."""
        to_error = partial(self._failed, topic, records)
        deliveries = Deliveries(len(records), to_error)
        for index, record in enumerate(records):
            try:
                self._producer.produce(
                    topic,
                    record.value,
                    record.key,
                    UNASSIGNED_PARTITION if record.partition is None else record.partition,
                    on_delivery=deliveries.callback(index),
                    timestamp=record.timestamp_ms or NOW_MS,
                    headers=list(record.headers),
                )
            except KafkaException as failure:
                deliveries.settle(index, to_error(error_of(failure), index))
            except BufferError:
                busy = CredentialBusyError("too many records of this credential are in flight")
                deliveries.settle(index, busy)
        return deliveries

    def give_up(self) -> None:
        """Fail at once what is still in flight; whether it was written is not known."""
        if self.in_flight:
            self._producer.purge(in_queue=True, in_flight=True, blocking=False)

    def close(self) -> None:
        """Stop polling and let the producer go. Blocks shortly; nothing may be in flight."""
        self._stop.set()
        self._thread.join()
        self._producer.close()

    def _poll(self) -> None:
        while not self._stop.is_set():
            self._producer.poll(POLL_SECONDS)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self.is_broken = True
            _log.error("producer failed", principal=self.route.principal, error=error.str())
        elif error.code() in kafka_codes.REFUSED_CREDENTIAL:
            # librdkafka would try again until each record times out.
            self._refused = error
            self.is_broken = True
            self._producer.purge(in_queue=True, in_flight=False, blocking=False)

    def _failed(
        self, topic: str, records: Sequence[NewRecord], error: KafkaError, index: int
    ) -> AppError:
        if self._refused is not None and error.code() == kafka_codes.PURGED:
            return ClusterRefusedCredentialError()
        partition = records[index].partition
        if error.code() in kafka_codes.UNKNOWN_TOPIC or (
            error.code() == kafka_codes.UNKNOWN_PARTITION and self._topics.has(topic, partition)
        ):
            # The topic is gone, and librdkafka goes on remembering so for a while: were it made
            # again meanwhile, only a fresh producer would see it at once.
            self._topics.forget(topic)
            self.is_broken = True
            return TopicNotFoundError(topic)
        return produce_error(error, topic, partition)


def _settings(
    route: Route, credentials: ClientCredentials, on_error: OnError
) -> dict[str, ClientSetting]:
    return connection_settings(route, credentials, on_error) | {
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "linger.ms": LINGER_MS,
        "message.max.bytes": MIB,
        "message.timeout.ms": DELIVERY_TIMEOUT_MS,
        "queue.buffering.max.kbytes": 2 * IN_FLIGHT_BYTES_PER_CREDENTIAL_MAX // 1024,
        "queue.buffering.max.messages": IN_FLIGHT_BYTES_PER_CREDENTIAL_MAX // RECORD_OVERHEAD_BYTES,
        # The cluster has been asked already; an unknown topic is an answer, not a delay.
        "topic.metadata.propagation.max.ms": 0,
        "topic.metadata.refresh.fast.interval.ms": 50,
    }
