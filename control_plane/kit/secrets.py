"""Secrets at rest: a data key per owner, wrapped by a master key that is not in the database.

AES-256-GCM throughout (NIST SP 800-38D, 96-bit random nonces). A sealed value is bound to its
place, so a row copied over another one does not open.
"""

import base64
import binascii
import os
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from control_plane.kit.clock import Clock
from control_plane.kit.db import ID_LENGTH_MAX, Base, UtcDateTime, insert_unless_present

KEY_BYTES = 32
NONCE_BYTES = 12
CIPHERS_CACHED_MAX = 10_000
SEALED_FORMAT = b"\x01"
INSTALLATION_OWNER = "installation"  # owns the secrets that belong to no organization


class SealedValueError(Exception):
    """A sealed value is damaged, misplaced, or sealed under another key."""


class MasterKeyError(Exception):
    """The master key file is missing, malformed or readable by others."""


class DataKey(Base):
    """The wrapped data key of one owner: an organization, or the installation itself."""

    __tablename__ = "data_keys"

    owner_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class SecretPlace:
    """Where a sealed value lives; it opens nowhere else."""

    owner_id: str
    table: str
    row_id: str
    column: str

    def associated_data(self) -> bytes:
        parts = (self.owner_id, self.table, self.row_id, self.column)
        encoded = [part.encode() for part in parts]
        return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


class MasterKey:
    """The key that wraps data keys."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise MasterKeyError(f"the master key has {len(key)} bytes, {KEY_BYTES} are needed")
        self._cipher = AESGCM(key)

    @classmethod
    def load(cls, path: Path) -> "MasterKey":
        """Read a key file (32 bytes in base64); raise MasterKeyError if it can not be trusted."""
        try:
            mode = path.stat().st_mode
            text = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise MasterKeyError(f"can not read the master key {path}: {error}") from error
        if mode & 0o077:
            raise MasterKeyError(f"others can read the master key {path}; run: chmod 600 {path}")
        try:
            return cls(base64.b64decode(text, validate=True))
        except binascii.Error as error:
            raise MasterKeyError(f"the master key {path} is not base64") from error

    @classmethod
    def create(cls, path: Path) -> "MasterKey":
        """Write a fresh key file of mode 0600, durably; raise FileExistsError if there is one."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = secrets.token_bytes(KEY_BYTES)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _sync_directory(path.parent)
        return cls(key)

    def wrap(self, key: bytes, owner_id: str) -> bytes:
        return _encrypt(self._cipher, key, _wrapping_context(owner_id))

    def unwrap(self, wrapped: bytes, owner_id: str) -> bytes:
        return _decrypt(self._cipher, wrapped, _wrapping_context(owner_id))


class Vault:
    """Seals and opens values with their owner's data key, which is made on first use."""

    def __init__(self, master_key: MasterKey, clock: Clock) -> None:
        self._master_key = master_key
        self._clock = clock
        self._lock = threading.Lock()
        self._ciphers: dict[bytes, AESGCM] = {}

    def seal(self, session: Session, place: SecretPlace, value: bytes) -> bytes:
        """Encrypt `value` for `place`; needs a writing session, the first time per owner."""
        return _encrypt(self._cipher(session, place.owner_id), value, place.associated_data())

    def open(self, session: Session, place: SecretPlace, sealed: bytes) -> bytes:
        """Decrypt what was sealed for `place`; raise SealedValueError for anything else."""
        row = session.get(DataKey, place.owner_id)
        if row is None:
            raise SealedValueError(f"{place.owner_id} has no data key")
        return _decrypt(self._unwrapped(row), sealed, place.associated_data())

    def _cipher(self, session: Session, owner_id: str) -> AESGCM:
        row = session.get(DataKey, owner_id)
        if row is None:
            row = self._create(session, owner_id)
        return self._unwrapped(row)

    def _create(self, session: Session, owner_id: str) -> DataKey:
        values = {
            "owner_id": owner_id,
            "wrapped_key": self._master_key.wrap(secrets.token_bytes(KEY_BYTES), owner_id),
            "created_at": self._clock.now(),
        }
        # Another transaction may be first: then its key is the one.
        insert_unless_present(session, DataKey, values)
        return session.get_one(DataKey, owner_id)

    def _unwrapped(self, row: DataKey) -> AESGCM:
        # Cached by the wrapped bytes, not by the owner: a rolled-back first use leaves a key
        # behind that no row refers to, and a re-wrapped key is simply another entry.
        cache_key = row.owner_id.encode() + b"\x00" + row.wrapped_key
        with self._lock:
            cipher = self._ciphers.get(cache_key)
            if cipher is None:
                cipher = AESGCM(self._master_key.unwrap(row.wrapped_key, row.owner_id))
                if len(self._ciphers) >= CIPHERS_CACHED_MAX:
                    self._ciphers.clear()
                self._ciphers[cache_key] = cipher
            return cipher


def _wrapping_context(owner_id: str) -> bytes:
    return SecretPlace(owner_id, DataKey.__tablename__, owner_id, "wrapped_key").associated_data()


def _encrypt(cipher: AESGCM, value: bytes, associated_data: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return SEALED_FORMAT + nonce + cipher.encrypt(nonce, value, associated_data)


def _decrypt(cipher: AESGCM, sealed: bytes, associated_data: bytes) -> bytes:
    if sealed[:1] != SEALED_FORMAT:
        raise SealedValueError("a sealed value has an unknown format")
    nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, ciphertext, associated_data)
    except (InvalidTag, ValueError) as error:
        raise SealedValueError("a sealed value does not open in its place") from error


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
