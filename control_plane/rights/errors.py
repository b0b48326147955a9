"""What can go wrong with access rules, SCRAM users and client quotas, each with its stable code."""

from control_plane.kafka.errors import Refusals
from control_plane.kit.errors import AppError, ConflictError, InvalidInputError, NotFoundError


class RightsForbiddenError(AppError):
    """The caller may reach the cluster but not see or change who may do what in it."""

    code = "rights_forbidden"
    status = 403
    title = "Not allowed on this cluster's rights"


class AccessRuleInvalidError(InvalidInputError):
    """The cluster takes no such access rule, or no such filter."""

    code = "access_rule_invalid"
    title = "Access rule invalid"


class AccessRulesLimitError(ConflictError):
    """The cluster has as many access rules as it takes."""

    code = "access_rules_limit_reached"
    title = "Limit of access rules reached"


class ScramUserNotFoundError(NotFoundError):
    """The cluster has no SCRAM user of that name."""

    code = "scram_user_not_found"
    title = "SCRAM user not found"


class ScramUserNameTakenError(ConflictError):
    """The cluster has a SCRAM user of that name already."""

    code = "scram_user_name_taken"
    title = "Name of SCRAM user taken"


class ScramUserInvalidError(InvalidInputError):
    """The cluster takes no such name, password or number of iterations."""

    code = "scram_user_invalid"
    title = "SCRAM user invalid"


class ScramUsersLimitError(ConflictError):
    """The cluster has as many SCRAM users as it takes."""

    code = "scram_users_limit_reached"
    title = "Limit of SCRAM users reached"


class QuotaInvalidError(InvalidInputError):
    """The cluster takes no such quota, or not for that entity."""

    code = "quota_invalid"
    title = "Client quota invalid"


class QuotaNotFoundError(NotFoundError):
    """The entity has no quota of its own."""

    code = "quota_not_found"
    title = "Client quota not found"


class QuotasLimitError(ConflictError):
    """The cluster has as many entities with quotas as it takes."""

    code = "quotas_limit_reached"
    title = "Limit of client quotas reached"


_FORBIDDEN = {
    "CLUSTER_AUTHORIZATION_FAILED": RightsForbiddenError,
    "TOPIC_AUTHORIZATION_FAILED": RightsForbiddenError,
}
_FORBIDDEN_ADVICE: dict[type[AppError], str] = {
    RightsForbiddenError: "ask whoever owns the cluster for an access rule that allows it: to see "
    "them takes describe, to change them alter (quotas: describe_configs, alter_configs) on the "
    "resource cluster 'kafka-cluster'",
}

RULE_REFUSALS = Refusals(
    {
        **_FORBIDDEN,
        "INVALID_REQUEST": AccessRuleInvalidError,
        "POLICY_VIOLATION": AccessRulesLimitError,
    },
    {
        **_FORBIDDEN_ADVICE,
        AccessRuleInvalidError: "look at docs/rights.md for what a rule may say",
        AccessRulesLimitError: "delete rules, or say several by one with a prefix",
    },
)

USER_REFUSALS = Refusals(
    {
        **_FORBIDDEN,
        "POLICY_VIOLATION": ScramUsersLimitError,
        "RESOURCE_NOT_FOUND": ScramUserNotFoundError,
        "UNACCEPTABLE_CREDENTIAL": ScramUserInvalidError,
        "UNSUPPORTED_SASL_MECHANISM": ScramUserInvalidError,
    },
    {
        **_FORBIDDEN_ADVICE,
        ScramUserInvalidError: "a name has 1 to 255 bytes and is none of those that API keys, "
        "members and the service itself have; iterations are 4096 to 16384",
        ScramUserNotFoundError: "list the SCRAM users of the cluster; API keys are none of them",
        ScramUsersLimitError: "delete users, or use API keys, which do not count",
    },
)

QUOTA_REFUSALS = Refusals(
    {
        **_FORBIDDEN,
        "INVALID_REQUEST": QuotaInvalidError,
        "POLICY_VIOLATION": QuotasLimitError,
    },
    {
        **_FORBIDDEN_ADVICE,
        QuotaInvalidError: "name a user, a client_id, both, or an ip; look at docs/rights.md for "
        "the rates of each",
        QuotasLimitError: "delete quotas, or set one for all by default",
    },
)
