import ssl
from collections.abc import Iterable, Mapping, Sequence

from kafka.consumer.fetcher import ConsumerRecord

class TopicPartition:
    topic: str
    partition: int
    def __init__(self, topic: str, partition: int) -> None: ...

class OffsetAndMetadata:
    offset: int
    metadata: str
    leader_epoch: int
    def __init__(self, offset: int, metadata: str, leader_epoch: int) -> None: ...

class OffsetAndTimestamp:
    offset: int
    timestamp: int

class RecordMetadata:
    topic: str
    partition: int
    offset: int

class FutureRecordMetadata:
    def get(self, timeout: float | None = ...) -> RecordMetadata: ...

class GroupMetadata: ...

class KafkaProducer:
    def __init__(
        self,
        *,
        bootstrap_servers: str,
        security_protocol: str,
        sasl_mechanism: str,
        sasl_plain_username: str,
        sasl_plain_password: str,
        ssl_context: ssl.SSLContext | None = ...,
        compression_type: str | None = ...,
        enable_idempotence: bool = ...,
        linger_ms: int = ...,
        acks: int | str = ...,
        transactional_id: str | None = ...,
    ) -> None: ...
    def init_transactions(self) -> None: ...
    def begin_transaction(self) -> None: ...
    def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, OffsetAndMetadata], group_metadata: GroupMetadata
    ) -> None: ...
    def commit_transaction(self) -> None: ...
    def abort_transaction(self) -> None: ...
    def send(
        self,
        topic: str,
        value: bytes | None = ...,
        key: bytes | None = ...,
        headers: Sequence[tuple[str, bytes]] | None = ...,
        partition: int | None = ...,
        timestamp_ms: int | None = ...,
    ) -> FutureRecordMetadata: ...
    def flush(self, timeout: float | None = ...) -> None: ...
    def close(self, timeout: float | None = ...) -> None: ...
    def metrics(self) -> Mapping[str, Mapping[str, float]]: ...

class KafkaConsumer:
    def __init__(
        self,
        *topics: str,
        bootstrap_servers: str,
        security_protocol: str,
        sasl_mechanism: str,
        sasl_plain_username: str,
        sasl_plain_password: str,
        ssl_context: ssl.SSLContext | None = ...,
        group_id: str | None = ...,
        auto_offset_reset: str = ...,
        enable_auto_commit: bool = ...,
        heartbeat_interval_ms: int = ...,
        isolation_level: str = ...,
    ) -> None: ...
    def group_metadata(self) -> GroupMetadata: ...
    def poll(
        self, timeout_ms: int = ..., max_records: int | None = ...
    ) -> dict[TopicPartition, list[ConsumerRecord]]: ...
    def assignment(self) -> set[TopicPartition]: ...
    def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata] | None = ...) -> None: ...
    def committed(self, partition: TopicPartition) -> int | None: ...
    def beginning_offsets(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]: ...
    def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]: ...
    def offsets_for_times(
        self, timestamps: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, OffsetAndTimestamp | None]: ...
    def close(self) -> None: ...
