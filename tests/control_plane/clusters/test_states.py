"""The table of a cluster's life."""

import itertools

import pytest

from control_plane.clusters.states import (
    MOVES,
    ClusterStatus,
    IllegalMoveError,
    Presence,
    can_move,
    move,
    settled,
)


def reachable(origin: ClusterStatus) -> set[ClusterStatus]:
    found = {origin}
    frontier = [origin]
    while frontier:
        for target in MOVES[frontier.pop()] - found:
            found.add(target)
            frontier.append(target)
    return found


class TestTable:
    def test_names_every_status(self) -> None:
        assert set(MOVES) == set(ClusterStatus)

    def test_every_status_is_reached_from_creating(self) -> None:
        assert reachable(ClusterStatus.CREATING) == set(ClusterStatus)

    def test_only_purged_is_final(self) -> None:
        assert {status for status, targets in MOVES.items() if not targets} == {
            ClusterStatus.PURGED,
        }

    @pytest.mark.parametrize(
        "status",
        sorted(
            set(ClusterStatus)
            - {ClusterStatus.DELETING, ClusterStatus.DELETED, ClusterStatus.PURGED},
        ),
    )
    def test_every_living_cluster_can_be_deleted(self, status: ClusterStatus) -> None:
        assert can_move(status, ClusterStatus.DELETING)

    @pytest.mark.parametrize(
        "path",
        [
            ("creating", "running", "updating", "running"),
            ("running", "pausing", "paused", "resuming", "running"),
            ("creating", "failed", "running"),
            ("running", "failed", "updating", "running"),
            ("running", "deleting", "deleted", "purged"),
            ("running", "deleting", "purged"),
            ("deleting", "deleted", "resuming", "running"),
        ],
    )
    def test_lives_that_are_promised(self, path: tuple[str, ...]) -> None:
        for origin, target in itertools.pairwise(map(ClusterStatus, path)):
            assert move(origin, target) is target

    @pytest.mark.parametrize(
        ("origin", "target"),
        [
            (ClusterStatus.DELETING, ClusterStatus.RUNNING),
            (ClusterStatus.DELETING, ClusterStatus.FAILED),
            (ClusterStatus.DELETED, ClusterStatus.RUNNING),
            (ClusterStatus.PURGED, ClusterStatus.CREATING),
            (ClusterStatus.PAUSED, ClusterStatus.RUNNING),
            (ClusterStatus.RUNNING, ClusterStatus.CREATING),
        ],
    )
    def test_refuses_what_the_table_lacks(
        self,
        origin: ClusterStatus,
        target: ClusterStatus,
    ) -> None:
        with pytest.raises(IllegalMoveError, match=f"from {origin} to {target}"):
            move(origin, target)

    def test_a_cluster_under_deletion_only_ever_ends(self) -> None:
        assert MOVES[ClusterStatus.DELETING] == {ClusterStatus.DELETED, ClusterStatus.PURGED}


class TestSettled:
    def test_answers_for_every_intent(self) -> None:
        assert {presence: settled(presence) for presence in Presence} == {
            Presence.RUNNING: ClusterStatus.RUNNING,
            Presence.STOPPED: ClusterStatus.PAUSED,
            Presence.KEPT: ClusterStatus.DELETED,
            Presence.ABSENT: ClusterStatus.PURGED,
        }
