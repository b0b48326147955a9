"""Access rules of a cluster: every answer comes from the cluster, none is kept here."""

from collections.abc import Sequence

from control_plane.kafka.admin import AclOperation
from control_plane.kafka.admin_clients import AdminClients, Connection
from control_plane.kafka.connection import BrokerConnections
from control_plane.kafka.wire import ApiKey
from control_plane.kit.pagination import Page, PageRequest, paginate_names
from control_plane.rights import access_rule_requests as requests
from control_plane.rights.access_rules import AccessRule, RuleFilter, problem_of
from control_plane.rights.errors import RULE_REFUSALS, AccessRuleInvalidError
from control_plane.rights.permissions import require_may


class AccessRuleService:
    """Asks clusters about their access rules, each time as the caller.

    Every method raises an `AppError`: the coded form of what the cluster answered, or
    `ClusterUnavailableError` when it does not answer in time.
    """

    def __init__(self, clients: AdminClients, brokers: BrokerConnections) -> None:
        self._clients = clients
        self._brokers = brokers

    def list(
        self, connection: Connection, page: PageRequest, wanted: RuleFilter
    ) -> Page[AccessRule]:
        """Return the rules that the filter means, in the order of what they are about."""
        return paginate_names(self._find(connection, wanted), lambda rule: rule.place, page)

    def create(self, connection: Connection, rule: AccessRule) -> None:
        """Add a rule; one that is there already stays."""
        with self._brokers.open(connection) as broker:
            answered = broker.ask(
                ApiKey.CREATE_ACLS, requests.VERSION, requests.create(rule), requests.created
            )
        answered.unless_refused(RULE_REFUSALS)

    def check(self, connection: Connection, rule: AccessRule) -> None:
        """Raise what `create` would be refused with, but for a limit that is reached."""
        problem = problem_of(rule)
        if problem is not None:
            advice = RULE_REFUSALS.advice[AccessRuleInvalidError]
            raise AccessRuleInvalidError(problem, advice=advice)
        self._require_alter(connection)

    def delete(
        self, connection: Connection, wanted: RuleFilter, *, is_dry_run: bool = False
    ) -> Sequence[AccessRule]:
        """Remove the rules that the filter means, or only tell which; return them in order."""
        if is_dry_run:
            found = self._find(connection, wanted)
            self._require_alter(connection)
            return sorted(found)
        with self._brokers.open(connection) as broker:
            answered = broker.ask(
                ApiKey.DELETE_ACLS, requests.VERSION, requests.delete(wanted), requests.deleted
            )
        return sorted(answered.unless_refused(RULE_REFUSALS))

    def _find(self, connection: Connection, wanted: RuleFilter) -> "list[AccessRule]":
        with self._brokers.open(connection) as broker:
            answered = broker.ask(
                ApiKey.DESCRIBE_ACLS,
                requests.VERSION,
                requests.describe(wanted),
                requests.described,
            )
        return answered.unless_refused(RULE_REFUSALS)

    def _require_alter(self, connection: Connection) -> None:
        with self._clients.client(connection) as client:
            require_may(client, AclOperation.ALTER, RULE_REFUSALS)
