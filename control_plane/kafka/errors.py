"""Turns what the Kafka protocol answers into the errors that callers are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaError

from control_plane.clusters.errors import ClusterReadOnlyError, ClusterUnavailableError
from control_plane.kit.errors import AppError

RETRY_AFTER_SECONDS = 2
DETAIL_LENGTH_MAX = 500

# Kafka has one code for all that a cluster's policy refuses; its words tell the reason.
READ_ONLY_WORDS = "the cluster is read-only"
READ_ONLY_ADVICE = "reading and deleting go on; the cluster's access_reason says why"


class ClusterRequestFailedError(AppError):
    """The cluster answered with an error that is neither the caller's nor a passing one."""

    code = "cluster_request_failed"
    status = 502
    title = "The cluster could not do it"


class ConnectionLostError(ClusterUnavailableError):
    """The connection broke while the answer was awaited; callers are told nothing finer."""


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
        "COORDINATOR_LOAD_IN_PROGRESS",
        "COORDINATOR_NOT_AVAILABLE",
        "LEADER_NOT_AVAILABLE",
        "NETWORK_EXCEPTION",
        "NOT_CONTROLLER",
        "NOT_COORDINATOR",
        "REQUEST_TIMED_OUT",
        "SASL_AUTHENTICATION_FAILED",
    },
)

# The answer to a request that was sent may be lost: a change may then be made all the same.
_UNKNOWN_OUTCOMES: frozenset[str] = frozenset({"_TIMED_OUT", "REQUEST_TIMED_OUT"})

# The connection broke while an answer was awaited, as it does when a broker is killed.
_CONNECTION_LOST: frozenset[str] = frozenset({"_DESTROY_BROKER", "_TRANSPORT"})


@dataclass(frozen=True, slots=True)
class Refusals:
    """What a domain calls the refusals of a cluster, by their names in librdkafka, with advice."""

    kinds: Mapping[str, type[AppError]]
    advice: Mapping[type[AppError], str] = field(default_factory=dict[type[AppError], str])

    def to_app_error(self, error: KafkaError) -> AppError:
        """Return the coded error that says the same as `error`."""
        name = error.name()
        words = error.str()[:DETAIL_LENGTH_MAX]
        if name == "POLICY_VIOLATION" and READ_ONLY_WORDS in words:
            return ClusterReadOnlyError(words, advice=READ_ONLY_ADVICE)
        if refusal := self.kinds.get(name):
            return refusal(words, advice=self.advice.get(refusal))
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
