"""Clusters that run but that nobody knows are told of, and left alone."""

import pytest
from structlog.testing import capture_logs

from control_plane.provisioning.engine import ClusterLimits, ClusterSpec, CredentialSet
from control_plane.provisioning.errors import ProvisioningError
from tests.fixtures.planes import Plane

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
