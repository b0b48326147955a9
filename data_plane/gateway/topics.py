"""Which topics a producer knows to exist, so that nothing is sent to one that does not."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import KafkaError, KafkaException, Producer

from control_plane.kit.clock import Clock
from data_plane.gateway.errors import TopicNotFoundError
from data_plane.gateway.kafka_errors import error_of, read_error
from data_plane.gateway.limits import (
    METADATA_TIMEOUT_SECONDS,
    TOPIC_KNOWN_SECONDS,
    TOPICS_KNOWN_MAX,
)


class KnownTopics:
    """Partition counts by topic, asked for again when they are old or turned out wrong.

    librdkafka keeps every topic it is once given and answers for unknown ones from memory; so
    the cluster is asked first, and a topic that does not exist never reaches it.
    """

    def __init__(self, producer: Producer, threads: ThreadPoolExecutor, clock: Clock) -> None:
        self._producer = producer
        self._threads = threads
        self._clock = clock
        self._known: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[int]] = {}

    async def learn(self, topic: str, partitions_wanted: int) -> None:
        """Know the topic, afresh if so many partitions of it are not known yet.

        Raises TopicNotFoundError, ClusterUnreachableError and others where that fails.
        """
        known = self._known.get(topic)
        is_fresh = known is not None and self._clock.monotonic() - known[1] < TOPIC_KNOWN_SECONDS
        if known is None or not is_fresh or known[0] < partitions_wanted:
            await self._ask(topic)

    def has(self, topic: str, partition: int | None) -> bool:
        """Whether the topic, with that partition if one is named, was there when last asked."""
        known = self._known.get(topic)
        return known is not None and (partition is None or partition < known[0])

    def forget(self, topic: str) -> None:
        """Ask the cluster about `topic` before it is used again."""
        self._known.pop(topic, None)

    async def _ask(self, topic: str) -> int:
        task = self._asking.get(topic)
        if task is None:
            task = asyncio.create_task(self._fetch(topic))
            self._asking[topic] = task
            task.add_done_callback(lambda _: self._asking.pop(topic, None))
        return await asyncio.shield(task)

    async def _fetch(self, topic: str) -> int:
        loop = asyncio.get_running_loop()
        partitions = await loop.run_in_executor(self._threads, self._request, topic)
        self._known[topic] = (partitions, self._clock.monotonic())
        self._known.move_to_end(topic)
        while len(self._known) > TOPICS_KNOWN_MAX:
            self._known.popitem(last=False)
        return partitions

    def _request(self, topic: str) -> int:
        try:
            metadata = self._producer.list_topics(topic, timeout=METADATA_TIMEOUT_SECONDS)
        except KafkaException as failure:
            raise read_error(error_of(failure), topic, None) from failure
        found = metadata.topics.get(topic)
        if found is None:
            raise TopicNotFoundError(topic)
        if found.error is not None and found.error.code() != KafkaError.LEADER_NOT_AVAILABLE:
            raise read_error(found.error, topic, None)
        return len(found.partitions)
