from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from control_plane.kit.db import Database
from migrations.tables import METADATA, MODULES
from migrations.upgrade import SchemaVersionError, config, require_current, upgrade

ROOT = Path(__file__).parents[2]


def move(database: Database, how: Callable[[Config, str], None], revision: str) -> None:
    with database.engine.connect() as connection:
        # As `upgrade` does: SQLite rebuilds tables, which enforced references would stop.
        is_sqlite = database.engine.dialect.name == "sqlite"
        driver: Any = connection.connection.driver_connection
        if is_sqlite:
            driver.execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            settings = config()
            settings.attributes["connection"] = connection
            how(settings, revision)
        if is_sqlite:
            driver.execute("PRAGMA foreign_keys=ON")


def roles(session: Session) -> dict[str, str]:
    return {row.id: row.role for row in session.execute(text("SELECT id, role FROM members"))}


class TestSchema:
    def test_migrations_make_what_the_models_say(self, database: Database) -> None:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, METADATA) == []

    def test_every_module_with_tables_is_known(self) -> None:
        files = [
            *ROOT.glob("billing/*/models.py"),
            *ROOT.glob("control_plane/*/models.py"),
            *ROOT.glob("control_plane/kit/*.py"),
        ]
        declaring = {
            ".".join(file.relative_to(ROOT).with_suffix("").parts)
            for file in files
            if "__tablename__ = " in file.read_text()
        }
        assert declaring == {module.__name__ for module in MODULES}

    def test_history_is_one_line_back_to_nothing(self, database: Database) -> None:
        move(database, command.downgrade, "base")
        assert inspect(database.engine).get_table_names() == ["alembic_version"]
        upgrade(database.engine)
        assert set(METADATA.tables) < set(inspect(database.engine).get_table_names())


class TestUpgrade:
    def test_upgrading_twice_changes_nothing(self, database: Database) -> None:
        upgrade(database.engine)
        require_current(database.engine)

    def test_an_empty_database_is_not_current(
        self, tmp_path: Path, open_database: Callable[[str], Database]
    ) -> None:
        empty = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
        with pytest.raises(SchemaVersionError, match="python -m migrations upgrade"):
            require_current(empty.engine)

    def test_a_schema_of_a_newer_version_is_refused(self, database: Database) -> None:
        with database.transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SchemaVersionError, match="9999"):
            upgrade(database.engine)

    def test_who_operated_the_installation_by_a_role_does_by_a_grant(
        self, database: Database
    ) -> None:
        move(database, command.downgrade, "0015")
        with database.transaction() as session:
            now = datetime(2026, 11, 30, tzinfo=UTC)
            session.execute(
                text("INSERT INTO organizations (id, name, created_at) VALUES ('org_a', '', :now)"),
                {"now": now},
            )
            for member_id, role in (("u_a", "operator"), ("u_b", "owner"), ("u_c", "developer")):
                session.execute(
                    text(
                        "INSERT INTO members (id, organization_id, email, name, role, created_at)"
                        " VALUES (:id, 'org_a', :id, :id, :role, :now)"
                    ),
                    {"id": member_id, "role": role, "now": now},
                )
        upgrade(database.engine)
        with database.transaction() as session:
            assert roles(session) == {"u_a": "owner", "u_b": "owner", "u_c": "operator"}
            granted = session.execute(
                text(
                    "SELECT principal_id, holder_organization_id, is_installation"
                    " FROM operator_grants g JOIN organizations o ON o.id = g.organization_id"
                )
            ).all()
            assert [tuple(row) for row in granted] == [("u_a", "org_a", True)]
        move(database, command.downgrade, "0015")
        with database.transaction() as session:
            assert roles(session) == {"u_a": "operator", "u_b": "owner", "u_c": "developer"}
        upgrade(database.engine)

    def test_references_are_enforced_again_after_an_upgrade(
        self, sqlite_database: Database
    ) -> None:
        upgrade(sqlite_database.engine)
        with sqlite_database.engine.connect() as connection:
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
