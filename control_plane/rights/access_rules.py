"""What an access rule says, and which rules a filter means. Pure.

The words are Kafka's own in lower case, their numbers those of the protocol (`ResourceType`,
`PatternType`, `AclOperation` and `AclPermissionType` of Apache Kafka).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from control_plane.rights.places import place_of

NAME_BYTES_MAX = 1_024
PRINCIPAL_BYTES_MAX = 256
CLUSTER_NAME = "kafka-cluster"
USER_PREFIX = "User:"
ANY_HOST = "*"


class ResourceType(StrEnum):
    """What a rule is about."""

    TOPIC = "topic"
    GROUP = "group"
    CLUSTER = "cluster"
    TRANSACTIONAL_ID = "transactional_id"
    DELEGATION_TOKEN = "delegation_token"  # noqa: S105 - Kafka's word for a kind of resource
    USER = "user"


class PatternType(StrEnum):
    """How the name of a rule is meant."""

    LITERAL = "literal"
    PREFIXED = "prefixed"


class PatternFilter(StrEnum):
    """Which patterns a filter means; `match` are all rules that are about a name (KIP-290)."""

    LITERAL = "literal"
    PREFIXED = "prefixed"
    MATCH = "match"


class Operation(StrEnum):
    """What somebody may do."""

    ALL = "all"
    READ = "read"
    WRITE = "write"
    CREATE = "create"
    DELETE = "delete"
    ALTER = "alter"
    DESCRIBE = "describe"
    CLUSTER_ACTION = "cluster_action"
    DESCRIBE_CONFIGS = "describe_configs"
    ALTER_CONFIGS = "alter_configs"
    IDEMPOTENT_WRITE = "idempotent_write"
    CREATE_TOKENS = "create_tokens"
    DESCRIBE_TOKENS = "describe_tokens"
    TWO_PHASE_COMMIT = "two_phase_commit"


class Permission(StrEnum):
    """What a rule says: yes, or no whatever other rules say."""

    ALLOW = "allow"
    DENY = "deny"


RESOURCE_TYPE_CODES: Mapping[str, int] = {
    word.value: code for code, word in enumerate(ResourceType, 2)
}
OPERATION_CODES: Mapping[str, int] = {word.value: code for code, word in enumerate(Operation, 2)}
PATTERN_CODES: Mapping[str, int] = {
    PatternFilter.MATCH: 2,
    PatternType.LITERAL: 3,
    PatternType.PREFIXED: 4,
}
PERMISSION_CODES: Mapping[str, int] = {Permission.DENY: 2, Permission.ALLOW: 3}


@dataclass(frozen=True, slots=True, order=True)
class AccessRule:
    """One rule, by the words above; what a newer cluster adds to them reads `unknown_<number>`.

    Rules are in the order of what they are about.
    """

    resource_type: str
    resource_name: str
    pattern_type: str
    principal: str
    host: str
    operation: str
    permission: str

    @property
    def place(self) -> str:
        """Where the rule stands in lists; no other rule stands there."""
        words = (self.pattern_type, self.principal, self.host, self.operation, self.permission)
        return place_of(self.resource_type, self.resource_name, *words)


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """Which rules are meant; None means any."""

    resource_type: ResourceType | None = None
    resource_name: str | None = None
    pattern_type: PatternFilter | None = None
    principal: str | None = None
    host: str | None = None
    operation: Operation | None = None
    permission: Permission | None = None

    @property
    def is_empty(self) -> bool:
        return self == RuleFilter()


def filter_of(rule: AccessRule) -> RuleFilter:
    """Return the filter that means `rule` and no other."""
    return RuleFilter(
        resource_type=ResourceType(rule.resource_type),
        resource_name=rule.resource_name,
        pattern_type=PatternFilter(rule.pattern_type),
        principal=rule.principal,
        host=rule.host,
        operation=Operation(rule.operation),
        permission=Permission(rule.permission),
    )


def problem_of(rule: AccessRule) -> str | None:
    """Say why the native broker would refuse `rule`, None if it would not.

    A cluster judges what it is asked to keep itself; this is for telling without asking it to.
    """
    return _problem_of_resource(rule) or _problem_of_client(rule)


def _problem_of_resource(rule: AccessRule) -> str | None:
    if rule.resource_type in (ResourceType.DELEGATION_TOKEN, ResourceType.USER):
        return "there are no delegation tokens, so there are no access rules for them"
    if not 1 <= len(rule.resource_name.encode()) <= NAME_BYTES_MAX:
        return f"a resource name has 1 to {NAME_BYTES_MAX} bytes; all of them are '*'"
    names_cluster = (rule.resource_name, rule.pattern_type) == (CLUSTER_NAME, PatternType.LITERAL)
    if rule.resource_type == ResourceType.CLUSTER and not names_cluster:
        return f"the only resource of the type cluster is '{CLUSTER_NAME}', by its literal name"
    return None


def _problem_of_client(rule: AccessRule) -> str | None:
    name = rule.principal.removeprefix(USER_PREFIX)
    if not rule.principal.startswith(USER_PREFIX) or not name:
        return "a principal is of the form User:<name>, where '*' as a name is everyone"
    if len(rule.principal.encode()) > PRINCIPAL_BYTES_MAX:
        return f"a principal has at most {PRINCIPAL_BYTES_MAX} bytes"
    if rule.host != ANY_HOST and not _is_address(rule.host):
        return "a host is an IP address, or '*' for all of them"
    return None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone is of one machine alone
