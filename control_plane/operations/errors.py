"""Coded errors of operations."""

from control_plane.kit.errors import NotFoundError


class OperationNotFoundError(NotFoundError):
    """No such operation for this caller."""

    code = "operation_not_found"
    title = "Operation not found"


class OperationMoveError(Exception):
    """A defect: an operation was asked to leave a final state."""
