"""Routes to clusters are remembered, and outlive the database for a while."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from api.http_gateway import FRESH_SECONDS, STALE_SECONDS_MAX, ClusterRoutes
from control_plane.clusters.errors import ClusterNotFoundError
from control_plane.identity.policy import Role
from control_plane.identity.principals import Principal, PrincipalKind
from data_plane.gateway.endpoints import ClusterEndpoint
from tests.fixtures.clocks import ManualClock


def caller(organization_id: str = "org_a", cluster_id: str | None = None) -> Principal:
    return Principal("hk_a", PrincipalKind.API_KEY, organization_id, cluster_id, Role.DEVELOPER)


class Clusters:
    """One cluster of org_a, and a database that may be away."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False

    def look_up(self, who: Principal, cluster_id: str) -> ClusterEndpoint:
        self.asked += 1
        if self.is_away:
            raise OperationalError("select", {}, Exception("away"))
        if who.organization_id != "org_a" or who.cluster_id not in {None, cluster_id}:
            raise ClusterNotFoundError("there is no such cluster")
        return ClusterEndpoint(cluster_id, "127.0.0.1:9", "SASL_PLAINTEXT")


def test_a_warm_route_asks_nobody(clock: ManualClock) -> None:
    clusters = Clusters()
    routes = ClusterRoutes(clusters.look_up, clock)

    async def scenario() -> None:
        for _ in range(10):
            route = await routes.route(caller(), "lkc_a")
            assert (route.principal, route.endpoint.cluster_id) == ("hk_a", "lkc_a")
        assert clusters.asked == 1
        clock.advance(FRESH_SECONDS + 1)
        await routes.route(caller(), "lkc_a")
        assert clusters.asked == 2

    asyncio.run(scenario())


def test_what_one_caller_may_see_is_not_remembered_for_another(clock: ManualClock) -> None:
    routes = ClusterRoutes(Clusters().look_up, clock)

    async def scenario() -> None:
        await routes.route(caller(), "lkc_a")
        for stranger in (caller("org_b"), caller(cluster_id="lkc_b")):
            with pytest.raises(ClusterNotFoundError):
                await routes.route(stranger, "lkc_a")

    asyncio.run(scenario())


def test_a_known_route_outlives_the_database_for_a_while(clock: ManualClock) -> None:
    clusters = Clusters()
    routes = ClusterRoutes(clusters.look_up, clock)

    async def scenario() -> None:
        await routes.route(caller(), "lkc_a")
        clusters.is_away = True
        clock.advance(STALE_SECONDS_MAX - 1)
        await routes.route(caller(), "lkc_a")
        clock.advance(2)
        with pytest.raises(OperationalError):
            await routes.route(caller(), "lkc_a")

    asyncio.run(scenario())
