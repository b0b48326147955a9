"""The contract's requests with confluent-kafka."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewPartitions, NewTopic

from tests.clients.foreign.python import contract
from tests.clients.foreign.python.contract import Fields, until

POLL_SECONDS = 0.05
RETENTION = "retention.ms"
TIMEOUT_SECONDS = 30
REFUSED = "_AUTHENTICATION"


class ConfluentClient:
    """See `contract.Client`."""

    def __init__(self, access: Fields) -> None:
        self._told = access
        self._access: dict[str, str] = _options(access)
        self._kept: Producer | None = None

    def produce(self, request: Fields) -> Fields:
        codec = request["codec"]
        producer = Producer({**self._access, "enable.idempotence": True, "compression.type": codec})
        deliveries: list[tuple[Message, KafkaError | None]] = []
        for record in request["records"]:
            producer.produce(
                request["topic"],
                record["value"],
                record["key"],
                partition=record["partition"],
                headers=[(name, value.encode()) for name, value in record["headers"]],
                on_delivery=lambda error, message: deliveries.append((message, error)),
            )
        producer.flush(TIMEOUT_SECONDS)
        for _, error in deliveries:
            if error is not None:
                raise KafkaException(error)
        # Reports come in the order of each partition.
        offsets = {
            number: iter([one.offset() for one, _ in deliveries if one.partition() == number])
            for number in {record["partition"] for record in request["records"]}
        }
        return {"offsets": [next(offsets[record["partition"]]) for record in request["records"]]}

    def consume(self, request: Fields) -> Fields:
        with self._member(request, request.get("isolation", "read_uncommitted")) as member:
            records = _read(member, request["count"])
            member.commit(offsets=_offsets(request["topic"], records), asynchronous=False)
        return {"records": records}

    def rebalance(self, request: Fields) -> Fields:
        count: int = request["count"]
        with self._member(request) as first:

            def poll() -> object:
                return first.poll(POLL_SECONDS)

            until("all partitions", lambda: len(_owned(first)) == count, poll)
            alone = _owned(first)
            with self._member(request) as second:
                until(
                    "half of the partitions each",
                    lambda: len(_owned(first)) == len(_owned(second)) == count // 2,
                    lambda: (poll(), second.poll(POLL_SECONDS)),
                )
                shared = [_owned(first), _owned(second)]
            until("the partitions of the one that left", lambda: len(_owned(first)) == count, poll)
            return {"alone": alone, "shared": shared, "left": _owned(first)}

    def pipeline(self, request: Fields) -> Fields:
        producer = Producer({**self._access, "transactional.id": request["transactional_id"]})
        producer.init_transactions(TIMEOUT_SECONDS)
        with self._member(request, "read_committed") as member:
            records = _read(member, request["count"])
            producer.begin_transaction()
            for record in records:
                producer.produce(request["to"], f"{record['value']}!")
            offsets = _offsets(request["topic"], records)
            producer.send_offsets_to_transaction(offsets, member.consumer_group_metadata())
            producer.flush(TIMEOUT_SECONDS)
            if request["commit"]:
                producer.commit_transaction(TIMEOUT_SECONDS)
            else:
                producer.abort_transaction(TIMEOUT_SECONDS)
        return {"read": len(records)}

    def administer(self, request: Fields) -> Fields:
        # Its futures have no types.
        admin: Any = AdminClient({**self._access})
        topic, group = request["topic"], request["group"]
        new = NewTopic(topic, num_partitions=2, replication_factor=-1, config={RETENTION: "60000"})
        admin.create_topics([new])[topic].result(TIMEOUT_SECONDS)
        seen: Fields = {"partitions": _count(admin, topic), "retention": _retention(admin, topic)}
        change = ConfigEntry(RETENTION, "120000", incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[change])
        admin.incremental_alter_configs([resource])[resource].result(TIMEOUT_SECONDS)
        seen["altered"] = _retention(admin, topic)
        admin.create_partitions([NewPartitions(topic, 3)])[topic].result(TIMEOUT_SECONDS)
        seen["grown"] = _count(admin, topic)
        described = admin.describe_consumer_groups([group])[group].result(TIMEOUT_SECONDS)
        seen["group_state"] = described.state.name.capitalize()
        admin.delete_consumer_groups([group])[group].result(TIMEOUT_SECONDS)
        admin.delete_topics([topic])[topic].result(TIMEOUT_SECONDS)
        return {**seen, "gone": topic not in admin.list_topics(timeout=TIMEOUT_SECONDS).topics}

    def keep(self, request: Fields) -> Fields:
        if self._kept is None:
            self._kept = Producer({**self._access})
        outcomes: list[tuple[Message, KafkaError | None]] = []
        self._kept.produce(
            request["topic"],
            "kept",
            on_delivery=lambda error, message: outcomes.append((message, error)),
        )
        self._kept.flush(TIMEOUT_SECONDS)
        ((message, error),) = outcomes
        if error is not None:
            raise KafkaException(error)
        return {"offset": message.offset()}

    def enter(self, request: Fields) -> Fields:
        errors: list[KafkaError] = []
        options = _options(contract.other(self._told, request))
        # Its errors come by a callback; its calls wait for a broker that lets it in.
        producer = Producer({**options, "error_cb": errors.append})
        let_in: list[object] = []

        def refusals() -> list[str]:
            names = [error.name() for error in errors]
            return [name for name in names if name == REFUSED]

        def step() -> None:
            producer.poll(POLL_SECONDS)
            with suppress(KafkaException):
                let_in.append(producer.list_topics(timeout=POLL_SECONDS))

        until("an answer to the login", lambda: bool(let_in or refusals()), step)
        return {"refused": next(iter(refusals()), None)}

    @contextmanager
    def _member(self, request: Fields, isolation: str = "read_uncommitted") -> Generator[Consumer]:
        member = Consumer(
            {
                **self._access,
                "group.id": request["group"],
                "auto.offset.reset": "earliest",
                "enable.auto.commit": "false",
                "heartbeat.interval.ms": str(contract.HEARTBEAT_MS),
                "isolation.level": isolation,
            }
        )
        try:
            member.subscribe([request["topic"]])
            yield member
        finally:
            member.close()


def _options(access: Fields) -> dict[str, str]:
    options: dict[str, str] = {
        "bootstrap.servers": access["bootstrap"],
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": access["ca_file"],
    }
    if "token_url" in access:
        return options | {
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": access["client_id"],
            "sasl.oauthbearer.client.secret": contract.SECRET,
            "sasl.oauthbearer.token.endpoint.url": access["token_url"],
        }
    return options | {
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": access["username"],
        "sasl.password": access["password"],
    }


def _read(member: Consumer, count: int) -> list[Fields]:
    records: list[Fields] = []
    until(
        f"{count} records",
        lambda: len(records) >= count,
        lambda: records.extend(
            _received(one) for one in member.consume(count - len(records), POLL_SECONDS)
        ),
    )
    return records


def _received(message: Message) -> Fields:
    error, partition, offset = message.error(), message.partition(), message.offset()
    if error is not None:
        raise KafkaException(error)
    assert partition is not None
    assert offset is not None
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    named = [(name, bytes(value)) for name, value in pairs if isinstance(value, bytes)]
    return contract.received(partition, offset, message.key(), message.value(), named)


def _offsets(topic: str, records: list[Fields]) -> list[TopicPartition]:
    offsets = contract.next_offsets(records)
    return [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]


def _owned(member: Consumer) -> list[int]:
    return sorted(one.partition for one in member.assignment())


def _count(admin: Any, topic: str) -> int:
    return len(admin.list_topics(topic, timeout=TIMEOUT_SECONDS).topics[topic].partitions)


def _retention(admin: Any, topic: str) -> str | None:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    described = admin.describe_configs([resource])[resource].result(TIMEOUT_SECONDS)
    return described[RETENTION].value


if __name__ == "__main__":
    contract.serve(ConfluentClient)
