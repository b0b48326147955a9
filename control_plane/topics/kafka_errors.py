"""What topics call the refusals of a cluster."""

from confluent_kafka import KafkaError

from control_plane.kafka.errors import Refusals
from control_plane.kit.errors import AppError
from control_plane.topics.errors import (
    PartitionsLimitError,
    TopicChangesThrottledError,
    TopicConfigInvalidError,
    TopicForbiddenError,
    TopicNameInvalidError,
    TopicNameTakenError,
    TopicNotFoundError,
    TopicPartitionsInvalidError,
    TopicReplicationInvalidError,
    TopicRequestInvalidError,
)

_REFUSALS: dict[str, type[AppError]] = {
    "TOPIC_ALREADY_EXISTS": TopicNameTakenError,
    "TOPIC_EXCEPTION": TopicNameInvalidError,
    "INVALID_PARTITIONS": TopicPartitionsInvalidError,
    "INVALID_REPLICATION_FACTOR": TopicReplicationInvalidError,
    "INVALID_CONFIG": TopicConfigInvalidError,
    "INVALID_REQUEST": TopicRequestInvalidError,
    "POLICY_VIOLATION": PartitionsLimitError,
    "UNKNOWN_TOPIC_OR_PART": TopicNotFoundError,
    "_UNKNOWN_TOPIC": TopicNotFoundError,
    "TOPIC_AUTHORIZATION_FAILED": TopicForbiddenError,
    "CLUSTER_AUTHORIZATION_FAILED": TopicForbiddenError,
    "THROTTLING_QUOTA_EXCEEDED": TopicChangesThrottledError,
}

_ADVICE: dict[type[AppError], str] = {
    TopicChangesThrottledError: "wait a little, then ask again",
    TopicConfigInvalidError: "docs/topic-settings.md tells which settings there are and what each "
    "may be; dry_run=true checks without changing anything",
    TopicForbiddenError: "ask whoever owns the cluster for a key or an access rule that allows it",
    TopicNameInvalidError: "use letters, digits, dots, underscores and hyphens, at most 249",
    TopicNameTakenError: "choose another name, or use the topic that has it",
    TopicNotFoundError: "create the topic first, or list the topics of the cluster",
    TopicPartitionsInvalidError: "ask for one partition or more, never fewer than there are",
    TopicReplicationInvalidError: "leave it out for what the cluster has brokers for",
}

REFUSALS = Refusals(_REFUSALS, _ADVICE)


def to_app_error(error: KafkaError) -> AppError:
    """Return the coded error that says the same as `error`."""
    return REFUSALS.to_app_error(error)
