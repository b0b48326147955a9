"""Keys reach the clusters that they are for, newest set last."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from control_plane.access.service import AccessService, CredentialLoader
from control_plane.kit.scope import Scope
from control_plane.provisioning.errors import CredentialsRejectedError
from tests.fixtures.planes import Plane

PUBLISHERS = 4
PUBLICATIONS = 20


class TestPublish:
    def test_puts_an_organizations_key_on_all_its_clusters(self, plane: Plane) -> None:
        organization_id = plane.organization()
        clusters = [plane.running(organization_id, name) for name in ("one", "two")]
        key_id = plane.api_key(organization_id)
        plane.services.access.publish(organization_id, None)
        assert [plane.usernames(cluster) for cluster in clusters] == [{key_id}, {key_id}]

    def test_puts_a_clusters_key_on_that_cluster_alone(self, plane: Plane) -> None:
        organization_id = plane.organization()
        one, two = (plane.running(organization_id, name) for name in ("one", "two"))
        key_id = plane.api_key(organization_id, one.id)
        plane.services.access.publish(organization_id, one.id)
        assert (plane.usernames(one), plane.usernames(two)) == ({key_id}, set())

    def test_gives_every_set_a_higher_generation(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        generations: list[int] = []
        for _ in range(3):
            plane.services.access.publish(cluster.organization_id, cluster.id)
            generations.append(plane.engine.credentials[cluster.id].generation)
        assert generations == sorted(set(generations))

    def test_never_gives_two_sets_one_generation(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        before = plane.reload(cluster).credentials_generation

        def publish(_number: int) -> None:
            plane.services.access.publish(cluster.organization_id, None)

        with ThreadPoolExecutor(PUBLISHERS) as pool:
            list(pool.map(publish, range(PUBLICATIONS)))
        after = plane.reload(cluster).credentials_generation
        assert after == before + PUBLICATIONS

    def test_is_done_by_the_reconciler_if_the_caller_died(self, plane: Plane) -> None:
        organization_id = plane.organization()
        cluster = plane.running(organization_id)
        key_id = plane.api_key(organization_id)
        plane.clock.advance(60)
        plane.run_jobs()
        assert plane.usernames(cluster) == {key_id}

    def test_leaves_a_dead_cluster_to_its_start(self, plane: Plane) -> None:
        organization_id = plane.organization()
        cluster = plane.running(organization_id)
        plane.engine.kill(cluster.id)
        key_id = plane.api_key(organization_id)
        plane.services.access.publish(organization_id, None)
        plane.sweep()
        assert plane.usernames(cluster) == {key_id}
        assert plane.reload(cluster).status == "running"

    def test_tells_when_a_running_cluster_does_not_confirm(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        plane.engine.failure = CredentialsRejectedError("refused")
        with pytest.raises(CredentialsRejectedError):
            plane.services.access.publish(cluster.organization_id, None)

    def test_takes_a_revoked_key_away(self, plane: Plane) -> None:
        organization_id = plane.organization()
        cluster = plane.running(organization_id)
        key_id = plane.api_key(organization_id)
        plane.services.access.publish(organization_id, None)
        with plane.core.database.transaction() as session:
            key = plane.core.api_keys.get(session, Scope(organization_id), key_id)
            key.revoked_at = plane.clock.now()
        plane.services.access.publish(organization_id, None)
        assert plane.usernames(cluster) == set()

    def test_tells_who_may_not_reach_the_cluster_any_more(self, sqlite_plane: Plane) -> None:
        plane = sqlite_plane
        told: list[tuple[str, list[str]]] = []
        organization_id = plane.organization()
        cluster = plane.running(organization_id)
        key_id = plane.api_key(organization_id)
        names = [key_id, "hk_gone", "u_member", "control-plane"]
        access = AccessService(
            plane.core.database,
            plane.services.clusters,
            CredentialLoader(plane.core.api_keys),
            lambda cluster_id, is_gone: told.append(
                (cluster_id, [name for name in names if is_gone(name)])
            ),
        )
        access.publish(organization_id, None)
        assert told == [(cluster.id, ["hk_gone"])]

    def test_writes_no_secret(self, plane: Plane) -> None:
        organization_id = plane.organization()
        plane.api_key(organization_id)
        cluster = plane.running(organization_id)
        (record,) = plane.engine.credentials[cluster.id].credentials
        assert set(record) == {"username", "principal", "plain", "scram_sha_256", "scram_sha_512"}
        assert record["principal"] == f"User:{record['username']}"
        assert "hrs_" not in str(record)
