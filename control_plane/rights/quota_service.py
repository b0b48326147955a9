"""Client quotas of a cluster: every answer comes from the cluster, none is kept here."""

from collections.abc import Mapping

from control_plane.kafka.admin_clients import Connection
from control_plane.kafka.connection import BrokerConnections
from control_plane.kafka.wire import ApiKey
from control_plane.kit.pagination import Page, PageRequest, paginate_names
from control_plane.rights import quota_requests as requests
from control_plane.rights.errors import QUOTA_REFUSALS, QuotaNotFoundError
from control_plane.rights.quotas import ClientQuota, Entity, Match, QuotaFilter, Rate, after


class QuotaService:
    """Asks clusters about the quotas of their clients, each time as the caller.

    Every method raises an `AppError`: the coded form of what the cluster answered, or
    `ClusterUnavailableError` when it does not answer in time.
    """

    def __init__(self, brokers: BrokerConnections) -> None:
        self._brokers = brokers

    def list(
        self, connection: Connection, page: PageRequest, wanted: QuotaFilter
    ) -> Page[ClientQuota]:
        """Return the quotas of entities that have such parts, in the order of kinds and names."""
        found = self._describe(connection, requests.describe(wanted))
        return paginate_names(found, lambda quota: quota.place, page)

    def set(
        self,
        connection: Connection,
        entity: Entity,
        changes: Mapping[Rate, float | None],
        *,
        is_dry_run: bool = False,
    ) -> ClientQuota:
        """Set rates of an entity, None takes one away; return what it has then, or would have."""
        before = self._find(connection, entity) if is_dry_run else None
        self._alter(connection, entity, {**changes}, is_dry_run=is_dry_run)
        if is_dry_run:
            return after(before or ClientQuota(entity, {}), {**changes})
        return self._find(connection, entity) or ClientQuota(entity, {})

    def delete(
        self, connection: Connection, entity: Entity, *, is_dry_run: bool = False
    ) -> ClientQuota:
        """Take every rate of an entity away; return what it had. Raises QuotaNotFoundError."""
        quota = self._find(connection, entity)
        if quota is None:
            raise QuotaNotFoundError(
                "the entity has no quota of its own",
                advice="list the quotas of the cluster; of what is not set the default holds",
            )
        changes: dict[str, float | None] = dict.fromkeys(quota.rates)
        self._alter(connection, entity, changes, is_dry_run=is_dry_run)
        return quota

    def _find(self, connection: Connection, entity: Entity) -> ClientQuota | None:
        wanted = {kind: Match(name, is_default=name is None) for kind, name in entity}
        found = self._describe(connection, requests.describe(wanted, is_strict=True))
        return next((quota for quota in found if quota.rates), None)

    def _describe(self, connection: Connection, body: bytes) -> "list[ClientQuota]":
        with self._brokers.open(connection) as broker:
            answered = broker.ask(
                ApiKey.DESCRIBE_CLIENT_QUOTAS, requests.VERSION, body, requests.described
            )
        return answered.unless_refused(QUOTA_REFUSALS)

    def _alter(
        self,
        connection: Connection,
        entity: Entity,
        changes: Mapping[str, float | None],
        *,
        is_dry_run: bool,
    ) -> None:
        body = requests.alter(entity, changes, is_dry_run=is_dry_run)
        with self._brokers.open(connection) as broker:
            answered = broker.ask(
                ApiKey.ALTER_CLIENT_QUOTAS, requests.VERSION, body, requests.altered
            )
        answered.unless_refused(QUOTA_REFUSALS)
