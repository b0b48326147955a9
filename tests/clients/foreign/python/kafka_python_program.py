"""The contract's requests with kafka-python."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic
from kafka.errors import KafkaError
from kafka.net.sasl.oauth import AbstractTokenProvider

from tests.clients.foreign.python import contract
from tests.clients.foreign.python.contract import Fields, until

POLL_MS = 50
RETENTION = "retention.ms"
TIMEOUT_SECONDS = 30
BOOTSTRAP_MS = 20_000


class Tokens(AbstractTokenProvider):
    """Asks the issuer for each token."""

    def __init__(self, access: Fields) -> None:
        super().__init__()
        self._access = access

    def token(self) -> str:
        return contract.fetch_token(self._access)


class Logged(logging.Handler):
    """The refusals that the client's log tells of; its calls say that nobody answered in time."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        # Those of other clients, which are not to be taken for this one's.
        self._others = {one.ident for one in threading.enumerate()}

    def emit(self, record: logging.LogRecord) -> None:
        found = record.args if isinstance(record.args, tuple) else ()
        if record.thread not in self._others:
            refusals = [one for one in found if isinstance(one, KafkaError)]
            self.names += [type(one).__name__ for one in refusals]


class KafkaPythonClient:
    """See `contract.Client`."""

    def __init__(self, access: Fields) -> None:
        self._told = access
        self._access: dict[str, Any] = _options(access)
        self._kept: KafkaProducer | None = None

    def produce(self, request: Fields) -> Fields:
        codec = None if request["codec"] == "none" else request["codec"]
        with closing(KafkaProducer(**self._access, compression_type=codec)) as producer:
            sending = [
                producer.send(
                    request["topic"],
                    contract.encode(record["value"]),
                    contract.encode(record["key"]),
                    headers=[(name, value.encode()) for name, value in record["headers"]],
                    partition=record["partition"],
                )
                for record in request["records"]
            ]
            return {"offsets": [one.get(TIMEOUT_SECONDS).offset for one in sending]}

    def consume(self, request: Fields) -> Fields:
        with self._member(request, request.get("isolation", "read_uncommitted")) as member:
            records = _read(member, request["count"])
            member.commit(_offsets(request["topic"], records))
        return {"records": records}

    def rebalance(self, request: Fields) -> Fields:
        count: int = request["count"]
        with self._member(request) as first:

            def poll() -> object:
                return first.poll(timeout_ms=POLL_MS)

            until("all partitions", lambda: len(_owned(first)) == count, poll)
            alone = _owned(first)
            with self._member(request) as second:
                until(
                    "half of the partitions each",
                    lambda: len(_owned(first)) == len(_owned(second)) == count // 2,
                    lambda: (poll(), second.poll(timeout_ms=POLL_MS)),
                )
                shared = [_owned(first), _owned(second)]
            until("the partitions of the one that left", lambda: len(_owned(first)) == count, poll)
            return {"alone": alone, "shared": shared, "left": _owned(first)}

    def pipeline(self, request: Fields) -> Fields:
        options = {**self._access, "transactional_id": request["transactional_id"]}
        with (
            closing(KafkaProducer(**options)) as producer,
            self._member(request, "read_committed") as member,
        ):
            producer.init_transactions()
            records = _read(member, request["count"])
            producer.begin_transaction()
            for record in records:
                producer.send(request["to"], f"{record['value']}!".encode())
            offsets = _offsets(request["topic"], records)
            producer.send_offsets_to_transaction(offsets, member.group_metadata())
            if request["commit"]:
                producer.commit_transaction()
            else:
                producer.flush()
                producer.abort_transaction()
        return {"read": len(records)}

    def administer(self, request: Fields) -> Fields:
        topic, group = request["topic"], request["group"]
        with closing(KafkaAdminClient(**self._access)) as admin:
            new = NewTopic(topic, 2, -1, topic_configs={RETENTION: "60000"})
            admin.create_topics([new], wait_for_metadata=True)
            seen: Fields = {
                "partitions": _count(admin, topic),
                "retention": _retention(admin, topic),
            }
            change = ConfigResource(ConfigResourceType.TOPIC, topic, configs={RETENTION: "120000"})
            admin.alter_configs([change])
            seen["altered"] = _retention(admin, topic)
            admin.create_partitions({topic: 3})
            seen["grown"] = _count(admin, topic)
            seen["group_state"] = admin.describe_groups([group])[group]["group_state"]
            admin.delete_groups([group])
            admin.delete_topics([topic])
            return {**seen, "gone": topic not in admin.list_topics()}

    def keep(self, request: Fields) -> Fields:
        if self._kept is None:
            self._kept = KafkaProducer(**self._access)
        sending = self._kept.send(request["topic"], b"kept")
        return {"offset": sending.get(TIMEOUT_SECONDS).offset}

    def enter(self, request: Fields) -> Fields:
        options = _options(contract.other(self._told, request)) | {
            "bootstrap_timeout_ms": BOOTSTRAP_MS,
            # It tries once: each further refusal would wait longer for its answer.
            "reconnect_backoff_ms": BOOTSTRAP_MS,
        }
        let_in: list[object] = []

        def log_in() -> None:
            with suppress(KafkaError), closing(KafkaAdminClient(**options)) as admin:
                let_in.append(admin.list_topics())

        logged = Logged()
        log = logging.getLogger("kafka")
        log.addHandler(logged)
        # It goes on waiting long after it was refused.
        threading.Thread(target=log_in, daemon=True).start()
        until(
            "an answer to the login",
            lambda: bool(let_in or logged.names),
            lambda: time.sleep(POLL_MS / 1000),
        )
        log.removeHandler(logged)
        return {"refused": next(iter(logged.names), None)}

    @contextmanager
    def _member(
        self, request: Fields, isolation: str = "read_uncommitted"
    ) -> Generator[KafkaConsumer]:
        member = KafkaConsumer(
            request["topic"],
            **self._access,
            group_id=request["group"],
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            heartbeat_interval_ms=contract.HEARTBEAT_MS,
            isolation_level=isolation,
        )
        with closing(member):
            yield member


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


def _read(member: KafkaConsumer, count: int) -> list[Fields]:
    records: list[Fields] = []

    def poll() -> None:
        batches = member.poll(timeout_ms=POLL_MS, max_records=count - len(records)).values()
        records.extend(
            contract.received(one.partition, one.offset, one.key, one.value, one.headers)
            for batch in batches
            for one in batch
        )

    until(f"{count} records", lambda: len(records) >= count, poll)
    return records


def _offsets(topic: str, records: list[Fields]) -> dict[TopicPartition, OffsetAndMetadata]:
    return {
        TopicPartition(topic, partition): OffsetAndMetadata(offset, "", -1)
        for partition, offset in contract.next_offsets(records).items()
    }


def _owned(member: KafkaConsumer) -> list[int]:
    return sorted(one.partition for one in member.assignment())


def _count(admin: KafkaAdminClient, topic: str) -> int:
    (described,) = admin.describe_topics([topic])
    return len(described["partitions"])


def _retention(admin: KafkaAdminClient, topic: str) -> str:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    described = admin.describe_configs([resource], config_filter="all")
    return described["topic"][topic][RETENTION]["value"]


if __name__ == "__main__":
    contract.serve(KafkaPythonClient)
