"""When a cluster may be moved by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from control_plane.clusters.maintenance import (
    SETTLED_SECONDS_MIN,
    MaintenanceWindow,
    may_be_moved,
    window_from_json,
    window_to_json,
)

LATE = MaintenanceWindow("saturday", 22)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-05-02T21:59:59", False),  # a Saturday
        ("2026-05-02T22:00:00", True),
        ("2026-05-03T01:59:59", True),
        ("2026-05-03T02:00:00", False),
        ("2026-05-03T22:30:00", False),
        ("2026-05-01T23:00:00", False),
        ("2026-05-09T22:00:00", True),
    ],
)
def test_a_window_is_open_for_four_hours_past_midnight_too(at: str, *, expected: bool) -> None:
    assert LATE.is_open(datetime.fromisoformat(at).replace(tzinfo=UTC)) is expected


def test_a_cluster_is_left_alone_for_a_while_after_a_change() -> None:
    now = datetime(2026, 5, 2, 22, tzinfo=UTC)
    settled = timedelta(seconds=SETTLED_SECONDS_MIN)
    assert may_be_moved(None, settled_at=now - settled, now=now)
    assert not may_be_moved(None, settled_at=now - settled + timedelta(seconds=1), now=now)
    assert not may_be_moved(MaintenanceWindow("monday", 22), settled_at=now - settled, now=now)


def test_a_window_is_read_as_it_was_written() -> None:
    assert window_from_json(window_to_json(LATE)) == LATE
    assert window_from_json(None) is None
