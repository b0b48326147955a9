"""How the gap between wanted and seen is closed, whatever happens meanwhile."""

from functools import partial

import pytest

from control_plane.clusters.changes import Held
from control_plane.clusters.lifecycle import ClusterPatch
from control_plane.clusters.reconciler import ATTEMPTS_BEFORE_FAILED
from control_plane.provisioning.errors import BrokerNotReadyError
from tests.fixtures.planes import Plane

RETRY_DELAY_MAX_SECONDS = 60


def run_attempts(plane: Plane, count: int) -> None:
    for _ in range(count):
        plane.run_jobs()
        plane.clock.advance(RETRY_DELAY_MAX_SECONDS)


class TestCreate:
    def test_makes_the_cluster_usable_and_ends_the_operation(self, plane: Plane) -> None:
        organization_id = plane.organization()
        key_id = plane.api_key(organization_id)
        cluster, operation = plane.create(organization_id)
        plane.run_jobs()
        made = plane.reload(cluster)
        assert (made.status, made.observed_generation) == ("running", made.generation)
        assert (made.kafka_sasl_ssl, made.ca_certificate) == ("localhost:20000", "a certificate")
        assert plane.operation(operation).status == "succeeded"
        assert plane.usernames(made) == {key_id}

    def test_gives_the_engine_the_limits_of_the_plan(self, sqlite_plane: Plane) -> None:
        cluster = sqlite_plane.running(sqlite_plane.organization())
        spec = sqlite_plane.engine.specs[cluster.id]
        assert spec.limits.partitions_max == 1_000
        assert not spec.auto_create_topics

    def test_leaves_other_organizations_keys_out(self, plane: Plane) -> None:
        plane.api_key(plane.organization("stranger"))
        mine = plane.organization("mine")
        key_id = plane.api_key(mine)
        assert plane.usernames(plane.running(mine)) == {key_id}

    def test_run_again_changes_nothing(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        calls = list(plane.engine.calls)
        plane.sweep()
        assert plane.engine.calls == calls
        assert plane.reload(cluster).updated_at == cluster.updated_at


class TestFailure:
    @pytest.fixture
    def broken(self, plane: Plane) -> Plane:
        plane.engine.failure = BrokerNotReadyError("it ended at once")
        return plane

    def test_says_why_and_tries_again(self, broken: Plane) -> None:
        cluster, operation = broken.create(broken.organization())
        broken.run_jobs()
        waiting = broken.reload(cluster)
        assert (waiting.status, waiting.reason) == (
            "creating",
            "broker_not_ready: it ended at once",
        )
        assert broken.operation(operation).status == "running"
        broken.engine.failure = None
        broken.clock.advance(RETRY_DELAY_MAX_SECONDS)
        broken.run_jobs()
        made = broken.reload(cluster)
        assert (made.status, made.reason) == ("running", None)
        ended = broken.operation(operation)
        assert (ended.status, ended.attempt) == ("succeeded", 2)

    def test_is_called_failed_after_some_attempts(self, broken: Plane) -> None:
        cluster, operation = broken.create(broken.organization())
        run_attempts(broken, ATTEMPTS_BEFORE_FAILED - 1)
        assert broken.reload(cluster).status == "creating"
        run_attempts(broken, 1)
        assert broken.reload(cluster).status == "failed"
        ended = broken.operation(operation)
        assert (ended.status, ended.error_code) == ("failed", "broker_not_ready")

    def test_sweeps_do_not_forgive_attempts(self, broken: Plane) -> None:
        cluster, _ = broken.create(broken.organization())
        for _ in range(ATTEMPTS_BEFORE_FAILED):
            broken.sweep()
            broken.clock.advance(RETRY_DELAY_MAX_SECONDS)
        assert broken.reload(cluster).status == "failed"

    def test_a_failed_cluster_recovers_by_itself(self, broken: Plane) -> None:
        cluster, _ = broken.create(broken.organization())
        run_attempts(broken, ATTEMPTS_BEFORE_FAILED)
        broken.engine.failure = None
        broken.run_jobs()
        assert broken.reload(cluster).status == "running"

    def test_a_failed_cluster_can_be_deleted(self, broken: Plane) -> None:
        cluster, _ = broken.create(broken.organization())
        run_attempts(broken, ATTEMPTS_BEFORE_FAILED)
        broken.engine.failure = None
        operation = broken.delete(cluster)
        broken.run_jobs()
        assert broken.reload(cluster).status == "deleted"
        assert broken.operation(operation).status == "succeeded"

    def test_a_deletion_never_turns_into_anything_else(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        plane.engine.failure = BrokerNotReadyError("it will not end")
        operation = plane.delete(cluster)
        run_attempts(plane, ATTEMPTS_BEFORE_FAILED + 1)
        stuck = plane.reload(cluster)
        assert (stuck.status, stuck.reason) == ("deleting", "broker_not_ready: it will not end")
        assert plane.operation(operation).status == "running"
        plane.engine.failure = None
        plane.run_jobs()
        assert plane.reload(cluster).status == "deleted"


class TestDeath:
    def test_a_broker_that_died_is_started_again(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        plane.engine.kill(cluster.id)
        plane.sweep()
        assert plane.engine.calls == ["ensure", "ensure"]
        assert plane.reload(cluster).status == "running"

    def test_a_cluster_that_the_engine_lost_is_made_again(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        plane.engine.running.clear()
        plane.sweep()
        assert cluster.id in plane.engine.running

    def test_one_that_stays_dead_is_called_failed(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        plane.engine.kill(cluster.id)
        plane.engine.failure = BrokerNotReadyError("its disk is full")
        plane.sweep()
        plane.clock.advance(RETRY_DELAY_MAX_SECONDS)
        run_attempts(plane, ATTEMPTS_BEFORE_FAILED)
        failed = plane.reload(cluster)
        assert (failed.status, failed.reason) == ("failed", "broker_not_ready: its disk is full")


class TestConcurrency:
    def test_a_deletion_during_a_creation_wins(self, plane: Plane) -> None:
        cluster, _ = plane.create(plane.organization())
        plane.engine.meanwhile = partial(plane.delete, cluster, is_purged=True)
        plane.run_jobs()
        assert plane.engine.calls == ["ensure", "remove"]
        assert plane.reload(cluster).status == "purged"
        assert plane.engine.running == {}

    def test_a_key_made_during_a_creation_is_published_after_it(self, plane: Plane) -> None:
        organization_id = plane.organization()
        cluster, _ = plane.create(organization_id)
        made: list[str] = []
        plane.engine.meanwhile = lambda: made.append(plane.api_key(organization_id))
        plane.run_jobs()
        assert plane.engine.calls == ["ensure", "apply_credentials"]
        assert plane.usernames(cluster) == set(made)
        seen = plane.reload(cluster)
        assert seen.observed_credentials_generation == seen.credentials_generation

    def test_what_changes_during_a_run_is_not_called_done_before_it_is(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        seen: list[str] = []

        def confine() -> None:
            patch = ClusterPatch(allowed_networks=["192.0.2.0/24"])
            held = Held(partitions=0, stored_bytes=0)
            operation = plane.change(cluster, "update", patch=patch, expected_tag=None, held=held)
            plane.engine.meanwhile = lambda: seen.append(plane.operation(operation).status)

        plane.engine.meanwhile = confine
        plane.change(cluster, "restart")
        plane.run_jobs()
        assert plane.engine.calls == ["ensure", "ensure", "apply_credentials"]
        assert seen == ["running"], "brokers have not been told of it yet"

    def test_a_worker_that_lost_its_lease_applies_nothing(self, plane: Plane) -> None:
        cluster, operation = plane.create(plane.organization())
        plane.engine.meanwhile = lambda: plane.clock.advance(3_600)
        plane.run_jobs()
        # The run that took so long was not believed; the one after it did the work again.
        assert plane.engine.calls == ["ensure"]
        assert plane.reload(cluster).status == "running"
        assert plane.operation(operation).attempt == 1


class TestDeletion:
    def test_removes_and_forgets_the_cluster(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        operation = plane.delete(cluster, is_purged=True)
        plane.run_jobs()
        gone = plane.reload(cluster)
        assert (gone.status, gone.deleted_at) == ("purged", plane.clock.now())
        assert plane.engine.running == {}
        assert plane.operation(operation).status == "succeeded"

    def test_removes_what_no_process_shows(self, plane: Plane) -> None:
        cluster = plane.running(plane.organization())
        plane.engine.running.clear()
        plane.delete(cluster, is_purged=True)
        plane.run_jobs()
        assert plane.engine.calls == ["ensure", "remove"]
