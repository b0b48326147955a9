"""The process dies at every step of every change; its successor finishes what was asked for."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.clusters.models import Cluster
from control_plane.kit.jobs import Job
from control_plane.operations.models import Operation
from control_plane.provisioning.forks import ForkCut
from control_plane.usage.models import UsageRest, UsageWindow
from tests.fixtures.memory_engine import FORKED_AT
from tests.fixtures.planes import Plane

ENGINE_CALLS = ("ensure", "fork", "rest", "stop", "remove", "apply_credentials", "observe")
POINTS_MAX = 100
RETRY_DELAY_MAX_SECONDS = 60


class Killed(BaseException):
    """The end of the process: nothing catches it, no clean-up counts on it."""


class Killer:
    """Kills when so many points were reached; points are engine calls and transactions."""

    def __init__(self, plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        for name in ENGINE_CALLS:
            monkeypatch.setattr(plane.engine, name, self._around(getattr(plane.engine, name)))
        begin = plane.core.database.transaction

        @contextmanager
        def transaction() -> Generator[Session]:
            with begin() as session:
                yield session
                self.reach()  # written, and not durable
            self.reach()  # durable, and nobody told

        monkeypatch.setattr(plane.core.database, "transaction", transaction)

    def reach(self) -> None:
        if self.left is None:
            return
        if self.left == 0:
            self.left = None
            raise Killed
        self.left -= 1

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **options: Any) -> Any:
            self.reach()
            answer = call(*args, **options)
            self.reach()
            return answer

        return called


def paused(plane: Plane, cluster: Cluster) -> None:
    plane.changed(cluster, "pause")


def deleted(plane: Plane, cluster: Cluster) -> None:
    plane.changed(cluster, "delete")


def nothing(_plane: Plane, _cluster: Cluster) -> None:
    return


CHANGES: dict[str, tuple[Callable[[Plane, Cluster], None], str, dict[str, Any], str]] = {
    "pause": (nothing, "pause", {}, "paused"),
    "resume": (paused, "resume", {}, "running"),
    "restart": (nothing, "restart", {}, "running"),
    "delete": (nothing, "delete", {}, "deleted"),
    "undelete": (deleted, "undelete", {}, "running"),
    "purge": (nothing, "delete", {"is_purged": True}, "purged"),
}
"""What comes before, the change, its options, and how the cluster ends."""


def successor(plane: Plane) -> Plane:
    """A process over the same database and the same brokers, its predecessor's leases void."""
    after = Plane(plane.core, plane.services, plane.engine, plane.clock)
    for _ in range(2):
        after.clock.advance(RETRY_DELAY_MAX_SECONDS * 4)  # past every lease and every delay
        after.sweep()
    return after


def check_nothing_is_left(plane: Plane, cluster: Cluster, status: str) -> None:
    ended = plane.reload(cluster)
    assert (ended.status, ended.observed_generation) == (status, ended.generation)
    seen = plane.engine.running.get(cluster.id)
    state = None if seen is None else seen.state
    expected = {"running": "running", "paused": "stopped", "deleted": "stopped", "purged": None}
    assert state == expected[status]
    with plane.core.database.snapshot() as session:
        open_operations = select(Operation).where(Operation.status.in_(["pending", "running"]))
        assert session.scalars(open_operations).all() == []
        jobs = select(Job.name).where(Job.key == cluster.id, Job.name == "clusters.reconcile")
        assert session.scalars(jobs).all() == []
        rests = session.scalars(select(UsageRest).where(UsageRest.ended_at.is_(None))).all()
        windows = session.scalars(select(UsageWindow).order_by(UsageWindow.started_at)).all()
    assert len(rests) == (status in {"paused", "deleted"})
    of_rests = [one for one in windows if one.broker_id == 0]
    for earlier, later in pairwise(of_rests):
        assert earlier.ended_at <= later.started_at, "a time was counted twice"


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_survives_a_kill_at_every_step(
    sqlite_plane: Plane, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    plane, (prepare, verb, options, status) = sqlite_plane, CHANGES[change]
    organization_id = plane.organization()
    killer = Killer(plane, monkeypatch)
    killed = 0
    cluster = plane.running(organization_id, "first")
    for point in range(POINTS_MAX):
        cluster = plane.running(organization_id, f"c{point}")
        prepare(plane, cluster)
        plane.change(cluster, verb, **options)
        killer.left = point
        try:
            plane.run_jobs()
        except Killed:
            killed += 1
        else:
            killer.left = None
            break
        plane = successor(plane)
        check_nothing_is_left(plane, cluster, status)
        if status != "purged":
            plane.changed(cluster, "delete", is_purged=True)
    assert killed >= 4, "every change has points at which to die"
    check_nothing_is_left(plane, cluster, status)


def test_a_creation_survives_a_kill_at_every_step(
    sqlite_plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = sqlite_plane
    organization_id = plane.organization()
    killer = Killer(plane, monkeypatch)
    killed = 0
    for point in range(POINTS_MAX):
        cluster, _ = plane.create(organization_id, f"c{point}")
        killer.left = point
        try:
            plane.run_jobs()
        except Killed:
            killed += 1
            plane = successor(plane)
            check_nothing_is_left(plane, cluster, "running")
            plane.changed(cluster, "delete", is_purged=True)
        else:
            break
    else:
        pytest.fail("the creation never came to its end")
    assert killed >= 4, "a creation has points at which to die"


def test_a_fork_survives_a_kill_at_every_step(
    sqlite_plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = sqlite_plane
    organization_id = plane.organization()
    source = plane.running(organization_id, "source")
    killer = Killer(plane, monkeypatch)
    killed = 0
    for point in range(POINTS_MAX):
        cluster, _ = plane.fork(source, f"c{point}")
        killer.left = point
        try:
            plane.run_jobs()
        except Killed:
            killed += 1
            plane = successor(plane)
            check_forked(plane, cluster, source)
            plane.changed(cluster, "delete", is_purged=True)
        else:
            check_forked(plane, cluster, source)
            break
    assert killed >= 6, "a fork has points at which to die"


def check_forked(plane: Plane, cluster: Cluster, source: Cluster) -> None:
    check_nothing_is_left(plane, cluster, "running")
    assert plane.reload(cluster).forked_at == FORKED_AT
    assert plane.engine.forks[cluster.id] == (source.id, ForkCut())
