"""The legal moves of an operation; pure."""

from enum import StrEnum


class OperationStatus(StrEnum):
    """How far an operation is; the last two are final."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


FINAL = frozenset({OperationStatus.SUCCEEDED, OperationStatus.FAILED})

_MOVES = {
    OperationStatus.PENDING: frozenset(OperationStatus),
    OperationStatus.RUNNING: frozenset(OperationStatus) - {OperationStatus.PENDING},
    OperationStatus.SUCCEEDED: frozenset({OperationStatus.SUCCEEDED}),
    OperationStatus.FAILED: frozenset({OperationStatus.FAILED}),
}


def may_move(present: OperationStatus, wanted: OperationStatus) -> bool:
    """Whether the move is legal; staying is, so that a repeated step changes nothing."""
    return wanted in _MOVES[present]
