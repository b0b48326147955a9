"""Codes of the Kafka protocol and of librdkafka, grouped by what they mean to a caller."""

# ruff: noqa: SLF001 -- librdkafka's own codes are public names that begin with an underscore.

from confluent_kafka import KafkaError

PARTITION_END = KafkaError._PARTITION_EOF
PURGED = KafkaError._PURGE_QUEUE
NO_OFFSET = KafkaError._AUTO_OFFSET_RESET
UNKNOWN_PARTITION = KafkaError._UNKNOWN_PARTITION
QUEUE_FULL = KafkaError._QUEUE_FULL

UNKNOWN_TOPIC = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError._UNKNOWN_TOPIC,
    }
)
REFUSED_CREDENTIAL = frozenset(
    {
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.ILLEGAL_SASL_STATE,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError._AUTHENTICATION,
    }
)
DENIED = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED})
UNANSWERED = frozenset(
    {
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._TIMED_OUT,
        KafkaError._PURGE_QUEUE,
        KafkaError._PURGE_INFLIGHT,
    }
)
UNREACHABLE = frozenset(
    {
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._SSL,
    }
)
REFUSED_RECORD = frozenset(
    {
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_TIMESTAMP,
    }
)
READ_ONLY = KafkaError.POLICY_VIOLATION
TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
