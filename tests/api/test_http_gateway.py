"""Routes to clusters are remembered, and outlive the database for a while."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from api.http_gateway import (
    FRESH_SECONDS,
    STALE_SECONDS_MAX,
    ClusterRoutes,
    ReachableCluster,
)
from control_plane.clusters.errors import ClusterNotFoundError, NetworkNotAllowedError
from control_plane.identity.policy import Role
from control_plane.identity.principals import Principal, PrincipalKind
from data_plane.gateway.endpoints import ClusterEndpoint
from tests.fixtures.clocks import ManualClock

HERE = "192.0.2.1"


def caller(organization_id: str = "org_a", cluster_id: str | None = None) -> Principal:
    return Principal("hk_a", PrincipalKind.API_KEY, organization_id, cluster_id, Role.DEVELOPER)


class Clusters:
    """One cluster of org_a, and a database that may be away."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False
        self.networks: tuple[str, ...] = ()

    def look_up(self, who: Principal, cluster_id: str) -> ReachableCluster:
        self.asked += 1
        if self.is_away:
            raise OperationalError("select", {}, Exception("away"))
        if who.organization_id != "org_a" or who.cluster_id not in {None, cluster_id}:
            raise ClusterNotFoundError("there is no such cluster")
        endpoint = ClusterEndpoint(cluster_id, "127.0.0.1:9", "SASL_PLAINTEXT")
        return ReachableCluster(endpoint, self.networks)


def test_a_route_is_asked_for_afresh_whatever_is_remembered(clock: ManualClock) -> None:
    clusters = Clusters()
    routes = ClusterRoutes(clusters.look_up, clock)

    async def scenario() -> None:
        await routes.route(caller(), "lkc_a", HERE)
        await routes.route(caller(), "lkc_a", HERE, afresh=True)
        assert clusters.asked == 2
        await routes.route(caller(), "lkc_a", HERE)
        assert clusters.asked == 2

    asyncio.run(scenario())


def test_a_warm_route_asks_nobody(clock: ManualClock) -> None:
    clusters = Clusters()
    routes = ClusterRoutes(clusters.look_up, clock)

    async def scenario() -> None:
        for _ in range(10):
            route = await routes.route(caller(), "lkc_a", HERE)
            assert (route.principal, route.endpoint.cluster_id) == ("hk_a", "lkc_a")
        assert clusters.asked == 1
        clock.advance(FRESH_SECONDS + 1)
        await routes.route(caller(), "lkc_a", HERE)
        assert clusters.asked == 2

    asyncio.run(scenario())


def test_what_one_caller_may_see_is_not_remembered_for_another(clock: ManualClock) -> None:
    routes = ClusterRoutes(Clusters().look_up, clock)

    async def scenario() -> None:
        await routes.route(caller(), "lkc_a", HERE)
        for stranger in (caller("org_b"), caller(cluster_id="lkc_b")):
            with pytest.raises(ClusterNotFoundError):
                await routes.route(stranger, "lkc_a", HERE)

    asyncio.run(scenario())


def test_a_known_route_outlives_the_database_for_a_while(clock: ManualClock) -> None:
    clusters = Clusters()
    routes = ClusterRoutes(clusters.look_up, clock)

    async def scenario() -> None:
        await routes.route(caller(), "lkc_a", HERE)
        clusters.is_away = True
        clock.advance(STALE_SECONDS_MAX - 1)
        await routes.route(caller(), "lkc_a", HERE)
        clock.advance(2)
        with pytest.raises(OperationalError):
            await routes.route(caller(), "lkc_a", HERE)

    asyncio.run(scenario())


def test_callers_come_from_allowed_networks_alone(clock: ManualClock) -> None:
    clusters = Clusters()
    clusters.networks = ("192.0.2.0/24", "2001:db8::1")
    routes = ClusterRoutes(clusters.look_up, clock)

    async def scenario() -> None:
        for address in (HERE, "::ffff:192.0.2.9", "2001:db8::1"):
            await routes.route(caller(), "lkc_a", address)
        for address in ("198.51.100.1", "2001:db8::2", "unknown"):
            with pytest.raises(NetworkNotAllowedError):
                await routes.route(caller(), "lkc_a", address)
        assert clusters.asked == 1

    asyncio.run(scenario())


def test_a_change_of_networks_holds_within_seconds(clock: ManualClock) -> None:
    clusters = Clusters()
    routes = ClusterRoutes(clusters.look_up, clock)

    async def scenario() -> None:
        await routes.route(caller(), "lkc_a", HERE)
        clusters.networks = ("198.51.100.0/24",)
        clock.advance(FRESH_SECONDS + 0.1)
        with pytest.raises(NetworkNotAllowedError):
            await routes.route(caller(), "lkc_a", HERE)

    asyncio.run(scenario())
