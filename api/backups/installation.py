"""Makes backups of an installation, and installations of backups."""

import base64
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from api.backups import archive, tables
from api.backups.archive import Header, Reader
from api.backups.drift import Drift, drift
from api.backups.errors import BackupError
from api.embedded.installation import LOCK, MARKER, InstallationLock, find_installation
from api.routes import API_VERSION
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.ids import new_id
from control_plane.kit.secrets import MasterKey, MasterKeyError, SealedValueError
from control_plane.kit.settings import Settings
from control_plane.provisioning.files import sync_directory, write_atomically
from migrations.upgrade import SchemaVersionError, require_current

FILE_BYTES_MAX = 1024 * 1024

# Who an installation is to its brokers and clients. The master key is never among them.
FILES = (
    MARKER,
    "tls/ca.pem",
    "tls/ca.key",
    "secrets/owner-key.json",
    "secrets/operator-key.json",
)

_KEY_CHECK = b"headrace backup"
_KEY_PLACE = "backup:key"

# Settings that hold credentials, or say where things lie on a machine.
_UNTOLD = frozenset(
    {
        "database_url",
        "queue_url",
        "smtp_url",
        "master_key_file",
        "tier_credentials_file",
        "data_dir",
        "broker_binary",
    }
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: how many rows, of when, and what of it the machine does not bear out."""

    header: Header
    rows: int
    drift: Drift


def back_up(settings: Settings, stream: IO[bytes], clock: Clock) -> Mapping[str, int]:
    """Write a backup of an installation, which may be running; return rows by table."""
    installation = find_installation(settings.data_dir)
    if installation is None:
        raise BackupError(f"there is no headrace data directory at {settings.data_dir}")
    key = _master_key(settings.resolved_master_key_file)
    with _database(settings) as database:
        try:
            require_current(database.engine)
        except SchemaVersionError as error:
            raise BackupError(str(error)) from error
        header = Header(
            created_at=clock.now().isoformat(),
            version=API_VERSION,
            schema=tables.schema_of(database),
            installation_id=installation.id,
            key_check=_text(key.wrap(_KEY_CHECK, _KEY_PLACE)),
            files=_seal(settings.data_dir, key),
            settings=_told(settings),
        )
        with database.frozen() as connection:
            return archive.write(stream, header, tables.dump(connection))


def restore(
    settings: Settings, stream: IO[bytes], *, master_key_file: Path | None, replace: bool
) -> Restored:
    """Make the installation of a backup, in an empty database; nothing is there before all is.

    No cluster is started, stopped or removed. With `replace` an SQLite database that is there is
    put aside. Raises BackupError, and EmbeddedError while the installation is served.
    """
    directory = settings.data_dir
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as closing, Reader(stream) as reader:
        header = reader.header
        _require_same(directory, header)
        closing.enter_context(_locked(directory))
        source = master_key_file or settings.resolved_master_key_file
        key = _master_key(source)
        files = _open(header, key)

        def place() -> None:
            _keep_key(source, settings.resolved_master_key_file)
            _place(directory, files)

        rows = _restore_database(settings, reader, place, replace=replace)
        with _database(settings) as database:
            return Restored(header, rows, drift(database, directory / "clusters"))


@contextmanager
def _locked(directory: Path) -> Generator[None]:
    """Keep others from serving the directory; one that stays without a marker is left empty."""
    lock = InstallationLock(directory)
    try:
        yield
    finally:
        lock.release()
        if not (directory / MARKER).exists():
            (directory / LOCK).unlink(missing_ok=True)


def _restore_database(
    settings: Settings, reader: Reader, place: Callable[[], None], *, replace: bool
) -> int:
    """Fill the database; what is placed beside it is placed once everything was read."""
    url = make_url(settings.resolved_database_url)
    if url.get_backend_name() != "sqlite":
        if replace:
            raise BackupError("only an SQLite database is replaced; restore into an empty one")
        with _database(settings) as database:
            rows = _load(database, reader)
        place()
        return rows
    final = Path(str(url.database))
    if final.exists() and not replace:
        with _database(settings) as database:
            tables.require_empty(database)
    made = final.with_name(f"{final.name}.restoring")
    _remove(made)
    database = Database(f"sqlite:///{made}")
    try:
        rows = _load(database, reader)
        # The last connection to go puts everything into the one file that is moved.
        database.dispose()
        place()
        _put_aside(final)
        made.replace(final)
    finally:
        database.dispose()
        _remove(made)
    sync_directory(final.parent)
    return rows


def _load(database: Database, reader: Reader) -> int:
    tables.require_empty(database)
    tables.load(database, reader.header.schema, reader.tables())
    return reader.rows


def _put_aside(path: Path) -> None:
    """Keep a database that is replaced beside the new one, with its log."""
    stamp = new_id("db")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(f"{path.name}.before-{stamp}{suffix}"))


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _require_same(directory: Path, header: Header) -> None:
    found = find_installation(directory)
    if found is not None and found.id != header.installation_id:
        raise BackupError(
            f"{directory} is another installation ({found.id}) than the backup's "
            f"({header.installation_id}); restore into an empty directory"
        )


def _seal(directory: Path, key: MasterKey) -> dict[str, str]:
    sealed: dict[str, str] = {}
    for name in FILES:
        path = directory / name
        if path.exists():
            content = path.read_bytes()
            if len(content) > FILE_BYTES_MAX:
                raise BackupError(f"{path} has over {FILE_BYTES_MAX} bytes")
            sealed[name] = _text(key.wrap(content, _place_of(name)))
    return sealed


def _open(header: Header, key: MasterKey) -> dict[str, bytes]:
    try:
        key.unwrap(base64.b64decode(header.key_check), _KEY_PLACE)
        return {
            name: key.unwrap(base64.b64decode(sealed), _place_of(name))
            for name, sealed in header.files.items()
            if name in FILES
        }
    except (SealedValueError, ValueError) as error:
        raise BackupError(
            "the master key is not the backup's; give the one that was exported with it "
            "(--master-key)"
        ) from error


def _place(directory: Path, files: Mapping[str, bytes]) -> None:
    # The marker comes last: with it the directory is an installation.
    for name in reversed(FILES):
        path = directory / name
        if name in files and not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(path, files[name])


def _keep_key(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(target, source.read_bytes())


def export_master_key(settings: Settings, target: Path) -> None:
    """Write the master key to a file of mode 0600 that must not be there yet."""
    content = settings.resolved_master_key_file.read_bytes()
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupError(f"can not write the master key: {error}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _master_key(path: Path) -> MasterKey:
    try:
        return MasterKey.load(path)
    except MasterKeyError as error:
        raise BackupError(str(error)) from error


@contextmanager
def _database(settings: Settings) -> Generator[Database]:
    database = Database(settings.resolved_database_url)
    try:
        yield database
    except SQLAlchemyError as error:
        raise BackupError(f"the database can not be used: {error}") from error
    finally:
        database.dispose()


def _told(settings: Settings) -> dict[str, str]:
    """Return the settings that were chosen and hold no credential."""
    chosen = settings.model_dump(mode="json", include=settings.model_fields_set - _UNTOLD)
    return {name: str(value) for name, value in sorted(chosen.items())}


def _place_of(name: str) -> str:
    return f"backup:{name}"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
