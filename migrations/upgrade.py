"""Brings a database to the newest schema, or says that it is not there."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

HEAD = "head"
UPGRADE_LOCK = 0x48524D47  # of PostgreSQL's advisory locks; any number that nobody else uses


class SchemaVersionError(Exception):
    """The database's schema is not the one that this version of the service works with."""


def upgrade(engine: Engine) -> None:
    """Apply every missing revision, all of them or none.

    Raises SchemaVersionError for a database that a newer version wrote.
    """
    with _exclusive(engine) as connection:
        if not _is_current(connection):
            settings = config()
            settings.attributes["connection"] = connection
            command.upgrade(settings, HEAD)


def upgrade_to(engine: Engine, revision: str) -> None:
    """Bring an empty database to the schema that a revision left.

    Raises SchemaVersionError for one that this version does not know.
    """
    scripts = ScriptDirectory.from_config(config())
    if revision not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaVersionError(f"schema {revision} is newer than this version knows")
    with _exclusive(engine) as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)


def require_current(engine: Engine) -> None:
    """Raise SchemaVersionError unless the schema is the newest one."""
    with engine.connect() as connection:
        if not _is_current(connection):
            raise SchemaVersionError(
                "the database has an older schema; run: python -m migrations upgrade"
            )


def config() -> Config:
    """Return Alembic's configuration; nothing of it comes from a file."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return settings


def _is_current(connection: Connection) -> bool:
    scripts = ScriptDirectory.from_config(config())
    present = MigrationContext.configure(connection).get_current_heads()
    unknown = set(present) - {script.revision for script in scripts.walk_revisions()}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise SchemaVersionError(f"the database has schema {names}, newer than this version knows")
    return set(present) == set(scripts.get_heads())


@contextmanager
def _exclusive(engine: Engine) -> Generator[Connection]:
    """Open a transaction that no other upgrade runs beside."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            with connection.begin():
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK}
                )
                yield connection
            return
        # Changing a table means rebuilding it, which enforced references would stop; the pragma
        # works only outside of a transaction, so SQLAlchemy must not see it.
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.execute(text("PRAGMA foreign_key_check")).all()
                if broken:
                    raise SchemaVersionError(f"the upgrade would break references: {broken}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")
