"""The gateway as HTTP routes use it: producers and readers, and which cluster a record goes to."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi.concurrency import run_in_threadpool
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from control_plane.clusters.errors import NetworkNotAllowedError
from control_plane.identity.principals import Principal
from control_plane.kit.clock import Clock
from control_plane.provisioning.networks import allows
from data_plane.gateway.endpoints import ClusterEndpoint, Route
from data_plane.gateway.gateway import Gateway

FRESH_SECONDS = 5.0  # for how long a deleted or closed cluster may still be spoken to
STALE_SECONDS_MAX = 900.0  # for how long known clusters stay reachable without the database
REMEMBERED_MAX = 10_000

log = structlog.stdlib.get_logger("gateway")

REFUSED = Counter(
    "headrace_http_networks_refused",
    "Requests for records from where the clients of a cluster may not come",
)


@dataclass(frozen=True)
class ReachableCluster:
    """How to reach a cluster, and from where callers may."""

    endpoint: ClusterEndpoint
    allowed_networks: tuple[str, ...] = ()


# Finds a cluster that exists for a caller; raises ClusterNotFoundError, ClusterNotReadyError or
# ClusterSuspendedError.
ClusterLookup = Callable[[Principal, str], ReachableCluster]


@dataclass(frozen=True)
class _Known:
    cluster: ReachableCluster
    looked_up_at: float


class ClusterRoutes:
    """Finds the route of a caller to a cluster, and remembers it: warm, no database is touched.

    Belongs to one event loop.
    """

    def __init__(self, look_up: ClusterLookup, clock: Clock) -> None:
        self._look_up = look_up
        self._clock = clock
        self._known: OrderedDict[tuple[str, str | None, str], _Known] = OrderedDict()

    async def route(
        self, caller: Principal, cluster_id: str, address: str, *, afresh: bool = False
    ) -> Route:
        """Return the route; raise ClusterNotFoundError for absent and foreign clusters alike.

        Raises NetworkNotAllowedError where clients of the cluster may not come from the caller's
        `address`. While the database can not be reached, clusters seen a short while ago
        stay reachable. `afresh` looks the cluster up whatever is remembered: its brokers may know
        of a change before this process does.
        """
        cluster = await self._find(caller, cluster_id, 0.0 if afresh else FRESH_SECONDS)
        if not allows(cluster.allowed_networks, address):
            REFUSED.inc()
            log.info("network_refused", cluster_id=cluster_id, address=address)
            raise NetworkNotAllowedError
        return Route(cluster.endpoint, caller.id)

    async def _find(
        self, caller: Principal, cluster_id: str, fresh_seconds: float
    ) -> ReachableCluster:
        key = (caller.organization_id, caller.cluster_id, cluster_id)
        known = self._recall(key, fresh_seconds) if fresh_seconds else None
        if known is None:
            try:
                known = await run_in_threadpool(self._look_up, caller, cluster_id)
            except SQLAlchemyError:
                known = self._recall(key, STALE_SECONDS_MAX)
                if known is None:
                    raise
                log.warning("cluster_from_cache", cluster_id=cluster_id)
            else:
                self._remember(key, known)
        return known

    def _recall(self, key: tuple[str, str | None, str], age_max: float) -> ReachableCluster | None:
        known = self._known.get(key)
        if known is None or self._clock.monotonic() - known.looked_up_at > age_max:
            return None
        return known.cluster

    def _remember(self, key: tuple[str, str | None, str], cluster: ReachableCluster) -> None:
        self._known[key] = _Known(cluster, self._clock.monotonic())
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)


@dataclass(frozen=True)
class HttpGateway:
    """Produces and consumes for HTTP routes."""

    gateway: Gateway
    routes: ClusterRoutes

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncGenerator[None]:
        """Serve while the application does."""
        async with self.gateway.serving():
            yield
