"""Authentication of API keys, cached so that a warm request touches no database."""

import hmac
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from control_plane.identity import repository
from control_plane.identity.bounds import from_json
from control_plane.identity.errors import CredentialsInvalidError
from control_plane.identity.known_principals import (
    FRESH_SECONDS,
    STALE_SECONDS_MAX,
    KnownPrincipals,
)
from control_plane.identity.models import INSTALLATION_ROLE, ApiKey, OperatorGrant
from control_plane.identity.policy import Role
from control_plane.identity.principals import Principal, PrincipalKind
from control_plane.identity.secrets import SALT_BYTES, key_id_of, secret_hmac
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database

NO_HMAC = bytes(SALT_BYTES)

log = structlog.stdlib.get_logger("identity")


# Whether a cluster of an organization exists and is not deleted.
ClusterLives = Callable[[Session, str, str], bool]


class Authenticator:
    """Turns the secret of an API key into its principal.

    A key of one cluster is refused while that cluster is deleted.
    """

    def __init__(self, database: Database, clock: Clock, cluster_lives: ClusterLives) -> None:
        self._database = database
        self._clock = clock
        self._cluster_lives = cluster_lives
        self._known = KnownPrincipals(clock)
        self._lock = threading.Lock()
        self._used: dict[str, datetime] = {}

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
        self._known.forget(api_key_id)

    def flush_last_used(self) -> None:
        """Write down when keys were last used; called now and then by the process that saw them."""
        with self._lock:
            used, self._used = self._used, {}
        if not used:
            return
        with self._database.transaction() as session:
            for key_id, used_at in sorted(used.items()):
                repository.touch_api_key(session, key_id, used_at)

    def _verify(self, key_id: str, secret: str) -> Principal:
        revocations = self._known.revocations
        with self._database.snapshot() as session:
            row = repository.find_api_key_to_authenticate(session, key_id)
            reaches = row is None or reaches_something(row, session, self._cluster_lives)
            grant = repository.find_operator_grant(session, key_id)
        # An unknown key costs the same comparisons as a known one, and one secret those of two.
        now = self._clock.now()
        given = secret_hmac(bytes(SALT_BYTES) if row is None else row.hmac_salt, secret)
        before = None if row is None else previous_hmac(row, now)
        is_present = hmac.compare_digest(given, NO_HMAC if row is None else row.secret_hmac)
        is_before = hmac.compare_digest(given, before or NO_HMAC)
        matches = is_present or is_before
        if row is None or not matches or row.revoked_at is not None or not reaches:
            self._known.drop(secret)
            raise CredentialsInvalidError
        principal = principal_of(row, grant)
        if not is_present:
            ends = (principal.expires_at, row.previous_secret_until)
            principal = replace(principal, expires_at=min(end for end in ends if end is not None))
        self._refuse_expired(principal)
        self._note_use(principal)
        self._known.remember(secret, principal, revocations)
        return principal

    def _recall(self, secret: str, age_max: float) -> Principal | None:
        principal = self._known.recall(secret, age_max)
        if principal is not None:
            self._note_use(principal)
        return principal

    def _note_use(self, principal: Principal) -> None:
        with self._lock:
            self._used[principal.id] = self._clock.now()

    def _refuse_expired(self, principal: Principal) -> None:
        if principal.expires_at is not None and principal.expires_at <= self._clock.now():
            raise CredentialsInvalidError


def reaches_something(
    owner: ApiKey | Principal, session: Session, cluster_lives: ClusterLives
) -> bool:
    """Whether what a key is good for is there."""
    if owner.cluster_id is None:
        return True
    return cluster_lives(session, owner.organization_id, owner.cluster_id)


def previous_hmac(row: ApiKey, now: datetime) -> bytes | None:
    """Return what verifies the secret before, None once it does not work any more."""
    until = row.previous_secret_until
    return row.previous_secret_hmac if until is not None and until > now else None


def is_installation_key(row: ApiKey) -> bool:
    """Whether the key is an operator's of the installation."""
    return row.role == INSTALLATION_ROLE


def kind_of(row: ApiKey) -> PrincipalKind:
    return PrincipalKind.INSTALLATION_KEY if is_installation_key(row) else PrincipalKind.API_KEY


def principal_of(row: ApiKey, grant: OperatorGrant | None = None) -> Principal:
    """Return who acts by a key, with what it was granted of the installation."""
    installation_id = None if grant is None else grant.organization_id
    return Principal(
        id=row.id,
        kind=kind_of(row),
        organization_id=row.organization_id,
        cluster_id=row.cluster_id,
        role=None if is_installation_key(row) else Role(row.role),
        expires_at=row.expires_at,
        bounds=from_json(row.bounds),
        installation_id=row.organization_id if is_installation_key(row) else installation_id,
    )
