"""Rows out of one database and into another, of either kind."""

from collections.abc import Callable, Generator
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from api.backups import archive, tables
from api.backups.archive import Header, Reader
from api.backups.errors import BackupDamagedError, BackupError
from control_plane.kit.db import Database
from control_plane.kit.outbox import OutboxMessage, publish
from migrations.upgrade import config
from tests.fixtures.databases import PostgresTemplate
from tests.fixtures.planes import Plane


def header(database: Database) -> Header:
    return Header("", "", tables.schema_of(database), "in_one", "", {}, {})


def backup_of(plane: Plane) -> bytes:
    """A backup of a control plane in which something happened."""
    organization_id = plane.organization()
    plane.api_key(organization_id)
    running = plane.running(organization_id)
    plane.changed(running, "pause")
    plane.fork(running, "copy")
    plane.run_jobs()
    database = plane.core.database
    with database.transaction() as session:
        publish(
            session,
            subject="usage.window_closed",
            key="lkc_one",
            body={"a": None},
            now=plane.clock.now(),
        )
    stream = BytesIO()
    with database.frozen() as connection:
        archive.write(stream, header(database), tables.dump(connection))
    return stream.getvalue()


def load(database: Database, content: bytes) -> None:
    with Reader(BytesIO(content)) as reader:
        tables.load(database, reader.header.schema, reader.tables())


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    postgres_template: PostgresTemplate,
    open_database: Callable[[str], Database],
) -> Generator[Database]:
    """A database without a schema."""
    if request.param == "sqlite":
        yield open_database(f"sqlite:///{tmp_path / 'empty.db'}")
        return
    name = f"empty_{tmp_path.name}".replace("-", "_")[:60]
    postgres_template.create(name, "template0")
    yield open_database(postgres_template.url(name))
    postgres_template.drop(name)


def test_everything_comes_back_in_a_database_of_either_kind(plane: Plane, empty: Database) -> None:
    content = backup_of(plane)
    load(empty, content)
    again = BytesIO()
    with empty.frozen() as connection:
        archive.write(again, header(empty), tables.dump(connection))
    assert again.getvalue() == content
    with empty.transaction() as session:
        restored = session.scalars(sa.select(OutboxMessage.id)).all()
        publish(
            session,
            subject="usage.window_closed",
            key="lkc_one",
            body={},
            now=plane.clock.now(),
        )
        ids = session.scalars(sa.select(OutboxMessage.id).order_by(OutboxMessage.id)).all()
    assert restored
    assert len(ids) == len(restored) + 1
    assert ids[-1] > max(restored), "ids go on behind those that there were"
    with pytest.raises(BackupError, match="in use"):
        tables.require_empty(empty)


def test_of_a_damaged_backup_no_row_stays(sqlite_plane: Plane, empty: Database) -> None:
    content = backup_of(sqlite_plane)
    with pytest.raises(BackupDamagedError):
        load(empty, content[:-20])
    tables.require_empty(empty)
    load(empty, content)


def test_an_older_schema_is_brought_to_the_newest(empty: Database) -> None:
    first = next(
        one
        for one in ScriptDirectory.from_config(config()).walk_revisions()
        if not one.down_revision
    )
    stream = BytesIO()
    old = Header("", "", first.revision, "in_one", "", {}, {})
    archive.write(stream, old, [])
    load(empty, stream.getvalue())
    assert tables.schema_of(empty) == ScriptDirectory.from_config(config()).get_current_head()


def test_a_newer_schema_is_refused(empty: Database) -> None:
    stream = BytesIO()
    archive.write(stream, Header("", "", "9999", "in_one", "", {}, {}), [])
    with pytest.raises(BackupError, match="9999"):
        load(empty, stream.getvalue())


def test_a_backup_sees_one_state_and_writes_nothing(plane: Plane) -> None:
    plane.organization("first")
    organizations = sa.table("organizations", sa.column("name"))
    names = sa.select(organizations.c.name)
    with plane.core.database.frozen() as connection:
        before = connection.scalars(names).all()
        plane.organization("second")
        assert connection.scalars(names).all() == before
        with pytest.raises(SQLAlchemyError):
            connection.execute(sa.delete(organizations))
