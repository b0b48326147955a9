"""What a process refuses to start with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from api import composition
from api.composition import build_core
from api.deps import Core
from billing.catalog.errors import PriceBookError
from billing.catalog.seeds import FIRST, SEEDS
from control_plane.clusters.plans import CATALOGUE
from control_plane.kit.secrets import MasterKey
from control_plane.kit.settings import Settings


@pytest.fixture
def start(tmp_path: Path, sqlite_url: str) -> Callable[[], Core]:
    """Builds the core over one and the same database."""
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url)
    MasterKey.create(settings.resolved_master_key_file)

    def build() -> Core:
        core = build_core(settings)
        core.database.dispose()
        return core

    return build


def test_starting_again_changes_nothing(start: Callable[[], Core]) -> None:
    start()
    core = start()
    with core.database.snapshot() as session:
        assert list(core.catalog.books(session).books) == list(SEEDS)
    core.database.dispose()


def test_prices_that_were_changed_under_their_version_are_refused(
    start: Callable[[], Core], monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    dev = replace(FIRST.plans["dev"], daily_cap_micros=1)
    changed = replace(FIRST, plans={**FIRST.plans, "dev": dev})
    monkeypatch.setattr(composition, "SEEDS", (changed,))
    with pytest.raises(PriceBookError, match="add a new version"):
        start()


def test_a_plan_without_a_price_is_refused(
    start: Callable[[], Core], monkeypatch: pytest.MonkeyPatch
) -> None:
    platinum = replace(CATALOGUE["pro"], id="platinum")
    monkeypatch.setattr(composition, "CATALOGUE", {**CATALOGUE, "platinum": platinum})
    with pytest.raises(PriceBookError, match="platinum"):
        start()
