"""Turns what the Kafka protocol answers into the errors that callers are told."""

from confluent_kafka import KafkaError

from control_plane.clusters.errors import ClusterReadOnlyError, ClusterUnavailableError
from control_plane.kit.errors import AppError
from control_plane.topics.errors import (
    ClusterRequestFailedError,
    ConnectionLostError,
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

RETRY_AFTER_SECONDS = 2
DETAIL_LENGTH_MAX = 500

# Kafka has one code for all that a cluster's policy refuses; its words tell the reason.
READ_ONLY_WORDS = "the cluster is read-only"
READ_ONLY_ADVICE = "reading and deleting go on; the cluster's access_reason says why"

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

# A broker that is gone, starting or too slow: the answer may be another in a moment. Names that
# begin with an underscore are librdkafka's own (rdkafka.h), the others are of the protocol.
_PASSING: frozenset[str] = frozenset(
    {
        "_ALL_BROKERS_DOWN",
        "_AUTHENTICATION",
        "_DESTROY",
        "_RESOLVE",
        "_TIMED_OUT",
        "_TIMED_OUT_QUEUE",
        "BROKER_NOT_AVAILABLE",
        "LEADER_NOT_AVAILABLE",
        "NETWORK_EXCEPTION",
        "NOT_CONTROLLER",
        "REQUEST_TIMED_OUT",
        "SASL_AUTHENTICATION_FAILED",
    },
)

# The answer to a request that was sent may be lost: a change may then be made all the same.
_UNKNOWN_OUTCOMES: frozenset[str] = frozenset({"_TIMED_OUT", "REQUEST_TIMED_OUT"})

# The connection broke while an answer was awaited, as it does when a broker is killed.
_CONNECTION_LOST: frozenset[str] = frozenset({"_DESTROY_BROKER", "_TRANSPORT"})


def to_app_error(error: KafkaError) -> AppError:
    """Return the coded error that says the same as `error`."""
    name, words = error.name(), _words(error)
    if name == "POLICY_VIOLATION" and READ_ONLY_WORDS in words:
        return ClusterReadOnlyError(words, advice=READ_ONLY_ADVICE)
    if refusal := _REFUSALS.get(name):
        return refusal(words, advice=_ADVICE.get(refusal))
    if name in _CONNECTION_LOST:
        return _unavailable(ConnectionLostError, words, is_outcome_unknown=True)
    if name in _PASSING:
        return unavailable(words, is_outcome_unknown=name in _UNKNOWN_OUTCOMES)
    return ClusterRequestFailedError(f"the cluster answered {name}: {words}")


def unavailable(words: str, *, is_outcome_unknown: bool = False) -> ClusterUnavailableError:
    """Return the error for a cluster that does not answer, with when to ask again."""
    return _unavailable(ClusterUnavailableError, words, is_outcome_unknown=is_outcome_unknown)


def _unavailable(
    kind: type[ClusterUnavailableError], words: str, *, is_outcome_unknown: bool
) -> ClusterUnavailableError:
    advice = "try again in a moment"
    if is_outcome_unknown:
        advice += "; look first whether a change was made, since its answer may have been lost"
    return kind(
        f"the cluster does not answer: {words}",
        advice=advice,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _words(error: KafkaError) -> str:
    return error.str()[:DETAIL_LENGTH_MAX]
