"""The database: declarative base, column types and the unit of work, on SQLite and PostgreSQL."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from control_plane.kit.signals import Signals
from control_plane.kit.unit_of_work import unit_of_work

SQLITE_BUSY_TIMEOUT_MS = 10_000
POOL_SIZE_MAX = 20
POOL_WAIT_SECONDS = 10

ID_LENGTH_MAX = 64
NAME_LENGTH_MAX = 255

_AFTER_COMMIT = "after_commit"
_SIGNALS = "signals"
_READ_ONLY = "headrace_read_only"


class Base(DeclarativeBase):
    """Base of every table; constraint names follow one convention so migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, always UTC in the database, to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        return value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """An engine and the unit of work over it; `signals` carries wake-ups after commits."""

    def __init__(self, url: str) -> None:
        self.engine = _create_engine(url)
        self.signals = Signals()

    @contextmanager
    def transaction(self) -> Generator[Session]:
        """One unit of work that may write: commits at exit, rolls back on an exception.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so a transaction that read
        before it writes can not fail half way. Clients of the network refuse to work inside one.
        """
        with unit_of_work(), Session(self.engine, expire_on_commit=False) as session:
            session.info[_SIGNALS] = self.signals
            callbacks: list[Callable[[], None]] = []
            session.info[_AFTER_COMMIT] = callbacks
            with session.begin():
                yield session
        for callback in callbacks:
            callback()

    @contextmanager
    def rehearsal(self) -> Generator[Session]:
        """A transaction of which nothing stays: what would be refused is refused all the same."""
        with unit_of_work(), Session(self.engine, expire_on_commit=False) as session:
            session.info[_SIGNALS] = self.signals
            session.info[_AFTER_COMMIT] = []
            with session.begin() as transaction:
                yield session
                transaction.rollback()

    @contextmanager
    def snapshot(self) -> Generator[Session]:
        """Reads only; never waits for a writer. A write inside it is refused by the database."""
        options: dict[str, Any] = {_READ_ONLY: True}
        if self.engine.dialect.name == "postgresql":
            options["postgresql_readonly"] = True
        bind = self.engine.execution_options(**options)
        with (
            unit_of_work(),
            Session(bind, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def frozen(self) -> Generator[Connection]:
        """Read one state of the whole database, however long that takes; nothing can be written."""
        options: dict[str, Any] = {_READ_ONLY: True}
        if self.engine.dialect.name == "postgresql":
            options |= {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        with self.engine.execution_options(**options).connect() as connection, connection.begin():
            yield connection

    def ping(self) -> None:
        """Raise SQLAlchemyError when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Run `callback` once the transaction of `session` is durable; never if it rolls back."""
    cast("list[Callable[[], None]]", session.info[_AFTER_COMMIT]).append(callback)


def notify_after_commit(session: Session, channel: str, subject: object = None) -> None:
    """Wake whoever listens to `channel` once the transaction of `session` is durable."""
    signals = cast("Signals", session.info[_SIGNALS])
    after_commit(session, lambda: signals.notify(channel, subject))


def dialect_insert(session: Session, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can say ON CONFLICT in the database of `session`."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(model)
    return postgresql.insert(model)


def insert_unless_present(session: Session, model: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row; return False, changing nothing, if a unique key of it is taken."""
    keys = inspect(model).primary_key
    statement = dialect_insert(session, model).values(**values).on_conflict_do_nothing()
    return session.execute(statement.returning(*keys)).first() is not None


def _create_engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(
            url, pool_size=POOL_SIZE_MAX, pool_timeout=POOL_WAIT_SECONDS, pool_pre_ping=True
        )
    engine = create_engine(url, pool_size=POOL_SIZE_MAX, pool_timeout=POOL_WAIT_SECONDS)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions of its own: `_begin_sqlite` says which kind it is.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # a secret that was shown once must survive a power cut
        "foreign_keys=ON",
        "secure_delete=ON",  # erased replies hold secrets, if only sealed ones
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
