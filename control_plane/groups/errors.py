"""What can go wrong with a consumer group, each with its stable code."""

from control_plane.kafka.errors import Refusals
from control_plane.kit.errors import AppError, ConflictError, InvalidInputError, NotFoundError
from control_plane.topics.errors import TopicNotFoundError


class GroupNotFoundError(NotFoundError):
    """The cluster has no consumer group of that id."""

    code = "group_not_found"
    title = "Consumer group not found"


class GroupActiveError(ConflictError):
    """Consumers are in the group, which would not heed the change or overwrite it."""

    code = "group_active"
    title = "Consumer group is active"


class GroupForbiddenError(AppError):
    """The caller may reach the cluster but not do this to the group or a topic that it reads."""

    code = "group_forbidden"
    status = 403
    title = "Not allowed on this consumer group"


class GroupIdInvalidError(InvalidInputError):
    """Kafka does not allow the id."""

    code = "group_id_invalid"
    title = "Consumer group id invalid"


class GroupsLimitError(ConflictError):
    """The group would take the cluster past what its plan allows."""

    code = "groups_limit_reached"
    title = "Limit of the plan reached"


class OffsetResetInvalidError(InvalidInputError):
    """What was asked for means nothing in one of the partitions."""

    code = "offset_reset_invalid"
    title = "Reset of offsets invalid"


class OffsetsNotFoundError(NotFoundError):
    """The group has committed no offset there."""

    code = "offsets_not_found"
    title = "Committed offsets not found"


_ACTIVE_ADVICE = "stop the group's consumers, wait until the group is empty, then ask again"

REFUSALS = Refusals(
    {
        "GROUP_AUTHORIZATION_FAILED": GroupForbiddenError,
        "GROUP_ID_NOT_FOUND": GroupNotFoundError,
        "GROUP_SUBSCRIBED_TO_TOPIC": GroupActiveError,
        "ILLEGAL_GENERATION": GroupActiveError,
        "INVALID_GROUP_ID": GroupIdInvalidError,
        "NON_EMPTY_GROUP": GroupActiveError,
        "POLICY_VIOLATION": GroupsLimitError,
        "REBALANCE_IN_PROGRESS": GroupActiveError,
        "TOPIC_AUTHORIZATION_FAILED": GroupForbiddenError,
        "UNKNOWN_MEMBER_ID": GroupActiveError,
        "UNKNOWN_TOPIC_OR_PART": TopicNotFoundError,
    },
    {
        GroupActiveError: _ACTIVE_ADVICE,
        GroupForbiddenError: "ask whoever owns the cluster for a key or an access rule that "
        "allows it",
        GroupIdInvalidError: "name a group by 1 to 249 characters",
        GroupNotFoundError: "list the groups of the cluster; a group is made by its first consumer "
        "or offset",
        GroupsLimitError: "delete groups that are not used any more, or take a larger plan",
        TopicNotFoundError: "list the topics of the cluster",
    },
)


def active(group_id: str, members: int, clients: str) -> GroupActiveError:
    """Return the error for a group that consumers are in."""
    return GroupActiveError(
        f"{members} consumers are in the group {group_id!r} ({clients})", advice=_ACTIVE_ADVICE
    )


def not_found(group_id: str) -> GroupNotFoundError:
    return GroupNotFoundError(
        f"this cluster has no consumer group {group_id!r}",
        advice=REFUSALS.advice[GroupNotFoundError],
    )
