"""Reads return every record from an offset on, and wait without holding anything up."""

from __future__ import annotations

import asyncio

import pytest

from data_plane.gateway.consumers import ReadRequest, Since, Start
from data_plane.gateway.endpoints import ClusterEndpoint, Route
from data_plane.gateway.errors import (
    ClusterUnreachableError,
    CredentialBusyError,
    OffsetOutOfRangeError,
    PartitionNotFoundError,
)
from data_plane.gateway.limits import READERS_PER_CREDENTIAL_MAX
from data_plane.gateway.records import NewRecord
from tests.data_plane.gateway.conftest import PARTITIONS, DevBroker
from tests.data_plane.gateway.gateways import (
    PATIENCE_SECONDS,
    TestGateway,
    numbered,
    numbers,
    with_gateway,
)

pytestmark = pytest.mark.xdist_group("gateway")

LONG_WAIT_SECONDS = 60.0
HOUR_MS = 3_600_000


@pytest.mark.parametrize("bytes_max", [1, 7, 10, 99, 1_000, 10_000])
def test_no_record_is_lost_or_repeated_where_pages_are_cut(
    dev_broker: DevBroker, bytes_max: int
) -> None:
    async def scenario(gateway: TestGateway) -> None:
        topic = f"cut-{bytes_max}"
        await gateway.produce(dev_broker.route(), topic, numbered(300))
        found: list[int] = []
        offset = 0
        while offset < 300:
            page = await gateway.read(dev_broker.route(), topic, offset, bytes_max=bytes_max)
            assert page.records
            assert len(page.records) == 1 or sum(r.size_bytes for r in page.records) <= bytes_max
            found.extend(numbers(page))
            offset = page.next_offset
        assert found == list(range(300))

    with_gateway(scenario)


def test_reads_from_anywhere_return_what_is_there(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(dev_broker.route(), "anywhere", numbered(100))
        for offset in (50, 0, 99, 51, 50, 100):
            page = await gateway.read(dev_broker.route(), "anywhere", offset)
            assert numbers(page) == list(range(offset, 100))
            assert (page.next_offset, page.earliest_offset, page.end_offset) == (100, 0, 100)

    with_gateway(scenario)


def test_readers_of_one_caller_do_not_disturb_each_other(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        for partition in range(PARTITIONS):
            await gateway.produce(dev_broker.route(), "apart", numbered(200, partition))

        async def read_all(partition: int) -> list[int]:
            found: list[int] = []
            while len(found) < 200:
                page = await gateway.read(
                    dev_broker.route(), "apart", len(found), partition=partition, bytes_max=50
                )
                found.extend(numbers(page))
            return found

        every = await asyncio.gather(*(read_all(p) for p in range(PARTITIONS)))
        assert every == [list(range(200))] * PARTITIONS

    with_gateway(scenario)


def test_an_end_told_earlier_hides_nothing_written_since(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        route = dev_broker.route()
        await gateway.produce(route, "ends", numbered(1))
        for number in range(1, 20):
            await gateway.read(route, "ends", number)
            # Another read looks at what the reader that stands at the end still holds.
            await gateway.read(route, "ends", 0, partition=1)
            await gateway.produce(route, "ends", numbered(1))
            page = await gateway.read(route, "ends", number)
            assert [record.offset for record in page.records] == [number]

    with_gateway(scenario)


def test_what_was_acknowledged_is_read_at_once(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        for number in range(50):
            (delivered,) = await gateway.produce(dev_broker.route(), "at-once", numbered(1))
            page = await gateway.read(dev_broker.route(), "at-once", number)
            assert [record.offset for record in page.records] == [delivered.offset] == [number]

    with_gateway(scenario)


def test_latest_is_the_end_and_a_wait_there_sees_the_next_record(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(dev_broker.route(), "latest", numbered(3))
        empty = await gateway.read(dev_broker.route(), "latest", "latest")
        assert (empty.records, empty.next_offset) == ([], 3)

        waiting = asyncio.create_task(
            gateway.read(dev_broker.route(), "latest", "latest", wait_seconds=LONG_WAIT_SECONDS)
        )
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await gateway.produce(dev_broker.route(), "latest", numbered(1))
        async with asyncio.timeout(PATIENCE_SECONDS):
            page = await waiting
        assert [record.offset for record in page.records] == [3]

    with_gateway(scenario)


class TestSince:
    def test_begins_at_the_first_record_that_is_not_older(self, dev_broker: DevBroker) -> None:
        expected = {0: 0, HOUR_MS: 0, HOUR_MS + 1: 1, 2 * HOUR_MS: 1, 3 * HOUR_MS: 2}

        async def scenario(gateway: TestGateway) -> None:
            await gateway.produce(dev_broker.route(), "since", hourly(3))
            for timestamp_ms, offset in expected.items():
                page = await gateway.read(dev_broker.route(), "since", Since(timestamp_ms))
                assert [record.offset for record in page.records] == list(range(offset, 3))
                assert (page.next_offset, page.earliest_offset, page.end_offset) == (3, 0, 3)

        with_gateway(scenario)

    def test_after_the_last_record_begins_at_the_end(self, dev_broker: DevBroker) -> None:
        async def scenario(gateway: TestGateway) -> None:
            await gateway.produce(dev_broker.route(), "since-end", hourly(3))
            since = Since(3 * HOUR_MS + 1)
            page = await gateway.read(dev_broker.route(), "since-end", since)
            assert (page.records, page.next_offset, page.end_offset) == ([], 3, 3)

            waiting = asyncio.create_task(
                gateway.read(dev_broker.route(), "since-end", since, wait_seconds=LONG_WAIT_SECONDS)
            )
            await asyncio.sleep(0.3)
            assert not waiting.done()
            await gateway.produce(dev_broker.route(), "since-end", numbered(1))
            async with asyncio.timeout(PATIENCE_SECONDS):
                page = await waiting
            assert [record.offset for record in page.records] == [3]

        with_gateway(scenario)

    def test_in_an_empty_partition_begins_at_the_end(self, dev_broker: DevBroker) -> None:
        async def scenario(gateway: TestGateway) -> None:
            await gateway.produce(dev_broker.route(), "since-none", numbered(1))
            page = await gateway.read(dev_broker.route(), "since-none", Since(0), partition=1)
            assert (page.records, page.next_offset) == ([], 0)

        with_gateway(scenario)

    def test_a_page_of_it_is_gone_on_from_like_any_other(self, dev_broker: DevBroker) -> None:
        async def scenario(gateway: TestGateway) -> None:
            await gateway.produce(dev_broker.route(), "since-on", hourly(300))
            found: list[int] = []
            start: Start = Since(101 * HOUR_MS)
            while len(found) < 200:
                page = await gateway.read(dev_broker.route(), "since-on", start, bytes_max=50)
                found.extend(record.offset for record in page.records)
                start = page.next_offset
            assert found == list(range(100, 300))

        with_gateway(scenario)

    def test_in_an_unknown_topic_or_partition_is_told(self, dev_broker: DevBroker) -> None:
        async def scenario(gateway: TestGateway) -> None:
            await gateway.produce(dev_broker.route(), "since-where", numbered(1))
            with pytest.raises(PartitionNotFoundError):
                await gateway.read(
                    dev_broker.route(), "since-where", Since(0), partition=PARTITIONS
                )

        with_gateway(scenario)


def hourly(count: int) -> list[NewRecord]:
    """Records of the first hours after 1970 began."""
    return [
        NewRecord(None, b"v", partition=0, timestamp_ms=number * HOUR_MS)
        for number in range(1, count + 1)
    ]


def test_a_wait_that_nothing_ends_returns_an_empty_page(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(dev_broker.route(), "quiet", numbered(1))
        page = await gateway.read(dev_broker.route(), "quiet", 1, wait_seconds=0.2)
        assert (page.records, page.next_offset) == ([], 1)

    with_gateway(scenario)


@pytest.mark.parametrize("offset", [4, 10**17])
def test_an_offset_after_the_end_is_out_of_range(dev_broker: DevBroker, offset: int) -> None:
    async def scenario(gateway: TestGateway) -> None:
        topic = f"range-{offset}"
        await gateway.produce(dev_broker.route(), topic, numbered(3))
        with pytest.raises(OffsetOutOfRangeError, match="0 to 3"):
            await gateway.read(dev_broker.route(), topic, offset)
        assert len((await gateway.read(dev_broker.route(), topic)).records) == 3

    with_gateway(scenario)


def test_a_partition_that_the_topic_lacks_is_not_found(dev_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(dev_broker.route(), "lacking", numbered(1))
        with pytest.raises(PartitionNotFoundError):
            await gateway.read(dev_broker.route(), "lacking", partition=PARTITIONS)

    with_gateway(scenario)


def test_a_cluster_that_refuses_connections_is_unreachable() -> None:
    nowhere = Route(ClusterEndpoint("lkc_gone", "127.0.0.1:1", "PLAINTEXT"), "hk_test")

    async def scenario(gateway: TestGateway) -> None:
        with pytest.raises(ClusterUnreachableError):
            await gateway.read(nowhere, "topic")

    with_gateway(scenario)


def test_a_caller_has_a_bounded_number_of_reads_and_a_cancelled_one_makes_room(
    dev_broker: DevBroker,
) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(dev_broker.route(), "many", numbered(1))
        request = ReadRequest("many", 0, 1, 100, LONG_WAIT_SECONDS)
        waiting = [
            asyncio.create_task(
                gateway.consumers.read(dev_broker.route(), request, lambda page: page)
            )
            for _ in range(READERS_PER_CREDENTIAL_MAX)
        ]
        await asyncio.sleep(0)
        with pytest.raises(CredentialBusyError):
            await gateway.read(dev_broker.route(), "many")
        assert (await gateway.read(dev_broker.route("hk_other"), "many")).records

        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        await gateway.consumers.quiet()
        assert (await gateway.read(dev_broker.route(), "many")).records

    with_gateway(scenario)


def test_a_killed_broker_is_read_from_again_after_its_start(own_broker: DevBroker) -> None:
    async def scenario(gateway: TestGateway) -> None:
        await gateway.produce(own_broker.route(), "again", numbered(10))
        first = await gateway.read(own_broker.route(), "again", bytes_max=5)
        own_broker.kill()
        own_broker.start()
        rest = await gateway.read(own_broker.route(), "again", first.next_offset)
        assert numbers(first) + numbers(rest) == list(range(10))

    with_gateway(scenario)
