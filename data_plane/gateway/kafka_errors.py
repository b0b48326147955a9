"""What an error of the Kafka protocol or of librdkafka means to the caller of the gateway."""

from confluent_kafka import KafkaError, KafkaException

from control_plane.kit.errors import AppError
from data_plane.gateway import kafka_codes
from data_plane.gateway.errors import (
    AccessDeniedError,
    ClusterFailedError,
    ClusterReadOnlyError,
    ClusterRefusedCredentialError,
    ClusterUnreachableError,
    CredentialBusyError,
    PartitionNotFoundError,
    ProduceTimeoutError,
    RecordRefusedError,
    RecordTooLargeError,
    TopicNotFoundError,
)


def error_of(failure: KafkaException) -> KafkaError:
    """Return the error that an exception of confluent-kafka carries."""
    error = failure.args[0]
    assert isinstance(error, KafkaError)
    return error


def produce_error(error: KafkaError, topic: str, partition: int | None) -> AppError:
    """Return what a record's failed delivery is to its sender."""
    if error.code() in kafka_codes.UNANSWERED:
        return ProduceTimeoutError()
    if error.code() == kafka_codes.READ_ONLY:
        return ClusterReadOnlyError()
    if error.code() in kafka_codes.REFUSED_RECORD:
        return RecordRefusedError(f"the cluster refused the record: {error.str()}")
    return _common(error, topic, partition)


def read_error(error: KafkaError, topic: str, partition: int | None) -> AppError:
    """Return what a failed read or metadata request is to its caller."""
    if error.code() in kafka_codes.UNANSWERED:
        return ClusterUnreachableError()
    return _common(error, topic, partition)


def _common(error: KafkaError, topic: str, partition: int | None) -> AppError:
    match error.code():
        case code if code in kafka_codes.UNKNOWN_TOPIC:
            found: AppError = TopicNotFoundError(topic)
        case kafka_codes.UNKNOWN_PARTITION:
            found = (
                TopicNotFoundError(topic)
                if partition is None
                else PartitionNotFoundError(topic, partition)
            )
        case code if code in kafka_codes.REFUSED_CREDENTIAL:
            found = ClusterRefusedCredentialError()
        case code if code in kafka_codes.DENIED:
            found = AccessDeniedError(f"this credential may not use topic {topic!r} so")
        case code if code in kafka_codes.TOO_LARGE:
            found = RecordTooLargeError("the record is larger than the topic accepts")
        case kafka_codes.QUEUE_FULL:
            found = CredentialBusyError("too many records of this credential are in flight")
        case code if code in kafka_codes.UNREACHABLE:
            found = ClusterUnreachableError()
        case _:
            found = ClusterFailedError(f"the cluster answered {error.name()}: {error.str()}")
    return found
