"""Records reach a real broker whole, once and in order, and within bounds."""

from __future__ import annotations

import asyncio

import pytest

from data_plane.gateway.deliveries import Outcome
from data_plane.gateway.endpoints import ClusterEndpoint, Route
from data_plane.gateway.errors import (
    ClusterUnreachableError,
    CredentialBusyError,
    GatewayBusyError,
    PartitionNotFoundError,
    ProduceTimeoutError,
    TopicNotFoundError,
)
from data_plane.gateway.limits import (
    IN_FLIGHT_BYTES_PER_CREDENTIAL_MAX,
    PRODUCER_IDLE_SECONDS,
    RECORD_BYTES_MAX,
)
from data_plane.gateway.records import Delivered, NewRecord
from tests.data_plane.gateway.conftest import PARTITIONS, DevBroker
from tests.data_plane.gateway.gateways import (
    PATIENCE_SECONDS,
    TestGateway,
    numbered,
    numbers,
    with_gateway,
)
from tests.fixtures.clocks import ManualClock

pytestmark = pytest.mark.xdist_group("gateway")


def test_what_is_produced_is_what_is_stored(dev_broker: DevBroker) -> None:
    records = [
        NewRecord(
            b"key", b"value", (("h", b"1"), ("h", b"\xff\x00"), ("none", None)), 1, 1700000000123
        ),
        NewRecord(b"", b"", (), 1),
        NewRecord(None, None, (), 1),
        NewRecord(b"\xff\xfe", bytes(range(256)), (), 1),
        NewRecord(None, b"x" * (RECORD_BYTES_MAX - 10), (), 1),
    ]

    async def scenario(gateway: TestGateway) -> None:
        delivered = await gateway.produce(dev_broker.route(), "whole", records)
        page = await gateway.read(dev_broker.route(), "whole", partition=1, bytes_max=1 << 22)

        assert [(d.partition, d.offset) for d in delivered] == [(1, n) for n in range(5)]
        assert [(r.key, r.value, r.headers) for r in page.records] == [
            (r.key, r.value, r.headers) for r in records
        ]
        assert page.records[0].timestamp_ms == delivered[0].timestamp_ms == 1700000000123
        assert {r.timestamp_type for r in page.records} == {"create"}

    with_gateway(scenario)


def test_batches_in_flight_at_once_keep_their_order(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        records = numbered(5_000)
        tasks = [
            await gateway.send(dev_broker.route(), "order", records[start : start + 100])
            for start in range(0, len(records), 100)
        ]
        for task in tasks:
            assert all(isinstance(outcome, Delivered) for outcome in await task)
        page = await gateway.read(dev_broker.route(), "order")

        assert numbers(page) == list(range(5_000))

    with_gateway(scenario)


def test_a_key_goes_to_the_partition_that_java_clients_choose(dev_broker: DevBroker) -> None:
    # murmur2("21") & 0x7fffffff and so on, from the tests of Apache Kafka's Utils class.
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}

    async def scenario(gateway: TestGateway) -> None:
        for key, murmur2 in hashes.items():
            (delivered,) = await gateway.produce(dev_broker.route(), "keys", [NewRecord(key, b"v")])
            assert delivered.partition == (murmur2 & 0x7FFFFFFF) % PARTITIONS

    with_gateway(scenario)


def test_only_the_record_for_a_missing_partition_fails(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        records = [NewRecord(None, b"0", partition=p) for p in (0, PARTITIONS, 1)]
        first, missing, last = await (await gateway.send(dev_broker.route(), "missing", records))

        assert isinstance(first, Delivered)
        assert isinstance(missing, PartitionNotFoundError)
        assert isinstance(last, Delivered)

    with_gateway(scenario)


@pytest.mark.parametrize("topic", ["", "a b", "a/b", "x" * 250, "é"])
def test_a_name_that_no_topic_can_have_is_not_found(dev_broker: DevBroker, topic: str) -> None:
    async def scenario(gateway: TestGateway) -> None:
        with pytest.raises(TopicNotFoundError):
            await gateway.send(dev_broker.route(), topic, numbered(1))

    with_gateway(scenario)


def test_a_cluster_that_refuses_connections_is_unreachable_and_nothing_is_sent() -> None:
    nowhere = Route(ClusterEndpoint("lkc_gone", "127.0.0.1:1", "PLAINTEXT"), "hk_test")

    async def scenario(gateway: TestGateway) -> None:
        with pytest.raises(ClusterUnreachableError):
            await gateway.send(nowhere, "topic", numbered(1))

    with_gateway(scenario)


def test_a_killed_broker_loses_and_repeats_nothing(own_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        route, records = own_broker.route(), numbered(20_000, size=200)
        await gateway.produce(route, "killed", [NewRecord(None, b"-1", partition=0)])
        tasks: list[asyncio.Task[list[Outcome]]] = []
        for start in range(0, len(records), 500):
            tasks.append(await gateway.send(route, "killed", records[start : start + 500]))
            if start == 5_000:
                await tasks[0]
                own_broker.kill()
                own_broker.start()
        outcomes = [outcome for task in tasks for outcome in await task]
        assert all(isinstance(outcome, Delivered) for outcome in outcomes)

        found: list[int] = []
        offset, end = 1, 20_001
        while offset < end:
            page = await gateway.read(route, "killed", offset, bytes_max=1 << 22)
            assert page.records
            found.extend(numbers(page))
            offset, end = page.next_offset, page.end_offset
        assert found == list(range(20_000))

    with_gateway(scenario)


def test_a_credential_has_bounded_bytes_in_flight(own_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        route = own_broker.route()
        await gateway.produce(route, "bounded", numbered(1))
        own_broker.pause()
        large = [NewRecord(None, b"x" * 1_000_000, partition=0)]
        tasks: list[asyncio.Task[list[Outcome]]] = []
        async with gateway.producers.producer(route) as sender:
            for _ in range(IN_FLIGHT_BYTES_PER_CREDENTIAL_MAX // 1_001_000):
                task = await sender.send("bounded", large, PATIENCE_SECONDS)
                tasks.append(task)
            with pytest.raises(CredentialBusyError):
                await sender.send("bounded", large, 0.1)
        own_broker.resume()
        outcomes = [outcome for task in tasks for outcome in await task]
        assert all(isinstance(outcome, Delivered) for outcome in outcomes)
        await gateway.produce(route, "bounded", large)

    with_gateway(scenario)


def test_a_process_has_bounded_bytes_in_flight(own_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(own_broker.route("hk_one"), "process", numbered(1))
        await gateway.produce(own_broker.route("hk_two"), "process", numbered(1))
        own_broker.pause()
        first = await gateway.send(own_broker.route("hk_one"), "process", numbered(1, size=3_000))
        async with gateway.producers.producer(own_broker.route("hk_two")) as sender:
            with pytest.raises(GatewayBusyError):
                await sender.send("process", numbered(1, size=3_000), 0.1)
        own_broker.resume()
        await first
        await gateway.produce(own_broker.route("hk_two"), "process", numbered(1, size=3_000))

    with_gateway(scenario, lambda: TestGateway(bytes_max=5_000))


def test_the_least_recently_used_producer_makes_room(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        for principal in ("hk_a", "hk_b", "hk_c", "hk_a"):
            await gateway.produce(dev_broker.route(principal), "room", numbered(1))
        async with (
            gateway.producers.producer(dev_broker.route("hk_a")),
            gateway.producers.producer(dev_broker.route("hk_b")),
        ):
            with pytest.raises(GatewayBusyError):
                await gateway.send(dev_broker.route("hk_c"), "room", numbered(1))
        assert len(gateway.producers) == 2

    with_gateway(scenario, lambda: TestGateway(producers_max=2))


def test_idle_producers_are_closed_and_made_again(
    dev_broker: DevBroker, clock: ManualClock
) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(dev_broker.route(), "idle", numbered(1))
        gateway.producers.sweep()
        assert len(gateway.producers) == 1
        clock.advance(PRODUCER_IDLE_SECONDS + 1)
        gateway.producers.sweep()
        assert len(gateway.producers) == 0
        await gateway.produce(dev_broker.route(), "idle", numbered(1))

    with_gateway(scenario, lambda: TestGateway(clock))


def test_closing_gives_up_what_a_cluster_does_not_answer(own_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(own_broker.route(), "given-up", numbered(1))
        own_broker.pause()
        task = await gateway.send(own_broker.route(), "given-up", numbered(10))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await gateway.producers.close()
        assert all(isinstance(outcome, ProduceTimeoutError) for outcome in await task)

    with_gateway(scenario)


def test_closing_waits_for_what_is_in_flight(own_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(own_broker.route(), "closing", numbered(1))
        own_broker.pause()
        task = await gateway.send(own_broker.route(), "closing", numbered(10))
        closing = asyncio.create_task(gateway.producers.close())
        await asyncio.sleep(0.1)
        assert not closing.done()
        own_broker.resume()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await closing
        assert all(isinstance(outcome, Delivered) for outcome in await task)

    with_gateway(scenario)
