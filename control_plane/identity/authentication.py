"""Authentication of API keys, cached so that a warm request touches no database."""

import hashlib
import hmac
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from control_plane.identity import repository
from control_plane.identity.errors import CredentialsInvalidError
from control_plane.identity.models import ApiKey
from control_plane.identity.policy import Role
from control_plane.identity.principals import Principal, PrincipalKind
from control_plane.identity.secrets import SALT_BYTES, key_id_of, secret_hmac
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database

FRESH_SECONDS = 5.0  # a revocation made by another process takes effect within this time
STALE_SECONDS_MAX = 900.0  # for how long known keys keep working while the database is away
CACHED_MAX = 10_000

log = structlog.stdlib.get_logger("identity")


@dataclass(frozen=True)
class _Known:
    principal: Principal
    verified_at: float


class Authenticator:
    """Turns the secret of an API key into its principal."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._used: dict[str, datetime] = {}
        self._revocations = 0

    def cached(self, secret: str) -> Principal | None:
        """Return the principal if it was verified within the last seconds; never blocks."""
        return self._recall(secret, FRESH_SECONDS)

    def authenticate(self, secret: str) -> Principal:
        """Return the principal; raise CredentialsInvalidError for whatever is wrong.

        While the database can not be reached, a key verified a short while ago keeps working: the
        data plane does not depend on the control plane's database.
        """
        principal = self.cached(secret)
        if principal is not None:
            return principal
        key_id = key_id_of(secret)
        if key_id is None:
            raise CredentialsInvalidError
        try:
            return self._verify(key_id, secret)
        except SQLAlchemyError:
            principal = self._recall(secret, STALE_SECONDS_MAX)
            if principal is None:
                raise
            log.warning("authenticated_from_cache", principal=principal.id)
            return principal

    def forget(self, api_key_id: str) -> None:
        """Drop everything cached of a key, and of look-ups that began before now."""
        with self._lock:
            self._revocations += 1
            gone = [key for key, known in self._known.items() if known.principal.id == api_key_id]
            for key in gone:
                del self._known[key]

    def flush_last_used(self) -> None:
        """Write down when keys were last used; called by a recurring job."""
        with self._lock:
            used, self._used = self._used, {}
        if not used:
            return
        with self._database.transaction() as session:
            for key_id, used_at in sorted(used.items()):
                repository.touch_api_key(session, key_id, used_at)

    def _verify(self, key_id: str, secret: str) -> Principal:
        with self._lock:
            revocations = self._revocations
        with self._database.snapshot() as session:
            row = repository.find_api_key_to_authenticate(session, key_id)
        # An unknown key costs the same comparison as a known one.
        salt = bytes(SALT_BYTES) if row is None else row.hmac_salt
        expected = bytes(SALT_BYTES) if row is None else row.secret_hmac
        matches = hmac.compare_digest(secret_hmac(salt, secret), expected)
        if row is None or not matches or row.revoked_at is not None:
            self._drop(secret)
            raise CredentialsInvalidError
        principal = principal_of(row)
        self._refuse_expired(principal)
        self._remember(secret, principal, revocations)
        return principal

    def _recall(self, secret: str, age_max: float) -> Principal | None:
        with self._lock:
            known = self._known.get(_digest(secret))
            if known is None or self._clock.monotonic() - known.verified_at > age_max:
                return None
            now = self._clock.now()
            self._used[known.principal.id] = now
        expires_at = known.principal.expires_at
        return None if expires_at is not None and expires_at <= now else known.principal

    def _remember(self, secret: str, principal: Principal, revocations: int) -> None:
        with self._lock:
            self._used[principal.id] = self._clock.now()
            if revocations != self._revocations:
                return  # revoked while it was being looked up: what was read may be old
            self._known[_digest(secret)] = _Known(principal, self._clock.monotonic())
            self._known.move_to_end(_digest(secret))
            while len(self._known) > CACHED_MAX:
                self._known.popitem(last=False)

    def _drop(self, secret: str) -> None:
        with self._lock:
            self._known.pop(_digest(secret), None)

    def _refuse_expired(self, principal: Principal) -> None:
        if principal.expires_at is not None and principal.expires_at <= self._clock.now():
            raise CredentialsInvalidError


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def principal_of(row: ApiKey) -> Principal:
    """Return who acts by a key."""
    return Principal(
        id=row.id,
        kind=PrincipalKind.API_KEY,
        organization_id=row.organization_id,
        cluster_id=row.cluster_id,
        role=Role(row.role),
        expires_at=row.expires_at,
    )
