"""How far an operation is, as a share of its steps."""

import pytest

from control_plane.operations.progress import percent
from control_plane.operations.states import OperationStatus


@pytest.mark.parametrize(
    ("status", "done", "left", "expected"),
    [
        (OperationStatus.PENDING, "", "", None),
        (OperationStatus.RUNNING, "", "ab", 0),
        (OperationStatus.RUNNING, "a", "b", 50),
        (OperationStatus.RUNNING, "ab", "", 99),
        (OperationStatus.SUCCEEDED, "", "", 100),
        (OperationStatus.FAILED, "a", "", None),
    ],
)
def test_share(status: OperationStatus, done: str, left: str, expected: int | None) -> None:
    assert percent(status, done, left) == expected
