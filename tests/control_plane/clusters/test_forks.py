"""Which forks may be wanted, and what becomes of them."""

from datetime import timedelta

import pytest

from control_plane.clusters.errors import (
    ClusterForkCutError,
    ClusterNameTakenError,
    ClusterNotFoundError,
    ClusterNotReadyError,
    ForksUnderWayError,
    PlanTooSmallError,
)
from control_plane.clusters.forks import FORKS_UNDER_WAY_MAX
from control_plane.provisioning.errors import ForkRefusedError, ForkSourceUnavailableError
from control_plane.provisioning.forks import ForkCut, PartitionCut, cut_from_json, cut_to_json
from tests.fixtures.memory_engine import FORKED_AT
from tests.fixtures.planes import Plane


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_fork_has_its_data_before_a_broker_runs(plane: Plane, *, is_paused: bool) -> None:
    source = plane.running(plane.organization(), "source")
    if is_paused:
        source = plane.changed(source, "pause")
    fork, operation = plane.fork(source, "copy")
    assert (fork.plan, fork.engine, fork.status) == (source.plan, source.engine, "creating")
    plane.engine.calls.clear()
    plane.run_jobs()
    assert plane.engine.calls[:2] == ["fork", "ensure"]
    fork = plane.reload(fork)
    assert (fork.status, fork.source_id, fork.forked_at) == ("running", source.id, FORKED_AT)
    ended = plane.operation(operation)
    assert (ended.kind, ended.status) == ("cluster.fork", "succeeded")
    assert [step["name"] for step in ended.steps] == ["fork", "start"]
    assert ended.steps_left == []


def test_each_step_is_told_of_while_it_is_made(sqlite_plane: Plane) -> None:
    plane = sqlite_plane
    _, operation = plane.fork(plane.running(plane.organization(), "source"), "copy")
    seen: list[tuple[str, list[str], list[str]]] = []

    def look() -> None:
        now = plane.operation(operation)
        seen.append((now.status, [step["name"] for step in now.steps], now.steps_left))

    def look_now_and_at_the_next_step() -> None:
        look()
        plane.engine.meanwhile = look

    plane.engine.meanwhile = look_now_and_at_the_next_step
    plane.run_jobs()
    assert seen == [("running", [], ["fork", "start"]), ("running", ["fork"], ["start"])]


def test_data_is_taken_once(sqlite_plane: Plane) -> None:
    plane = sqlite_plane
    fork, _ = plane.fork(plane.running(plane.organization(), "source"), "copy")
    plane.run_jobs()
    plane.engine.calls.clear()
    plane.changed(fork, "restart")
    plane.changed(fork, "pause")
    plane.changed(fork, "resume")
    assert "fork" not in plane.engine.calls


def test_a_source_that_is_busy_is_asked_again(sqlite_plane: Plane) -> None:
    plane = sqlite_plane
    fork, operation = plane.fork(plane.running(plane.organization(), "source"), "copy")
    plane.engine.failure = ForkSourceUnavailableError("it is starting")
    plane.run_jobs()
    assert plane.reload(fork).status == "creating"
    plane.engine.failure = None
    plane.clock.advance(60)
    plane.run_jobs()
    assert plane.operation(operation).status == "succeeded"


def test_a_fork_that_is_refused_fails_at_once_and_never_runs_empty(sqlite_plane: Plane) -> None:
    plane = sqlite_plane
    fork, operation = plane.fork(plane.running(plane.organization(), "source"), "copy")
    plane.engine.failure = ForkRefusedError("partition 0 of topic a ends at 3")
    plane.run_jobs()
    ended = plane.operation(operation)
    assert (ended.status, ended.error_code) == ("failed", "fork_refused")
    assert plane.reload(fork).status == "failed"
    plane.engine.calls.clear()
    plane.change(fork, "pause")
    plane.run_jobs()
    assert set(plane.engine.calls) == {"fork"}
    plane.engine.failure = None
    plane.changed(fork, "delete", is_purged=True)
    assert plane.reload(fork).status == "purged"


def test_what_can_not_be_forked_is_refused(sqlite_plane: Plane) -> None:
    plane = sqlite_plane
    organization_id = plane.organization()
    source = plane.running(organization_id, "source")
    other = plane.running(plane.organization("other"), "theirs")
    now = plane.clock.now()
    with pytest.raises(ClusterNameTakenError):
        plane.fork(source, "source")
    with pytest.raises(PlanTooSmallError):
        plane.fork(source, "copy", partitions=1_001)
    for at in (source.created_at - timedelta(seconds=1), now + timedelta(hours=1)):
        with pytest.raises(ClusterForkCutError):
            plane.fork(source, "copy", cut=ForkCut(at))
    other.organization_id = organization_id
    with pytest.raises(ClusterNotFoundError):
        plane.fork(other, "copy")
    plane.changed(source, "delete")
    with pytest.raises(ClusterNotFoundError):
        plane.fork(source, "copy")


def test_a_cluster_that_never_ran_is_not_forked(sqlite_plane: Plane) -> None:
    source, _ = sqlite_plane.create(sqlite_plane.organization(), "source")
    with pytest.raises(ClusterNotReadyError):
        sqlite_plane.fork(source, "copy")


def test_forks_at_once_are_bounded(sqlite_plane: Plane) -> None:
    source = sqlite_plane.running(sqlite_plane.organization(), "source")
    for number in range(FORKS_UNDER_WAY_MAX):
        sqlite_plane.fork(source, f"copy-{number}")
    with pytest.raises(ForksUnderWayError):
        sqlite_plane.fork(source, "one-more")
    sqlite_plane.run_jobs()
    sqlite_plane.fork(source, "one-more")


def test_a_cut_comes_back_from_the_database(sqlite_plane: Plane) -> None:
    plane = sqlite_plane
    source = plane.running(plane.organization(), "source")
    at = source.created_at.replace(microsecond=0) + timedelta(seconds=1)
    for number, cut in enumerate((ForkCut(at), ForkCut(None, (PartitionCut("a", 1, 5),)))):
        assert cut_from_json(cut_to_json(cut)) == cut
        plane.clock.advance(2)
        fork, _ = plane.fork(source, f"copy-{number}", cut=cut)
        plane.run_jobs()
        assert plane.engine.forks[fork.id] == (source.id, cut)
