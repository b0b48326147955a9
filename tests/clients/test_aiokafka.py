"""aiokafka against a cluster, with the credentials that were printed for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from tests.clients.samples import (
    PATIENCE_SECONDS,
    Received,
    Record,
    assert_same,
    each_access,
    sample,
)
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster, Mechanism, SecurityProtocol

pytestmark = pytest.mark.xdist_group("clients-aiokafka")


@each_access
def test_what_is_produced_is_consumed_by_a_group(
    kafka_cluster: KafkaCluster, protocol: SecurityProtocol, mechanism: Mechanism
) -> None:
    access, topic = kafka_cluster.access(protocol, mechanism), kafka_cluster.topic("aiokafka")
    sent = sample(100)

    async def run() -> list[Received]:
        await produce(access, topic, sent)
        return await consume(access, topic, "readers", len(sent))

    assert_same(asyncio.run(run()), sent)


def test_an_idempotent_producer_writes_each_record_once(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("aiokafka")
    sent = sample(500)

    async def run() -> list[Received]:
        await produce(access, topic, sent, idempotent=True)
        return await consume(access, topic, "idempotent", len(sent))

    assert_same(asyncio.run(run()), sent)


def test_offsets_are_found_by_time_and_at_both_ends(kafka_cluster: KafkaCluster) -> None:
    access, topic = kafka_cluster.access(), kafka_cluster.topic("aiokafka", 1)
    minutes = [1_795_000_000_000 + minute * 60_000 for minute in range(5)]
    partition = TopicPartition(topic, 0)

    async def run() -> tuple[int, int, list[int | None]]:
        async with AIOKafkaProducer(**access.python()) as producer:
            for minute in minutes:
                await producer.send_and_wait(topic, b"x", partition=0, timestamp_ms=minute)
        async with consumer(access, topic, "times") as reader:
            first = (await reader.beginning_offsets([partition]))[partition]
            end = (await reader.end_offsets([partition]))[partition]
            times = (minutes[2], minutes[2] + 1, minutes[4] + 1)
            found = [(await reader.offsets_for_times({partition: t}))[partition] for t in times]
            return first, end, [None if one is None else one.offset for one in found]

    assert asyncio.run(run()) == (0, 5, [2, 3, None])


async def produce(
    access: KafkaAccess,
    topic: str,
    records: Sequence[Record],
    *,
    codec: str | None = None,
    idempotent: bool = False,
) -> None:
    """Send all, each partition in order, and wait for every acknowledgement."""
    options = access.python()
    async with AIOKafkaProducer(
        **options, compression_type=codec, enable_idempotence=idempotent
    ) as producer:
        sending = [
            asyncio.ensure_future(
                producer.send_and_wait(
                    topic,
                    record.value,
                    record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                )
            )
            for record in records
        ]
        done = await asyncio.wait_for(asyncio.gather(*sending), PATIENCE_SECONDS)
        assert [one.partition for one in done] == [record.partition for record in records]


async def consume(access: KafkaAccess, topic: str, group: str, count: int) -> list[Received]:
    """Read `count` records as a member of a group, commit them and leave."""
    received: list[Received] = []
    async with consumer(access, topic, group) as reader:

        async def take() -> None:
            received.extend(await _take(reader, count - len(received)))

        await _until(lambda: len(received) >= count, take)
        await reader.commit()
    return received


def consumer(access: KafkaAccess, topic: str, group: str) -> AIOKafkaConsumer:
    """A group member; leaves its group at the end of its `async with`."""
    options = access.python()
    return AIOKafkaConsumer(
        topic,
        **options,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=300,
    )


async def _until(done: Callable[[], bool], step: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not done():
            await step()


async def _take(member: AIOKafkaConsumer, count: int) -> list[Received]:
    batches = (await member.getmany(timeout_ms=100, max_records=count)).values()
    return [_received(record) for batch in batches for record in batch]


def _received(message: ConsumerRecord) -> Received:
    record = Record(
        partition=message.partition,
        key=message.key,
        value=message.value,
        headers=tuple((name, value) for name, value in message.headers),
    )
    return Received(record=record, offset=message.offset)
