"""What each role may do: the one table of permissions, pure."""

from enum import StrEnum


class Role(StrEnum):
    """What a principal is trusted with; each role holds all that the later ones hold."""

    OPERATOR = "operator"
    OWNER = "owner"
    DEVELOPER = "developer"


class Action(StrEnum):
    """What a route does; every route under /v1 and /kafka declares one."""

    WHOAMI_READ = "whoami.read"
    ORGANIZATIONS_CREATE = "organizations.create"
    ORGANIZATIONS_READ = "organizations.read"
    MEMBERS_CREATE = "members.create"
    MEMBERS_READ = "members.read"
    API_KEYS_CREATE = "api_keys.create"
    API_KEYS_READ = "api_keys.read"
    API_KEYS_REVOKE = "api_keys.revoke"
    CLUSTERS_CREATE = "clusters.create"
    CLUSTERS_READ = "clusters.read"
    CLUSTERS_UPDATE = "clusters.update"
    CLUSTERS_DELETE = "clusters.delete"
    CLUSTERS_OPEN = "clusters.open"
    TOPICS_CREATE = "topics.create"
    TOPICS_READ = "topics.read"
    TOPICS_UPDATE = "topics.update"
    TOPICS_DELETE = "topics.delete"
    GROUPS_READ = "groups.read"
    GROUPS_UPDATE = "groups.update"
    GROUPS_DELETE = "groups.delete"
    METRICS_READ = "metrics.read"
    OPERATIONS_READ = "operations.read"
    USAGE_READ = "usage.read"
    PLANS_READ = "plans.read"
    PRICES_READ = "prices.read"
    COSTS_READ = "costs.read"
    WEBHOOKS_CREATE = "webhooks.create"
    WEBHOOKS_READ = "webhooks.read"
    WEBHOOKS_UPDATE = "webhooks.update"
    WEBHOOKS_DELETE = "webhooks.delete"
    RECORDS_PRODUCE = "records.produce"
    RECORDS_CONSUME = "records.consume"


_RANK = {Role.DEVELOPER: 0, Role.OWNER: 1, Role.OPERATOR: 2}

_LEAST_ROLE = {
    Action.ORGANIZATIONS_CREATE: Role.OPERATOR,
    Action.CLUSTERS_OPEN: Role.OPERATOR,
    Action.MEMBERS_CREATE: Role.OWNER,
    Action.WEBHOOKS_CREATE: Role.OWNER,
    Action.WEBHOOKS_UPDATE: Role.OWNER,
    Action.WEBHOOKS_DELETE: Role.OWNER,
}

# A key of one cluster serves programs that use the cluster; it manages nothing beside its topics
# and groups.
CLUSTER_SCOPED_ACTIONS = frozenset(
    {
        Action.WHOAMI_READ,
        Action.CLUSTERS_READ,
        Action.TOPICS_CREATE,
        Action.TOPICS_READ,
        Action.TOPICS_UPDATE,
        Action.TOPICS_DELETE,
        Action.GROUPS_READ,
        Action.GROUPS_UPDATE,
        Action.GROUPS_DELETE,
        Action.METRICS_READ,
        Action.OPERATIONS_READ,
        Action.USAGE_READ,
        Action.PLANS_READ,
        Action.PRICES_READ,
        Action.RECORDS_PRODUCE,
        Action.RECORDS_CONSUME,
    }
)


def permits(role: Role, action: Action, *, cluster_scoped: bool) -> bool:
    """Whether a principal of `role` may do `action` at all, whatever the resource."""
    if cluster_scoped and action not in CLUSTER_SCOPED_ACTIONS:
        return False
    return _RANK[role] >= _RANK[_LEAST_ROLE.get(action, Role.DEVELOPER)]


def may_grant(granter: Role, role: Role) -> bool:
    """Whether a principal may give `role` to another: never more than it has itself."""
    return _RANK[granter] >= _RANK[role]
