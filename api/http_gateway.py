"""The gateway as HTTP routes use it: producers and readers, and which cluster a record goes to."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from control_plane.identity.principals import Principal
from control_plane.kit.clock import Clock
from data_plane.gateway.endpoints import ClusterEndpoint, Route
from data_plane.gateway.gateway import Gateway

FRESH_SECONDS = 5.0  # for how long a deleted cluster may still be spoken to
STALE_SECONDS_MAX = 900.0  # for how long known clusters stay reachable without the database
REMEMBERED_MAX = 10_000

log = structlog.stdlib.get_logger("gateway")

# Finds a cluster that exists for a caller, or raises ClusterNotFoundError or ClusterNotReadyError.
EndpointLookup = Callable[[Principal, str], ClusterEndpoint]


@dataclass(frozen=True)
class _Known:
    endpoint: ClusterEndpoint
    looked_up_at: float


class ClusterRoutes:
    """Finds the route of a caller to a cluster, and remembers it: warm, no database is touched.

    Belongs to one event loop.
    """

    def __init__(self, look_up: EndpointLookup, clock: Clock) -> None:
        self._look_up = look_up
        self._clock = clock
        self._known: OrderedDict[tuple[str, str | None, str], _Known] = OrderedDict()

    async def route(self, caller: Principal, cluster_id: str) -> Route:
        """Return the route; raise ClusterNotFoundError for absent and foreign clusters alike.

        While the database can not be reached, clusters seen a short while ago stay reachable.
        """
        key = (caller.organization_id, caller.cluster_id, cluster_id)
        known = self._recall(key, FRESH_SECONDS)
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
        return Route(known, caller.id)

    def _recall(self, key: tuple[str, str | None, str], age_max: float) -> ClusterEndpoint | None:
        known = self._known.get(key)
        if known is None or self._clock.monotonic() - known.looked_up_at > age_max:
            return None
        return known.endpoint

    def _remember(self, key: tuple[str, str | None, str], endpoint: ClusterEndpoint) -> None:
        self._known[key] = _Known(endpoint, self._clock.monotonic())
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
