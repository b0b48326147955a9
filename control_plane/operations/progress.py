"""How far an operation is. Pure."""

from collections.abc import Sized

from control_plane.operations.states import FINAL, OperationStatus

WHOLE_PERCENT = 100
# Of a change that has not ended: the last of it is to be seen and written down.
BEFORE_END_PERCENT = 99


def percent(status: OperationStatus, done: Sized, left: Sized) -> int | None:
    """Return the share of steps that are done; None where it is not known yet, or failed."""
    if status is OperationStatus.SUCCEEDED:
        return WHOLE_PERCENT
    if status in FINAL:
        return None
    steps = len(done) + len(left)
    if steps == 0:
        return None
    return min(len(done) * WHOLE_PERCENT // steps, BEFORE_END_PERCENT)
