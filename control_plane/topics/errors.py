"""What can go wrong with a topic, each with its stable code."""

from control_plane.kit.errors import AppError, ConflictError, InvalidInputError, NotFoundError


class TopicNotFoundError(NotFoundError):
    """The cluster has no topic of that name."""

    code = "topic_not_found"
    title = "Topic not found"


class TopicNameTakenError(ConflictError):
    """The cluster has a topic of that name already, or one that differs only in "." and "_"."""

    code = "topic_name_taken"
    title = "Topic name taken"


class TopicNameInvalidError(InvalidInputError):
    """Kafka does not allow the name."""

    code = "topic_name_invalid"
    title = "Topic name invalid"


class TopicPartitionsInvalidError(InvalidInputError):
    """The cluster does not accept that number of partitions."""

    code = "topic_partitions_invalid"
    title = "Number of partitions invalid"


class TopicPartitionsDecreaseError(InvalidInputError):
    """A topic never gets fewer partitions: their records would have nowhere to be."""

    code = "topic_partitions_decrease"
    title = "Partitions can not be taken away"


class TopicReplicationInvalidError(InvalidInputError):
    """The cluster has not enough brokers for that many replicas."""

    code = "topic_replication_factor_invalid"
    title = "Replication factor invalid"


class TopicConfigInvalidError(InvalidInputError):
    """The cluster does not know a configuration entry, or refuses its value."""

    code = "topic_config_invalid"
    title = "Topic configuration invalid"


class TopicRequestInvalidError(InvalidInputError):
    """The cluster refused the request for a reason that has no code of its own."""

    code = "topic_request_invalid"
    title = "Topic request invalid"


class PartitionsLimitError(ConflictError):
    """The topic would take the cluster past what its plan allows."""

    code = "partitions_limit_reached"
    title = "Limit of the plan reached"


class TopicForbiddenError(AppError):
    """The caller may reach the cluster but not do this to the topic."""

    code = "topic_forbidden"
    status = 403
    title = "Not allowed on this topic"


class TopicChangesThrottledError(AppError):
    """Topics are being created or deleted faster than the cluster allows."""

    code = "topic_changes_throttled"
    status = 429
    title = "Too many topic changes"
