"""Clusters that run but that nobody knows are told of, and left alone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, get_args

import pytest
from structlog.testing import capture_logs

from control_plane.clusters.changes import Held
from control_plane.clusters.lifecycle import ClusterPatch
from control_plane.clusters.maintenance import (
    MAINTAINED_PER_SWEEP_MAX,
    SETTLED_SECONDS_MIN,
    MaintenanceWindow,
    Weekday,
)
from control_plane.clusters.models import Cluster
from control_plane.kit.scope import Scope
from control_plane.provisioning.engine import ClusterLimits, ClusterSpec, CredentialSet
from control_plane.provisioning.errors import ProvisioningError
from tests.fixtures.planes import Plane

WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
STRANGER = ClusterSpec(
    cluster_id="lkc_stranger",
    generation=7,
    limits=ClusterLimits(connections_max=1, partitions_max=1, request_bytes_max=1),
)


@pytest.fixture
def plane(sqlite_plane: Plane) -> Plane:
    """One with a stranger's cluster in its engine, as after a restore from an old backup."""
    sqlite_plane.engine.ensure(STRANGER, CredentialSet(1, ()))
    sqlite_plane.engine.calls.clear()
    return sqlite_plane


class TestUnknownCluster:
    def test_is_reported_once_and_never_touched(self, plane: Plane) -> None:
        with capture_logs() as logs:
            for _ in range(4):
                plane.sweep()
                plane.clock.advance(5)
        reported = [entry for entry in logs if entry["event"] == "cluster_unknown"]
        assert [entry["cluster_id"] for entry in reported] == ["lkc_stranger"]
        assert plane.services.sweeper.unknown == {"lkc_stranger"}
        assert plane.engine.calls == []
        assert "lkc_stranger" in plane.engine.running

    def test_is_not_taken_for_one_on_a_single_look(self, plane: Plane) -> None:
        plane.sweep()
        assert plane.services.sweeper.unknown == set()

    def test_is_forgotten_when_it_is_gone(self, plane: Plane) -> None:
        plane.sweep()
        plane.sweep()
        plane.engine.running.clear()
        plane.sweep()
        assert plane.services.sweeper.unknown == set()

    def test_known_clusters_are_none(self, plane: Plane) -> None:
        plane.running(plane.organization())
        plane.sweep()
        plane.sweep()
        assert plane.services.sweeper.unknown == {"lkc_stranger"}

    def test_a_cluster_is_known_whichever_engine_lists_it(
        self, plane: Plane, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Engines of one machine see the same processes and folders."""
        plane.running(plane.organization())
        engines = {"apache-kafka": plane.engine, "native": plane.engine}
        monkeypatch.setattr(plane.services.sweeper, "_engines", engines)
        plane.sweep()
        plane.sweep()
        assert plane.services.sweeper.unknown == {"lkc_stranger"}


class TestRestoredDatabase:
    def test_overtakes_the_credentials_that_brokers_have(self, plane: Plane) -> None:
        organization_id = plane.organization()
        cluster = plane.running(organization_id)
        plane.engine.apply_credentials(cluster.id, CredentialSet(50, ()))
        key_id = plane.api_key(organization_id)
        plane.clock.advance(60)
        plane.sweep()
        assert plane.engine.credentials[cluster.id].generation == 51
        assert plane.usernames(cluster) == {key_id}
        assert plane.reload(cluster).observed_credentials_generation == 51


class TestCertificates:
    def test_those_near_their_end_are_renewed_and_a_silent_broker_stops_nothing(
        self, plane: Plane
    ) -> None:
        cluster = plane.running(plane.organization())
        plane.engine.aged.add(cluster.id)
        with capture_logs() as logs:
            plane.sweep()
            plane.sweep()
            plane.engine.renewal_failure = ProvisioningError("no answer")
            plane.sweep()
        told = [entry for entry in logs if entry["event"].startswith("certificate")]
        assert [(entry["event"], entry["cluster_id"]) for entry in told] == [
            ("certificate_renewed", cluster.id),
            ("certificate_not_reloaded", cluster.id),
        ]


class TestVersions:
    def test_clusters_are_moved_to_the_installed_one_some_at_a_time(self, plane: Plane) -> None:
        organization_id = plane.organization()
        names = ("a", "b", "c")
        found = [plane.running(organization_id, name) for name in names]
        plane.clock.advance(SETTLED_SECONDS_MIN)
        plane.sweep()
        assert versions(plane, found) == ["1.0.0"] * 3
        plane.engine.version = "1.1.0"
        plane.sweep()
        plane.run_jobs()
        assert versions(plane, found).count("1.1.0") == MAINTAINED_PER_SWEEP_MAX
        plane.sweep()
        plane.run_jobs()
        assert versions(plane, found) == ["1.1.0"] * 3
        assert {plane.reload(one).generation for one in found} == {2}

    def test_one_that_was_just_changed_is_left_alone(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        plane.engine.version = "1.1.0"
        plane.sweep()
        plane.run_jobs()
        assert versions(plane, [cluster]) == ["1.0.0"]

    def test_one_with_a_window_waits_for_it(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        opens = plane.clock.now() + timedelta(days=2)
        weekday = WEEKDAYS[opens.weekday()]
        patch = ClusterPatch(maintenance_window=MaintenanceWindow(weekday, opens.hour))
        with plane.core.database.transaction() as session:
            plane.services.lifecycle.update(
                session,
                Scope(cluster.organization_id),
                cluster.id,
                patch,
                expected_tag=None,
                held=Held(0, 0),
            )
        plane.engine.version = "1.1.0"
        plane.clock.advance(timedelta(days=1).total_seconds())
        plane.sweep()
        plane.run_jobs()
        assert versions(plane, [cluster]) == ["1.0.0"]
        plane.clock.advance(timedelta(days=1).total_seconds())
        plane.sweep()
        plane.run_jobs()
        assert versions(plane, [cluster]) == ["1.1.0"]


def versions(plane: Plane, clusters: Sequence[Cluster]) -> list[str | None]:
    return [plane.reload(cluster).observed_version for cluster in clusters]
