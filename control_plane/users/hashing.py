"""Password hashes: Argon2id (RFC 9106, its second recommended set), a few at a time."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from control_plane.kit.errors import UnavailableError

# Each takes 64 MiB while it is made.
CONCURRENT_MAX = 4
WAIT_SECONDS_MAX = 10.0


class PasswordHashes:
    """Makes and verifies hashes. Safe to use from every thread."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._room = threading.BoundedSemaphore(CONCURRENT_MAX)
        self._of_nobody: str | None = None

    def make(self, password: str) -> str:
        """Hash a password; raise UnavailableError where too many are being hashed."""
        with self:
            return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one; takes as long where there is no hash.

        Raises UnavailableError where too many are being hashed.
        """
        with self:
            try:
                self._hasher.verify(password_hash or self._decoy(), password)
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def _decoy(self) -> str:
        """Return a hash of nobody's password, made when it is first needed."""
        if self._of_nobody is None:
            self._of_nobody = self._hasher.hash("of nobody")
        return self._of_nobody

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def __enter__(self) -> None:
        if not self._room.acquire(timeout=WAIT_SECONDS_MAX):
            raise UnavailableError(
                "too many passwords are being checked",
                advice="try again in a moment",
                headers={"Retry-After": "5"},
            )

    def __exit__(self, *_: object) -> None:
        self._room.release()
