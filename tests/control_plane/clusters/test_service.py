"""What may be wanted of clusters."""

from types import MappingProxyType

import pytest

from control_plane.clusters.errors import (
    ClusterLimitError,
    ClusterNameTakenError,
    ClusterNotFoundError,
    ClusterNotReadyError,
    EngineNotInstalledError,
    PlanUnknownError,
)
from control_plane.clusters.plans import CATALOGUE, Plan
from control_plane.clusters.service import CLUSTERS_PER_ORGANIZATION_MAX, ClusterService
from control_plane.clusters.states import ClusterStatus
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope
from tests.fixtures.planes import Plane


class TestCreate:
    def test_begins_as_creating_with_an_operation(self, plane: Plane) -> None:
        organization_id = plane.organization()
        cluster, operation = plane.create(organization_id)
        assert (cluster.status, cluster.generation, cluster.observed_generation) == (
            "creating",
            1,
            0,
        )
        assert (operation.kind, operation.resource_id) == ("cluster.create", cluster.id)

    def test_refuses_a_name_that_the_organization_uses(self, plane: Plane) -> None:
        organization_id = plane.organization()
        plane.create(organization_id)
        with pytest.raises(ClusterNameTakenError):
            plane.create(organization_id)

    def test_another_organization_may_use_the_name(self, plane: Plane) -> None:
        first, _ = plane.create(plane.organization("one"))
        second, _ = plane.create(plane.organization("two"))
        assert first.name == second.name

    def test_a_name_is_free_again_once_its_cluster_is_gone(self, plane: Plane) -> None:
        organization_id = plane.organization()
        cluster = plane.running(organization_id)
        plane.delete(cluster)
        with pytest.raises(ClusterNameTakenError):
            plane.create(organization_id)
        plane.run_jobs()
        again, _ = plane.create(organization_id)
        assert again.id != cluster.id

    def test_an_unknown_plan_is_answered_with_the_known_ones(self, sqlite_plane: Plane) -> None:
        plane = sqlite_plane
        organization_id = plane.organization()
        with (
            pytest.raises(PlanUnknownError) as caught,
            plane.core.database.transaction() as session,
        ):
            plane.services.clusters.create(
                session, organization_id, name="orders", plan_id="platinum"
            )
        assert "platinum" in caught.value.detail
        assert "dev" in (caught.value.advice or "")

    def test_a_plan_whose_engine_is_not_installed_is_refused_by_name(
        self, sqlite_plane: Plane
    ) -> None:
        plane = sqlite_plane
        dev = CATALOGUE["dev"]
        other = Plan(
            id="big",
            description="another engine",
            engine="apache-kafka",
            brokers=3,
            default_partitions=1,
            limits=dev.limits,
            undelete_days=1,
        )
        plans = MappingProxyType({"dev": dev, "big": other})
        clusters = ClusterService(
            plane.clock, plane.core.operations, {"native": plane.engine}, plans
        )
        organization_id = plane.organization()
        with (
            pytest.raises(EngineNotInstalledError, match="apache-kafka"),
            plane.core.database.transaction() as session,
        ):
            clusters.create(session, organization_id, name="orders", plan_id="big")
        offered = {one.plan.id: one.is_available for one in clusters.offered_plans()}
        assert offered == {"big": False, "dev": True}

    def test_stops_at_the_limit_of_an_organization(self, sqlite_plane: Plane) -> None:
        plane = sqlite_plane
        organization_id = plane.organization()
        for number in range(CLUSTERS_PER_ORGANIZATION_MAX):
            plane.create(organization_id, f"cluster-{number}")
        with pytest.raises(ClusterLimitError):
            plane.create(organization_id, "one-more")


class TestGet:
    def test_a_foreign_cluster_looks_like_none(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization("one"))
        stranger = Scope(plane.organization("two"))
        messages: list[str] = []
        for cluster_id in (cluster.id, "lkc_0000000000000000"):
            with (
                pytest.raises(ClusterNotFoundError) as caught,
                plane.core.database.snapshot() as session,
            ):
                plane.services.clusters.get(session, stranger, cluster_id)
            messages.append(caught.value.detail)
        assert messages[0] == messages[1]

    def test_a_key_of_one_cluster_sees_only_that(self, plane: Plane) -> None:
        organization_id = plane.organization()
        mine = plane.running(organization_id, "mine")
        other = plane.running(organization_id, "other")
        scope = Scope(organization_id, mine.id)
        with plane.core.database.snapshot() as session:
            page = plane.services.clusters.list(session, scope, PageRequest())
            assert [cluster.id for cluster in page.items] == [mine.id]
            with pytest.raises(ClusterNotFoundError):
                plane.services.clusters.get(session, scope, other.id)

    def test_lists_in_pages_without_what_is_gone(self, plane: Plane) -> None:
        organization_id = plane.organization()
        clusters = [plane.running(organization_id, f"cluster-{number}") for number in range(3)]
        plane.delete(clusters[1])
        plane.run_jobs()
        found: list[str] = []
        token: str | None = None
        with plane.core.database.snapshot() as session:
            while True:
                page = plane.services.clusters.list(
                    session, Scope(organization_id), PageRequest(1, token)
                )
                found.extend(cluster.name for cluster in page.items)
                token = page.next_page_token
                if token is None:
                    break
        assert sorted(found) == ["cluster-0", "cluster-2"]


class TestDelete:
    def test_wants_it_gone_under_a_new_generation(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        operation = plane.delete(cluster)
        deleting = plane.reload(cluster)
        assert (deleting.status, deleting.generation) == ("deleting", cluster.generation + 1)
        assert operation.kind == "cluster.delete"

    def test_asked_twice_returns_the_operation_under_way(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        assert plane.delete(cluster).id == plane.delete(cluster).id

    def test_ends_a_creation_that_was_under_way(self, plane: Plane) -> None:
        cluster, creation = plane.create(plane.organization())
        plane.delete(cluster)
        ended = plane.operation(creation)
        assert (ended.status, ended.error_code) == ("failed", "operation_superseded")

    def test_a_gone_cluster_is_not_found(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        plane.delete(cluster)
        plane.run_jobs()
        with pytest.raises(ClusterNotFoundError):
            plane.delete(cluster)


class TestBootstrap:
    @pytest.mark.parametrize("status", ["running", "updating", "failed"])
    def test_reaches_a_cluster_that_serves(self, sqlite_plane: Plane, status: str) -> None:
        cluster = sqlite_plane.running(sqlite_plane.organization())
        cluster.status = ClusterStatus(status).value
        assert sqlite_plane.services.clusters.bootstrap(cluster).servers.startswith("127.0.0.1:")

    @pytest.mark.parametrize("status", ["creating", "paused", "deleting"])
    def test_says_that_another_one_is_not_ready(self, sqlite_plane: Plane, status: str) -> None:
        cluster = sqlite_plane.running(sqlite_plane.organization())
        cluster.status = ClusterStatus(status).value
        with pytest.raises(ClusterNotReadyError, match=status):
            sqlite_plane.services.clusters.bootstrap(cluster)
