from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from control_plane.kit.periodic import Periodic
from tests.fixtures.waiting import eventually


def counted(runs: list[int]) -> Callable[[], None]:
    return lambda: runs.append(1)


def test_it_works_again_and_again() -> None:
    runs: list[int] = []
    periodic = Periodic("test", counted(runs), 0.001)
    periodic.start()
    eventually(lambda: len(runs) > 2)
    periodic.stop()


def test_it_works_a_last_time_when_it_is_stopped() -> None:
    runs: list[int] = []
    periodic = Periodic("test", counted(runs), 3600)
    periodic.start()
    periodic.stop()
    assert runs == [1]


def test_a_database_that_is_away_does_not_end_it() -> None:
    runs: list[int] = []

    def work() -> None:
        runs.append(1)
        raise OperationalError("SELECT 1", None, Exception("away"))

    periodic = Periodic("test", work, 0.001)
    periodic.start()
    eventually(lambda: len(runs) > 2)
    periodic.stop()
