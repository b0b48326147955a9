"""What may become of a cluster that is there, step by step."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from control_plane.clusters.changes import Held, spec_tag
from control_plane.clusters.errors import (
    ClusterChangedError,
    ClusterNameTakenError,
    ClusterNotFoundError,
    ClusterNotReadyError,
    ClusterProtectedError,
    PlanTooSmallError,
    StorageLimitTooLargeError,
    VersionNotAvailableError,
)
from control_plane.clusters.lifecycle import ClusterPatch
from control_plane.clusters.models import Cluster
from control_plane.clusters.plans import CATALOGUE
from control_plane.clusters.tasks import PURGE_JOB
from control_plane.clusters.waking import TRIAL_SECONDS
from control_plane.kit.jobs import RECURRING_KEY, enqueue
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope
from control_plane.provisioning.engine import CredentialSet
from tests.fixtures.planes import Plane


@pytest.fixture
def running(plane: Plane) -> Cluster:
    return plane.running(plane.organization())


def update(
    plane: Plane, cluster: Cluster, patch: ClusterPatch, *, tag: str | None = None
) -> Cluster:
    """Change a cluster that has ten partitions."""
    with plane.core.database.transaction() as session:
        plane.services.lifecycle.update(
            session,
            Scope(cluster.organization_id),
            cluster.id,
            patch,
            expected_tag=tag,
            held=Held(partitions=10, stored_bytes=1_000),
        )
    plane.run_jobs()
    return plane.reload(cluster)


def purge(plane: Plane) -> None:
    """Run the job that ends the time of deleted clusters, and what it asks for."""
    with plane.core.database.transaction() as session:
        enqueue(session, PURGE_JOB, RECURRING_KEY, now=plane.clock.now())
    plane.run_jobs()


class TestPause:
    def test_stops_the_brokers_and_keeps_everything_else(
        self, plane: Plane, running: Cluster
    ) -> None:
        paused = plane.changed(running, "pause")
        assert (paused.status, paused.observed_generation) == ("paused", paused.generation)
        assert plane.engine.calls == ["ensure", "rest"]
        assert paused.kafka_sasl_ssl == running.kafka_sasl_ssl
        resumed = plane.changed(running, "resume")
        assert (resumed.status, resumed.kafka_sasl_ssl) == ("running", running.kafka_sasl_ssl)

    def test_tells_of_its_steps(self, plane: Plane, running: Cluster) -> None:
        operation = plane.change(running, "pause")
        plane.run_jobs()
        ended = plane.operation(operation)
        assert (ended.kind, ended.status) == ("cluster.pause", "succeeded")
        assert [step["name"] for step in ended.steps] == ["rest"]

    def test_twice_is_once(self, plane: Plane, running: Cluster) -> None:
        first, second = plane.change(running, "pause"), plane.change(running, "pause")
        assert first.id == second.id
        plane.run_jobs()
        with plane.core.database.transaction() as session:
            again = plane.services.lifecycle.pause(
                session, Scope(running.organization_id), running.id
            )
        assert again.operation_id is None

    def test_holds_against_sweeps_and_keys(self, plane: Plane, running: Cluster) -> None:
        plane.changed(running, "pause")
        plane.api_key(running.organization_id)
        plane.clock.advance(60)
        plane.sweep()
        assert plane.engine.running[running.id].state == "stopped"
        assert plane.reload(running).status == "paused"

    def test_a_key_that_was_made_meanwhile_is_there_after_it(
        self, plane: Plane, running: Cluster
    ) -> None:
        plane.changed(running, "pause")
        key_id = plane.api_key(running.organization_id)
        plane.changed(running, "resume")
        assert plane.usernames(running) == {key_id}

    @pytest.mark.parametrize("verb", ["restart", "rotate"])
    def test_what_needs_brokers_is_refused(self, plane: Plane, running: Cluster, verb: str) -> None:
        plane.changed(running, "pause")
        with pytest.raises(ClusterNotReadyError, match="paused"):
            plane.change(running, verb)

    def test_is_refused_while_the_cluster_is_made(self, plane: Plane) -> None:
        cluster, _ = plane.create(plane.organization())
        with pytest.raises(ClusterNotReadyError, match="creating"):
            plane.change(cluster, "pause")


class TestRestart:
    def test_starts_the_brokers_of_the_next_generation(
        self, plane: Plane, running: Cluster
    ) -> None:
        restarted = plane.changed(running, "restart")
        assert plane.engine.calls == ["ensure", "ensure"]
        assert restarted.observed_generation == running.generation + 1
        assert restarted.status == "running"


class TestRotate:
    def test_asks_the_brokers_for_another_certificate(self, plane: Plane, running: Cluster) -> None:
        assert plane.engine.specs[running.id].certificate_generation == 0
        plane.changed(running, "rotate")
        assert plane.engine.specs[running.id].certificate_generation == 1
        assert plane.engine.calls == ["ensure", "ensure"]


class TestUpgrade:
    def test_starts_brokers_of_another_version_and_no_others(
        self, plane: Plane, running: Cluster
    ) -> None:
        assert running.observed_version == "1.0.0"
        with plane.core.database.transaction() as session:
            scope = Scope(running.organization_id)
            lifecycle = plane.services.lifecycle
            same = lifecycle.upgrade(session, scope, running.id, available="1.0.0")
            assert same.operation_id is None
        plane.engine.version = "1.1.0"
        upgraded = plane.changed(running, "upgrade", available="1.1.0")
        assert (upgraded.status, upgraded.observed_version) == ("running", "1.1.0")
        assert upgraded.generation == running.generation + 1

    def test_is_refused_while_nobody_knows_what_is_installed(
        self, plane: Plane, running: Cluster
    ) -> None:
        with pytest.raises(VersionNotAvailableError):
            plane.change(running, "upgrade", available=None)


class TestUpdate:
    def test_words_are_in_force_at_once(self, plane: Plane, running: Cluster) -> None:
        patch = ClusterPatch("returns", labels={"team": "search"}, deletion_protection=True)
        changed = update(plane, running, patch)
        assert (changed.name, changed.labels) == ("returns", {"team": "search"})
        assert changed.deletion_protection
        assert plane.engine.calls == ["ensure"]

    def test_a_plan_is_given_to_the_brokers_and_told_with_use(
        self, plane: Plane, running: Cluster
    ) -> None:
        changed = update(plane, running, ClusterPatch(plan="pro"))
        assert (changed.status, changed.plan, changed.metered_plan) == ("running", "pro", "pro")
        limits = plane.engine.specs[running.id].limits
        assert limits.partitions_max == CATALOGUE["pro"].limits.partitions_max
        assert update(plane, running, ClusterPatch(plan="dev")).plan == "dev"

    def test_a_paused_cluster_takes_its_plan_at_the_next_start(
        self, plane: Plane, running: Cluster
    ) -> None:
        plane.changed(running, "pause")
        changed = update(plane, running, ClusterPatch(plan="pro"))
        assert (changed.status, changed.plan, changed.metered_plan) == ("paused", "pro", "pro")
        plane.changed(running, "resume")
        limits = plane.engine.specs[running.id].limits
        assert limits.partitions_max == CATALOGUE["pro"].limits.partitions_max

    def test_a_plan_that_is_too_small_is_refused(self, plane: Plane, running: Cluster) -> None:
        update(plane, running, ClusterPatch(plan="pro"))
        with (
            pytest.raises(PlanTooSmallError, match="at most 1000"),
            plane.core.database.transaction() as session,
        ):
            plane.services.lifecycle.update(
                session,
                Scope(running.organization_id),
                running.id,
                ClusterPatch(plan="dev"),
                expected_tag=None,
                held=Held(partitions=1001, stored_bytes=0),
            )
        assert plane.reload(running).plan == "pro"

    def test_a_plan_that_holds_less_than_is_stored_is_refused(
        self, plane: Plane, running: Cluster
    ) -> None:
        most = CATALOGUE["standard"].limits.stored_bytes_max
        with (
            pytest.raises(PlanTooSmallError, match=f"at most {most}"),
            plane.core.database.transaction() as session,
        ):
            plane.services.lifecycle.update(
                session,
                Scope(running.organization_id),
                running.id,
                ClusterPatch(plan="standard"),
                expected_tag=None,
                held=Held(partitions=1, stored_bytes=most + 1),
            )

    def test_limits_of_what_is_kept_are_given_to_the_brokers(
        self, plane: Plane, running: Cluster
    ) -> None:
        plan = CATALOGUE["dev"].limits.stored_bytes_max
        assert plane.engine.specs[running.id].limits.stored_bytes_max == plan
        patch = ClusterPatch(storage_limit_bytes=5_000, retention_ms_max=60, retention_bytes_max=70)
        changed = update(plane, running, patch)
        limits = plane.engine.specs[running.id].limits
        assert (limits.stored_bytes_max, limits.retention_ms_max) == (5_000, 60)
        assert limits.retention_bytes_max == 70
        assert changed.observed_generation == running.generation + 1
        update(plane, running, patch)
        assert plane.reload(running).generation == changed.generation, "nothing is to be done"
        update(plane, running, ClusterPatch(storage_limit_bytes=0, retention_ms_max=0))
        limits = plane.engine.specs[running.id].limits
        assert (limits.stored_bytes_max, limits.retention_ms_max) == (plan, None)
        assert limits.retention_bytes_max == 70

    def test_a_limit_beyond_the_plan_is_refused(self, plane: Plane, running: Cluster) -> None:
        most = CATALOGUE["dev"].limits.stored_bytes_max
        with pytest.raises(StorageLimitTooLargeError, match=str(most)):
            update(plane, running, ClusterPatch(storage_limit_bytes=most + 1))
        update(plane, running, ClusterPatch(plan="pro", storage_limit_bytes=most + 1))
        smaller = update(plane, running, ClusterPatch(plan="dev"))
        assert smaller.storage_limit_bytes == most + 1
        limits = plane.engine.specs[running.id].limits
        assert limits.stored_bytes_max == most, "the plan holds whatever was asked for before"

    def test_a_name_that_is_taken_is_refused(self, plane: Plane, running: Cluster) -> None:
        plane.create(running.organization_id, "returns")
        with pytest.raises(ClusterNameTakenError):
            update(plane, running, ClusterPatch(name="returns"))

    def test_is_refused_for_who_has_not_seen_the_last_one(
        self, plane: Plane, running: Cluster
    ) -> None:
        tag = spec_tag(running)
        changed = update(plane, running, ClusterPatch(labels={"team": "a"}), tag=tag)
        assert spec_tag(changed) != tag
        with pytest.raises(ClusterChangedError):
            update(plane, running, ClusterPatch(labels={"team": "b"}), tag=tag)
        assert plane.reload(running).labels == {"team": "a"}


class TestDelete:
    def test_keeps_the_data_for_the_days_of_the_plan(self, plane: Plane, running: Cluster) -> None:
        deleted = plane.changed(running, "delete")
        days = timedelta(days=CATALOGUE["dev"].undelete_days)
        assert (deleted.status, deleted.purge_at) == ("deleted", plane.clock.now() + days)
        assert plane.engine.calls == ["ensure", "stop"]
        plane.clock.advance(days.total_seconds() - 1)
        purge(plane)
        assert running.id in plane.engine.running
        plane.clock.advance(1)
        purge(plane)
        assert plane.reload(running).status == "purged"
        assert plane.engine.running == {}

    def test_protection_means_it(self, plane: Plane, running: Cluster) -> None:
        update(plane, running, ClusterPatch(deletion_protection=True))
        for is_purged in (False, True):
            with pytest.raises(ClusterProtectedError):
                plane.delete(running, is_purged=is_purged)
        update(plane, running, ClusterPatch(deletion_protection=False))
        assert plane.changed(running, "delete").status == "deleted"

    def test_a_paused_cluster_can_be_deleted(self, plane: Plane, running: Cluster) -> None:
        plane.changed(running, "pause")
        assert plane.changed(running, "delete").status == "deleted"
        assert plane.engine.calls == ["ensure", "rest"]

    def test_a_deleted_one_can_be_purged(self, plane: Plane, running: Cluster) -> None:
        plane.changed(running, "delete")
        assert plane.changed(running, "delete", is_purged=True).status == "purged"
        assert plane.engine.running == {}

    def test_is_known_to_the_sweep(self, plane: Plane, running: Cluster) -> None:
        plane.changed(running, "delete")
        plane.sweep()
        plane.sweep()
        assert plane.services.sweeper.unknown == set()

    def test_brokers_that_are_newer_than_the_database_are_left_alone(
        self, plane: Plane, running: Cluster
    ) -> None:
        plane.changed(running, "delete")
        later = plane.engine.specs[running.id]
        object.__setattr__(later, "generation", 50)
        plane.engine.ensure(later, CredentialSet(9, ()))
        plane.engine.calls.clear()
        plane.clock.advance(timedelta(days=30).total_seconds())
        purge(plane)
        assert plane.engine.calls == []
        assert "cluster_ahead" in (plane.reload(running).reason or "")


class TestUndelete:
    def test_brings_back_cluster_and_name(self, plane: Plane, running: Cluster) -> None:
        key_id = plane.api_key(running.organization_id)
        plane.changed(running, "delete")
        back = plane.changed(running, "undelete")
        assert (back.status, back.name, back.purge_at) == ("running", "orders", None)
        assert back.kafka_sasl_ssl == running.kafka_sasl_ssl
        assert plane.usernames(running) == {key_id}

    def test_under_another_name_where_its_own_is_taken(
        self, plane: Plane, running: Cluster
    ) -> None:
        plane.changed(running, "delete")
        plane.running(running.organization_id, "orders")
        with pytest.raises(ClusterNameTakenError):
            plane.change(running, "undelete")
        assert plane.changed(running, "undelete", name="old-orders").name == "old-orders"

    @pytest.mark.parametrize("prepare", ["purged", "foreign", "living"])
    def test_of_what_is_not_there_to_be_had(
        self, plane: Plane, running: Cluster, prepare: str
    ) -> None:
        organization_id = running.organization_id
        if prepare == "purged":
            plane.changed(running, "delete", is_purged=True)
        elif prepare == "foreign":
            plane.changed(running, "delete")
            organization_id = plane.organization("stranger")
        with (
            pytest.raises(ClusterNotFoundError),
            plane.core.database.transaction() as session,
        ):
            plane.services.lifecycle.undelete(session, Scope(organization_id), running.id)


class TestWaking:
    @pytest.fixture
    def waiting(self, plane: Plane, running: Cluster) -> Cluster:
        """A paused cluster that a connection starts."""
        update(plane, running, ClusterPatch(wake_on_connect=True))
        return plane.changed(running, "pause")

    def test_who_logs_in_has_it_run_on(self, plane: Plane, waiting: Cluster) -> None:
        plane.engine.wake(waiting.id, plane.clock.now())
        plane.engine.used(waiting.id, idle_ms=0)
        plane.sweep()
        woken = plane.reload(waiting)
        assert (woken.status, woken.presence) == ("running", "running")
        assert plane.engine.calls == ["ensure", "rest"], "no connection was broken"
        with plane.core.database.snapshot() as session:
            page = PageRequest(100, None)
            found = plane.core.operations.list(session, Scope(waiting.organization_id), page)
        assert ("cluster.wake", "succeeded") in {(one.kind, one.status) for one in found.items}

    def test_who_only_knocks_has_not(self, plane: Plane, waiting: Cluster) -> None:
        plane.engine.wake(waiting.id, plane.clock.now())
        plane.sweep()
        assert plane.reload(waiting).status == "paused"
        assert plane.engine.running[waiting.id].state == "running"
        plane.clock.advance(TRIAL_SECONDS)
        plane.sweep()
        assert plane.reload(waiting).status == "paused"
        assert plane.engine.running[waiting.id].state == "stopped"

    def test_a_pause_that_follows_at_once_holds(self, plane: Plane, waiting: Cluster) -> None:
        plane.engine.wake(waiting.id, plane.clock.now())
        plane.engine.used(waiting.id, idle_ms=0)
        plane.sweep()
        assert plane.changed(waiting, "pause").status == "paused"
        assert plane.engine.running[waiting.id].state == "stopped"

    def test_keys_that_end_meanwhile_can_not_wake_it(self, plane: Plane, waiting: Cluster) -> None:
        key_id = plane.api_key(waiting.organization_id)
        plane.clock.advance(60)
        plane.sweep()
        assert plane.usernames(waiting) == {key_id}

    def test_can_be_turned_off_while_paused(self, plane: Plane, waiting: Cluster) -> None:
        assert plane.engine.running[waiting.id].wakes
        update(plane, waiting, ClusterPatch(wake_on_connect=False))
        assert not plane.engine.running[waiting.id].wakes

    def test_a_deleted_cluster_does_not_wake(self, plane: Plane, waiting: Cluster) -> None:
        plane.changed(waiting, "delete")
        assert not plane.engine.running[waiting.id].wakes


class TestAutoPause:
    MINUTES = 10

    @pytest.fixture
    def sparing(self, plane: Plane, running: Cluster) -> Cluster:
        """A running cluster that is to be paused after ten idle minutes."""
        return update(plane, running, ClusterPatch(auto_pause_minutes=self.MINUTES))

    def test_when_nobody_was_logged_in_for_so_long(self, plane: Plane, sparing: Cluster) -> None:
        plane.engine.used(sparing.id, idle_ms=self.MINUTES * 60_000 - 1)
        plane.sweep()
        assert plane.reload(sparing).status == "running"
        plane.engine.used(sparing.id, idle_ms=self.MINUTES * 60_000)
        plane.sweep()
        assert plane.reload(sparing).status == "paused"

    def test_never_while_somebody_is(self, plane: Plane, sparing: Cluster) -> None:
        plane.engine.used(sparing.id, idle_ms=0)
        plane.sweep()
        assert plane.reload(sparing).status == "running"

    def test_can_be_turned_off(self, plane: Plane, sparing: Cluster) -> None:
        update(plane, sparing, ClusterPatch(auto_pause_minutes=0))
        plane.engine.used(sparing.id, idle_ms=self.MINUTES * 60_000)
        plane.sweep()
        assert plane.reload(sparing).status == "running"


VERBS: dict[str, Callable[[Plane, Cluster], object]] = {
    verb: lambda plane, cluster, verb=verb: plane.change(cluster, verb)
    for verb in ("pause", "resume", "restart", "delete")
}


@pytest.mark.parametrize("verb", VERBS)
def test_what_another_organization_owns_does_not_exist(plane: Plane, verb: str) -> None:
    cluster = plane.running(plane.organization())
    cluster.organization_id = plane.organization("stranger")
    with pytest.raises(ClusterNotFoundError):
        VERBS[verb](plane, cluster)
