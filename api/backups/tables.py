"""Rows out of a database and into an empty one."""

from collections.abc import Generator, Iterable
from itertools import islice

import sqlalchemy as sa
from alembic.migration import MigrationContext
from sqlalchemy.exc import SQLAlchemyError

from api.backups.archive import Table
from api.backups.errors import BackupError
from control_plane.kit.db import Database
from migrations.tables import METADATA
from migrations.upgrade import SchemaVersionError, upgrade, upgrade_to

ROWS_AT_ONCE = 500
_VERSIONS = "alembic_version"


def schema_of(database: Database) -> str:
    """Return the revision of a database's schema; raise BackupError unless it is the newest."""
    with database.engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        raise BackupError("there is nothing to back up: the database is empty")
    return revision


def dump(connection: sa.Connection) -> Generator[Table]:
    """Yield every table of a database with the newest schema, in one state of it.

    The connection has to be in a transaction that sees one state alone.
    """
    for table in METADATA.sorted_tables:
        columns = tuple(column.name for column in table.columns)
        keys = list(table.primary_key.columns)
        found = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
            sa.select(table).order_by(*keys)
        )
        yield Table(table.name, columns, (tuple(row) for row in found))


def load(database: Database, schema: str, tables: Iterable[Table]) -> None:
    """Fill an empty database with tables of a schema, and bring it to the newest one.

    Either all rows are there in the end or none is. Raises BackupError.
    """
    try:
        upgrade_to(database.engine, schema)
        with database.engine.begin() as connection:
            _load(connection, tables)
        upgrade(database.engine)
    except SchemaVersionError as error:
        raise BackupError(f"the backup can not be restored by this version: {error}") from error
    except SQLAlchemyError as error:
        raise BackupError(f"the backup does not fit the database: {error}") from error


def require_empty(database: Database) -> None:
    """Raise BackupError for a database that holds anything but a schema."""
    with database.engine.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            if name == _VERSIONS:
                continue
            table = sa.table(name)
            if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
                raise BackupError(
                    f"the database is in use (there are {name}); restore into an empty one"
                )


def _load(connection: sa.Connection, tables: Iterable[Table]) -> None:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    for found in tables:
        table = metadata.tables.get(found.name)
        if table is None or not set(found.columns) <= set(table.columns.keys()):
            raise BackupError(f"the backup does not fit its schema: {found.name} is another table")
        _tell_null_from_json(table)
        rows = iter(found.rows)
        while some := list(islice(rows, ROWS_AT_ONCE)):
            values = [dict(zip(found.columns, row, strict=True)) for row in some]
            connection.execute(sa.insert(table), values)
        _go_on_counting(connection, table)


def _tell_null_from_json(table: sa.Table) -> None:
    """Have None be no value in columns of JSON too, where it would be the word null."""
    for column in table.columns:
        if isinstance(column.type, sa.JSON):
            column.type.none_as_null = True


def _go_on_counting(connection: sa.Connection, table: sa.Table) -> None:
    """Have PostgreSQL give ids out behind those that there are; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        if not isinstance(column.type, sa.Integer):
            continue
        sequence = sa.func.pg_get_serial_sequence(f'"{table.name}"', column.name)
        name = connection.scalar(sa.select(sequence))
        last = connection.scalar(sa.select(sa.func.max(column)))
        if name is not None and last is not None:
            connection.execute(sa.select(sa.func.setval(name, last)))
