"""The network is not called inside a database transaction: its clients refuse."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from control_plane.kit.db import Database
from control_plane.kit.unit_of_work import require_no_unit_of_work
from control_plane.provisioning.broker_admin import BrokerAdmin
from control_plane.provisioning.errors import ClusterNotRunningError

UNITS: list[Callable[[Database], AbstractContextManager[object]]] = [
    Database.transaction,
    Database.snapshot,
]


@pytest.mark.parametrize("unit", UNITS)
def test_a_call_inside_a_unit_of_work_is_refused_and_outside_it_is_made(
    unit: Callable[[Database], AbstractContextManager[object]], sqlite_url: str, tmp_path: Path
) -> None:
    database, admin = Database(sqlite_url), BrokerAdmin(tmp_path / "nobody.sock")
    with unit(database), pytest.raises(AssertionError, match="inside a database transaction"):
        admin.health()
    with pytest.raises(ClusterNotRunningError):
        admin.health()
    database.dispose()


def test_a_unit_of_work_that_failed_is_over(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with pytest.raises(ZeroDivisionError), database.transaction():
        _ = 1 // 0
    require_no_unit_of_work()
    database.dispose()
