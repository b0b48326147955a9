"""What each role may do: the one table of permissions, pure. docs/roles.md shows it to people."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a principal is trusted with in its organization, or in one cluster of it."""

    OWNER = "owner"
    ADMIN = "admin"
    OPERATOR = "operator"
    DEVELOPER = "developer"
    VIEWER = "viewer"
    BILLING = "billing"


class Action(StrEnum):
    """What a route does; every route under /v1 and /kafka declares one."""

    WHOAMI_READ = "whoami.read"
    SESSIONS_READ = "sessions.read"
    SESSIONS_REVOKE = "sessions.revoke"
    ORGANIZATIONS_READ = "organizations.read"
    ORGANIZATIONS_UPDATE = "organizations.update"
    MEMBERS_CREATE = "members.create"
    MEMBERS_READ = "members.read"
    MEMBERS_UPDATE = "members.update"
    MEMBERS_DELETE = "members.delete"
    API_KEYS_CREATE = "api_keys.create"
    API_KEYS_READ = "api_keys.read"
    API_KEYS_ROTATE = "api_keys.rotate"
    API_KEYS_REVOKE = "api_keys.revoke"
    CLUSTERS_CREATE = "clusters.create"
    CLUSTERS_READ = "clusters.read"
    CLUSTERS_UPDATE = "clusters.update"
    CLUSTERS_DELETE = "clusters.delete"
    TOPICS_CREATE = "topics.create"
    TOPICS_READ = "topics.read"
    TOPICS_UPDATE = "topics.update"
    TOPICS_DELETE = "topics.delete"
    GROUPS_READ = "groups.read"
    GROUPS_UPDATE = "groups.update"
    GROUPS_DELETE = "groups.delete"
    ACCESS_RULES_CREATE = "access_rules.create"
    ACCESS_RULES_READ = "access_rules.read"
    ACCESS_RULES_DELETE = "access_rules.delete"
    SCRAM_USERS_CREATE = "scram_users.create"
    SCRAM_USERS_READ = "scram_users.read"
    SCRAM_USERS_UPDATE = "scram_users.update"
    SCRAM_USERS_DELETE = "scram_users.delete"
    QUOTAS_READ = "quotas.read"
    QUOTAS_UPDATE = "quotas.update"
    QUOTAS_DELETE = "quotas.delete"
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
    AUDIT_READ = "audit.read"
    RECORDS_PRODUCE = "records.produce"
    RECORDS_CONSUME = "records.consume"
    INSTALLATION_ORGANIZATIONS_CREATE = "installation.organizations.create"
    INSTALLATION_ORGANIZATIONS_READ = "installation.organizations.read"
    INSTALLATION_CLUSTERS_OPEN = "installation.clusters.open"
    INSTALLATION_AUDIT_READ = "installation.audit.read"
    INSTALLATION_KEYS_CREATE = "installation.keys.create"
    INSTALLATION_KEYS_READ = "installation.keys.read"
    INSTALLATION_KEYS_REVOKE = "installation.keys.revoke"
    INSTALLATION_OPERATORS_GRANT = "installation.operators.grant"
    INSTALLATION_OPERATORS_READ = "installation.operators.read"
    INSTALLATION_OPERATORS_REVOKE = "installation.operators.revoke"


_OWNER = frozenset({Role.OWNER})
_ADMINS = _OWNER | {Role.ADMIN}
_RUNNERS = _ADMINS | {Role.OPERATOR}
_BUILDERS = _RUNNERS | {Role.DEVELOPER}
_READERS = _BUILDERS | {Role.VIEWER}
_ALL = _READERS | {Role.BILLING}

POLICY: Mapping[Action, frozenset[Role]] = {
    Action.WHOAMI_READ: _ALL,
    Action.SESSIONS_READ: _ALL,
    Action.SESSIONS_REVOKE: _ALL,
    Action.ORGANIZATIONS_READ: _ALL,
    Action.ORGANIZATIONS_UPDATE: _OWNER,
    Action.MEMBERS_CREATE: _ADMINS,
    Action.MEMBERS_READ: _READERS,
    Action.MEMBERS_UPDATE: _ADMINS,
    Action.MEMBERS_DELETE: _ADMINS,
    Action.API_KEYS_CREATE: _BUILDERS,
    Action.API_KEYS_READ: _READERS,
    Action.API_KEYS_ROTATE: _BUILDERS,
    Action.API_KEYS_REVOKE: _BUILDERS,
    Action.CLUSTERS_CREATE: _RUNNERS,
    Action.CLUSTERS_READ: _READERS,
    Action.CLUSTERS_UPDATE: _RUNNERS,
    Action.CLUSTERS_DELETE: _RUNNERS,
    Action.TOPICS_CREATE: _BUILDERS,
    Action.TOPICS_READ: _READERS,
    Action.TOPICS_UPDATE: _BUILDERS,
    Action.TOPICS_DELETE: _BUILDERS,
    Action.GROUPS_READ: _READERS,
    Action.GROUPS_UPDATE: _BUILDERS,
    Action.GROUPS_DELETE: _BUILDERS,
    Action.ACCESS_RULES_CREATE: _BUILDERS,
    Action.ACCESS_RULES_READ: _READERS,
    Action.ACCESS_RULES_DELETE: _BUILDERS,
    Action.SCRAM_USERS_CREATE: _BUILDERS,
    Action.SCRAM_USERS_READ: _READERS,
    Action.SCRAM_USERS_UPDATE: _BUILDERS,
    Action.SCRAM_USERS_DELETE: _BUILDERS,
    Action.QUOTAS_READ: _READERS,
    Action.QUOTAS_UPDATE: _BUILDERS,
    Action.QUOTAS_DELETE: _BUILDERS,
    Action.METRICS_READ: _READERS,
    Action.OPERATIONS_READ: _READERS,
    Action.USAGE_READ: _ALL,
    Action.PLANS_READ: _ALL,
    Action.PRICES_READ: _ALL,
    Action.COSTS_READ: _ALL,
    Action.WEBHOOKS_CREATE: _ADMINS,
    Action.WEBHOOKS_READ: _READERS,
    Action.WEBHOOKS_UPDATE: _ADMINS,
    Action.WEBHOOKS_DELETE: _ADMINS,
    Action.AUDIT_READ: _ADMINS,
    Action.RECORDS_PRODUCE: _BUILDERS,
    Action.RECORDS_CONSUME: _BUILDERS,
}
"""Who may do what in an organization. An action that is not here is the installation's."""

# Whoever holds a role in one cluster reaches that cluster and nothing beside it.
CLUSTER_ACTIONS = frozenset(
    {
        Action.WHOAMI_READ,
        Action.SESSIONS_READ,
        Action.SESSIONS_REVOKE,
        Action.CLUSTERS_READ,
        Action.CLUSTERS_UPDATE,
        Action.CLUSTERS_DELETE,
        Action.TOPICS_CREATE,
        Action.TOPICS_READ,
        Action.TOPICS_UPDATE,
        Action.TOPICS_DELETE,
        Action.GROUPS_READ,
        Action.GROUPS_UPDATE,
        Action.GROUPS_DELETE,
        Action.ACCESS_RULES_CREATE,
        Action.ACCESS_RULES_READ,
        Action.ACCESS_RULES_DELETE,
        Action.SCRAM_USERS_CREATE,
        Action.SCRAM_USERS_READ,
        Action.SCRAM_USERS_UPDATE,
        Action.SCRAM_USERS_DELETE,
        Action.QUOTAS_READ,
        Action.QUOTAS_UPDATE,
        Action.QUOTAS_DELETE,
        Action.METRICS_READ,
        Action.OPERATIONS_READ,
        Action.USAGE_READ,
        Action.PLANS_READ,
        Action.PRICES_READ,
        Action.RECORDS_PRODUCE,
        Action.RECORDS_CONSUME,
    }
)
CLUSTER_ROLES = frozenset({Role.OPERATOR, Role.DEVELOPER, Role.VIEWER})
"""The roles that can be given in one cluster; the others are about the organization."""

INSTALLATION_ACTIONS = frozenset(set(Action) - set(POLICY))
"""What operators of the installation may do; of organizations' clusters and data it is nothing."""


def permits(role: Role | None, action: Action, *, cluster_scoped: bool) -> bool:
    """Whether a principal of `role` may do `action` at all, whatever the resource.

    None is the role of the installation's operators, which is none in any organization.
    """
    if role is None:
        return action is Action.WHOAMI_READ or action in INSTALLATION_ACTIONS
    if cluster_scoped and action not in CLUSTER_ACTIONS:
        return False
    return role in POLICY.get(action, frozenset())


def may_grant(granter: Role | None, role: Role | None) -> bool:
    """Whether a principal may give `role` to another: never more than it has itself."""
    return all(
        permits(granter, action, cluster_scoped=False)
        for action in Action
        if permits(role, action, cluster_scoped=False)
    )


def reaches_records(role: Role) -> bool:
    """Whether a key of `role` is a Kafka user: the others are not known to any broker."""
    return permits(role, Action.RECORDS_PRODUCE, cluster_scoped=True)
