"""The contract's requests with aiokafka."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import AbstractTokenProvider
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from tests.clients.foreign.python import contract
from tests.clients.foreign.python.contract import Fields

POLL_MS = 50
RETENTION = "retention.ms"
# Where describing a group says its state, in the versions that the client knows.
STATE = 2


class Tokens(AbstractTokenProvider):
    """Asks the issuer for each token."""

    def __init__(self, access: Fields) -> None:
        self._access = access

    async def token(self) -> str:
        return await asyncio.to_thread(contract.fetch_token, self._access)


class AiokafkaClient:
    """See `contract.Client`."""

    def __init__(self, access: Fields) -> None:
        self._told = access
        self._access: dict[str, Any] = _options(access)
        self._kept: AIOKafkaProducer | None = None
        # One event loop for all requests: the producer that stays open belongs to it.
        self._runner = asyncio.Runner()

    def produce(self, request: Fields) -> Fields:
        return self._run(self._produce(request))

    def consume(self, request: Fields) -> Fields:
        return self._run(self._consume(request))

    def rebalance(self, request: Fields) -> Fields:
        return self._run(self._rebalance(request))

    def pipeline(self, request: Fields) -> Fields:
        return self._run(self._pipeline(request))

    def administer(self, request: Fields) -> Fields:
        return self._run(self._administer(request))

    def keep(self, request: Fields) -> Fields:
        return self._run(self._keep(request))

    def enter(self, request: Fields) -> Fields:
        return self._run(self._enter(request))

    def _run(self, work: Coroutine[Any, Any, Fields]) -> Fields:
        async def limited() -> Fields:
            async with asyncio.timeout(contract.PATIENCE_SECONDS):
                return await work

        return self._runner.run(limited())

    async def _keep(self, request: Fields) -> Fields:
        if self._kept is None:
            self._kept = AIOKafkaProducer(**self._access)
            await self._kept.start()
        sent = await self._kept.send_and_wait(request["topic"], b"kept")
        return {"offset": sent.offset}

    async def _enter(self, request: Fields) -> Fields:
        admin = AIOKafkaAdminClient(**_options(contract.other(self._told, request)))
        try:
            await admin.start()
            await admin.list_topics()
        except KafkaError as error:
            return {"refused": type(error).__name__}
        finally:
            await admin.close()
        return {"refused": None}

    async def _produce(self, request: Fields) -> Fields:
        codec = None if request["codec"] == "none" else request["codec"]
        async with AIOKafkaProducer(**self._access, compression_type=codec) as producer:
            sending = [
                await producer.send(
                    request["topic"],
                    contract.encode(record["value"]),
                    contract.encode(record["key"]),
                    partition=record["partition"],
                    headers=[(name, value.encode()) for name, value in record["headers"]],
                )
                for record in request["records"]
            ]
            return {"offsets": [one.offset for one in await asyncio.gather(*sending)]}

    async def _consume(self, request: Fields) -> Fields:
        isolation = request.get("isolation", "read_uncommitted")
        async with self._member(request, isolation) as member:
            records = await _read(member, request["count"])
            await member.commit(_offsets(request["topic"], records))
        return {"records": records}

    async def _rebalance(self, request: Fields) -> Fields:
        count: int = request["count"]
        async with self._member(request) as first:

            async def poll() -> None:
                await first.getmany(timeout_ms=POLL_MS)

            await _until(lambda: len(_owned(first)) == count, poll)
            alone = _owned(first)
            async with self._member(request) as second:
                await _until(lambda: len(_owned(first)) == len(_owned(second)) == count // 2, poll)
                shared = [_owned(first), _owned(second)]
            await _until(lambda: len(_owned(first)) == count, poll)
            return {"alone": alone, "shared": shared, "left": _owned(first)}

    async def _pipeline(self, request: Fields) -> Fields:
        transactional = {"transactional_id": request["transactional_id"]}
        async with (
            AIOKafkaProducer(**self._access, **transactional) as producer,
            self._member(request, "read_committed") as member,
        ):
            records = await _read(member, request["count"])
            await producer.begin_transaction()
            for record in records:
                await producer.send(request["to"], f"{record['value']}!".encode())
            offsets = _offsets(request["topic"], records)
            await producer.send_offsets_to_transaction(offsets, request["group"])
            if request["commit"]:
                await producer.commit_transaction()
            else:
                await producer.flush()
                await producer.abort_transaction()
        return {"read": len(records)}

    async def _administer(self, request: Fields) -> Fields:
        topic, group = request["topic"], request["group"]
        admin = AIOKafkaAdminClient(**self._access)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(topic, 2, 1, topic_configs={RETENTION: "60000"})])
            seen: Fields = {
                "partitions": await _count(admin, topic),
                "retention": await _retention(admin, topic),
            }
            change = ConfigResource(ConfigResourceType.TOPIC, topic, configs={RETENTION: "120000"})
            await admin.alter_configs([change])
            seen["altered"] = await _retention(admin, topic)
            await admin.create_partitions({topic: NewPartitions(3)})
            seen["grown"] = await _count(admin, topic)
            (described,) = await admin.describe_consumer_groups([group])
            seen["group_state"] = described.groups[0][STATE]
            await admin.delete_topics([topic])
            return {**seen, "gone": topic not in await admin.list_topics()}
        finally:
            await admin.close()

    def _member(self, request: Fields, isolation: str = "read_uncommitted") -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            request["topic"],
            **self._access,
            group_id=request["group"],
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            heartbeat_interval_ms=contract.HEARTBEAT_MS,
            isolation_level=isolation,
        )


def _options(access: Fields) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": access["bootstrap"],
        "security_protocol": "SASL_SSL",
        "ssl_context": ssl.create_default_context(cafile=access["ca_file"]),
    }
    if "token_url" in access:
        tokens = {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": Tokens(access)}
        return options | tokens
    return options | {
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": access["username"],
        "sasl_plain_password": access["password"],
    }


async def _until(holds: Callable[[], bool], step: Callable[[], Awaitable[None]]) -> None:
    while not holds():
        await step()


async def _read(member: AIOKafkaConsumer, count: int) -> list[Fields]:
    records: list[Fields] = []
    while len(records) < count:
        found = await member.getmany(timeout_ms=POLL_MS, max_records=count - len(records))
        records.extend(
            contract.received(one.partition, one.offset, one.key, one.value, one.headers)
            for batch in found.values()
            for one in batch
        )
    return records


def _offsets(topic: str, records: list[Fields]) -> dict[TopicPartition, int]:
    offsets = contract.next_offsets(records)
    return {TopicPartition(topic, partition): offset for partition, offset in offsets.items()}


def _owned(member: AIOKafkaConsumer) -> list[int]:
    return sorted(one.partition for one in member.assignment())


async def _count(admin: AIOKafkaAdminClient, topic: str) -> int:
    (described,) = await admin.describe_topics([topic])
    return len(described["partitions"])


async def _retention(admin: AIOKafkaAdminClient, topic: str) -> str:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs={RETENTION: None})
    (described,) = await admin.describe_configs([resource])
    (found,) = described.resources
    (setting,) = found[4]
    return setting[1]


if __name__ == "__main__":
    contract.serve(AiokafkaClient)
