"""Who may call what, of every route that the API description has; all of it in the proof."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.api.authorization import controls
from tests.api.authorization.matrix import FOREIGN, GONE, NOTHING, OWN, Matrix
from tests.api.authorization.oracle import read_oracle
from tests.api.authorization.routes import Route, all_routes
from tests.fixtures.planes import plain_logs
from tests.fixtures.service import Service

ROUTES_MIN = 40
CONTROLLED = frozenset({"get_cluster", "get_member", "list_api_keys"})


@pytest.fixture(autouse=True)
def quiet() -> Generator[None]:
    """Write no tracebacks of what the controls break, with all values in them."""
    with plain_logs():
        yield


def controlled() -> list[Route]:
    return [route for route in all_routes() if route.name in CONTROLLED]


def test_every_route_asks_the_role(sqlite_service: Service) -> None:
    tally = Matrix(sqlite_service, read_oracle()).run(all_routes(), (OWN, NOTHING))
    assert tally.wrong == []
    assert len(tally.routes) >= ROUTES_MIN


def test_what_is_gone_or_of_others_is_answered_like_nothing(sqlite_service: Service) -> None:
    tally = Matrix(sqlite_service, read_oracle()).run(controlled())
    assert tally.wrong == []
    assert tally.by_state[GONE] > 0


@pytest.mark.parametrize("control", controls.CONTROLS)
def test_a_check_that_is_missing_is_seen(
    sqlite_service: Service, control: controls.Control
) -> None:
    matrix = Matrix(sqlite_service, read_oracle())
    with control():
        assert matrix.run(controlled(), (OWN, FOREIGN)).wrong
