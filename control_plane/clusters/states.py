"""The life of a cluster: its statuses and the one table of legal moves between them."""

from enum import StrEnum, unique


@unique
class ClusterStatus(StrEnum):
    """Where a cluster stands in its life."""

    CREATING = "creating"
    RUNNING = "running"
    UPDATING = "updating"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    FAILED = "failed"
    DELETING = "deleting"
    DELETED = "deleted"
    PURGED = "purged"


@unique
class Presence(StrEnum):
    """What the owner wants of the cluster's brokers: intent, where a status is observation."""

    RUNNING = "running"
    STOPPED = "stopped"
    KEPT = "kept"  # deleted: stopped, and its data there until it is purged or wanted back
    ABSENT = "absent"


class IllegalMoveError(AssertionError):
    """A move that the table does not hold: a mistake of the caller, never of a user."""


_S = ClusterStatus

# A failed cluster keeps its intent. Its way out: the reconciler succeeds at last (running, paused),
# or the owner changes it (updating, pausing, resuming) or deletes it.
MOVES: dict[ClusterStatus, frozenset[ClusterStatus]] = {
    _S.CREATING: frozenset({_S.RUNNING, _S.FAILED, _S.DELETING}),
    _S.RUNNING: frozenset({_S.UPDATING, _S.PAUSING, _S.FAILED, _S.DELETING}),
    _S.UPDATING: frozenset({_S.RUNNING, _S.FAILED, _S.DELETING}),
    _S.PAUSING: frozenset({_S.PAUSED, _S.FAILED, _S.DELETING}),
    _S.PAUSED: frozenset({_S.RESUMING, _S.DELETING}),
    _S.RESUMING: frozenset({_S.RUNNING, _S.FAILED, _S.DELETING}),
    _S.FAILED: frozenset(
        {_S.RUNNING, _S.PAUSED, _S.UPDATING, _S.PAUSING, _S.RESUMING, _S.DELETING},
    ),
    _S.DELETING: frozenset({_S.DELETED, _S.PURGED}),
    _S.DELETED: frozenset({_S.RESUMING, _S.PURGED}),
    _S.PURGED: frozenset(),
}

_SETTLED: dict[Presence, ClusterStatus] = {
    Presence.RUNNING: _S.RUNNING,
    Presence.STOPPED: _S.PAUSED,
    Presence.KEPT: _S.DELETED,
    Presence.ABSENT: _S.PURGED,
}


def can_move(origin: ClusterStatus, target: ClusterStatus) -> bool:
    return target in MOVES[origin]


def move(origin: ClusterStatus, target: ClusterStatus) -> ClusterStatus:
    """Return `target`, or raise `IllegalMoveError` when the table does not allow it."""
    if not can_move(origin, target):
        raise IllegalMoveError(f"a cluster cannot move from {origin} to {target}")
    return target


def settled(presence: Presence) -> ClusterStatus:
    """Return the status of a cluster whose brokers are what `presence` asks for."""
    return _SETTLED[presence]
