"""Billing over a database of the newest schema, its prices loaded."""

from __future__ import annotations

import pytest

from control_plane.kit.db import Database
from tests.fixtures.billing import Billing
from tests.fixtures.clocks import ManualClock


@pytest.fixture
def billing(database: Database, clock: ManualClock) -> Billing:
    """The test runs once per database engine."""
    made = Billing(database, clock)
    made.load()
    return made


@pytest.fixture
def sqlite_billing(sqlite_database: Database, clock: ManualClock) -> Billing:
    """Over SQLite, for what does not depend on the engine."""
    made = Billing(sqlite_database, clock)
    made.load()
    return made
