from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.embedded.up_process import Place, Served


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running service that the tests of a module share."""
    place = Place(tmp_path_factory.mktemp("served"))
    up = place.up()
    yield Served(place, up, up.wait_ready())
    place.end()
