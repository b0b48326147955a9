"""Rules of API keys: making, finding, revoking, and what a broker needs to know of them."""

import secrets as randomness
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from control_plane.identity import repository
from control_plane.identity.authentication import previous_hmac, principal_of
from control_plane.identity.bounds import KeyBounds, from_json
from control_plane.identity.errors import (
    ApiKeyEndedError,
    ApiKeyExpiryError,
    ApiKeyLimitError,
    ApiKeyNotFoundError,
    ApiKeySecretInvalidError,
    ApiKeySecretUsedError,
    PermissionDeniedError,
)
from control_plane.identity.members import require_role_fits
from control_plane.identity.models import INSTALLATION_ROLE, ApiKey
from control_plane.identity.policy import Role, reaches_records
from control_plane.identity.principals import Principal
from control_plane.identity.secrets import (
    SALT_BYTES,
    SCRAM_ITERATIONS,
    ScramVerifier,
    key_id_of,
    new_secret,
    new_secret_of,
    salted_password,
    scram_verifier,
    secret_hmac,
    weakness_of,
)
from control_plane.kit.clock import Clock
from control_plane.kit.db import after_commit
from control_plane.kit.pagination import Page, PageRequest
from control_plane.kit.scope import Scope
from control_plane.kit.secrets import SecretPlace, Vault

LIVE_API_KEYS_MAX = 500
OVERLAP_SECONDS = 24 * 3600
OVERLAP_SECONDS_MAX = 30 * 24 * 3600

# Of the HMAC, of SCRAM with SHA-256 and of SCRAM with SHA-512.
Salts = tuple[bytes, bytes, bytes]


@dataclass(frozen=True)
class PreviousSecret:
    """What verifies the secret before, while it still works; salts are those of the present one."""

    secret_hmac: bytes
    scram_sha_256: ScramVerifier
    scram_sha_512: ScramVerifier


@dataclass(frozen=True)
class ClusterCredential:
    """One key as a cluster's broker checks it (docs/broker-process.md, credentials file)."""

    username: str
    hmac_salt: bytes
    secret_hmac: bytes
    scram_sha_256: ScramVerifier
    scram_sha_512: ScramVerifier
    bounds: KeyBounds | None = None
    previous: PreviousSecret | None = None


@dataclass(frozen=True)
class KeyMaterial:
    """A key's id and secret with everything slow already computed; making it takes milliseconds.

    To be made before the transaction that stores the key.
    """

    id: str
    secret: str = field(repr=False)
    hmac_salt: bytes
    secret_hmac: bytes
    sha256_salt: bytes
    sha256_salted: bytes
    sha512_salt: bytes
    sha512_salted: bytes


def new_key_material() -> KeyMaterial:
    """Draw a secret."""
    return _stretch(*new_secret())


def supplied_key_material(secret: str) -> KeyMaterial:
    """Take a secret that the caller drew; raise ApiKeySecretInvalidError if it is not fit for one.

    It names its key, so that the caller chooses the key's id with it.
    """
    key_id = key_id_of(secret)
    weakness = weakness_of(secret)
    if key_id is None or weakness is not None:
        raise ApiKeySecretInvalidError(
            f"the secret is not taken: {weakness}",
            advice="draw another as docs/api-keys.md describes, or leave it out to be given one",
        )
    return _stretch(key_id, secret)


def rotated_key_material(row: ApiKey) -> KeyMaterial:
    """Draw another secret for a key, under the salts that it has.

    A SCRAM client is told a salt before it shows which of two secrets it has.
    """
    salts = (row.hmac_salt, row.scram_sha256_salt, row.scram_sha512_salt)
    return _stretch(row.id, new_secret_of(row.id), salts)


def _fresh_salts() -> Salts:
    first, second, third = (randomness.token_bytes(SALT_BYTES) for _ in range(3))
    return first, second, third


def _stretch(key_id: str, secret: str, salts: Salts | None = None) -> KeyMaterial:
    hmac_salt, sha256_salt, sha512_salt = salts or _fresh_salts()
    return KeyMaterial(
        id=key_id,
        secret=secret,
        hmac_salt=hmac_salt,
        secret_hmac=secret_hmac(hmac_salt, secret),
        sha256_salt=sha256_salt,
        sha256_salted=salted_password("sha256", secret, sha256_salt),
        sha512_salt=sha512_salt,
        sha512_salted=salted_password("sha512", secret, sha512_salt),
    )


class ApiKeyService:
    """API keys of organizations and of single clusters.

    Whoever creates or revokes one also publishes the change to the clusters concerned before it
    answers (control_plane.access); `on_revoked` drops what this process has cached of the key.
    """

    def __init__(self, vault: Vault, clock: Clock, on_revoked: Callable[[str], None]) -> None:
        self._vault = vault
        self._clock = clock
        self._on_revoked = on_revoked

    def create(
        self,
        session: Session,
        material: KeyMaterial,
        *,
        scope: Scope,
        name: str,
        role: Role | None,
        granted_by: Principal | None,
        expires_at: datetime | None = None,
        bounds: KeyBounds | None = None,
    ) -> ApiKey:
        """Store a key for `scope`; `granted_by` is None only for an organization's first key.

        Without a role it is a key of the installation's operators. Raises RoleScopeError,
        PermissionDeniedError, ApiKeyExpiryError, ApiKeyLimitError or ApiKeySecretUsedError.
        """
        now = self._clock.now()
        require_role_fits(role, scope.cluster_id)
        if granted_by is not None and not granted_by.may_grant(role):
            raise PermissionDeniedError(
                f"the role {granted_by.role} can not give the role {role}",
                advice="ask for a role that is not above your own",
            )
        if expires_at is not None and expires_at <= now:
            raise ApiKeyExpiryError("expires_at lies in the past")
        organization = Scope(scope.organization_id)
        if repository.count_live_api_keys(session, organization, now) >= LIVE_API_KEYS_MAX:
            raise ApiKeyLimitError(
                f"the organization has {LIVE_API_KEYS_MAX} live API keys",
                advice="revoke keys that are not used any more",
            )
        row = self._row(session, material, scope)
        row.name = name
        row.role = INSTALLATION_ROLE if role is None else role.value
        row.created_by = None if granted_by is None else granted_by.id
        row.created_at = now
        row.expires_at = expires_at
        row.bounds = None if bounds is None else bounds.to_json()
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            # Keys stay when they end and a secret names its key, so that none is used twice. Whose
            # it was is not told. The cause is left out: it holds the row's verifiers.
            raise ApiKeySecretUsedError(
                "the secret was used before", advice="draw another; a secret is good for one key"
            ) from None
        return row

    def get(self, session: Session, scope: Scope, api_key_id: str) -> ApiKey:
        row = repository.find_api_key(session, scope, api_key_id)
        if row is None:
            raise ApiKeyNotFoundError("there is no such API key")
        return row

    def list(
        self, session: Session, scope: Scope, page: PageRequest, *, cluster_id: str | None = None
    ) -> Page[ApiKey]:
        return repository.list_api_keys(session, scope, page, cluster_id)

    def revoke(
        self, session: Session, scope: Scope, api_key_id: str, *, revoked_by: Principal
    ) -> ApiKey:
        """End a key for good; revoking twice changes nothing.

        Raises ApiKeyNotFoundError, or PermissionDeniedError for a key above the caller's role.
        """
        row = self.get(session, scope, api_key_id)
        if not revoked_by.may_grant(principal_of(row).role):
            raise PermissionDeniedError(f"the role {revoked_by.role} can not revoke this key")
        if row.revoked_at is None:
            row.revoked_at = self._clock.now()
            session.flush()
        after_commit(session, lambda: self._on_revoked(api_key_id))
        return row

    def require_rotatable(self, row: ApiKey, rotated_by: Principal) -> None:
        """Refuse a key whose secret the caller can not change.

        Raises PermissionDeniedError for one above the caller's role, ApiKeyEndedError for one that
        does not work any more.
        """
        if not rotated_by.may_grant(principal_of(row).role):
            raise PermissionDeniedError(f"the role {rotated_by.role} can not rotate this key")
        now = self._clock.now()
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
            raise ApiKeyEndedError(
                "the key is revoked or expired", advice="make another key instead"
            )

    def rotate(
        self,
        session: Session,
        row: ApiKey,
        material: KeyMaterial,
        *,
        until: datetime | None,
        rotated_by: Principal,
    ) -> None:
        """Give a key another secret; the one before works until then, or no more for None.

        One that was still working beside it ends. Raises as `require_rotatable` does.
        """
        # Two rotations at once must not both keep the same secret as the one before.
        session.refresh(row, with_for_update=True)
        self.require_rotatable(row, rotated_by)
        kept = None if until is None else self._secret_of(session, row)
        self._put_before(session, row, kept, until)
        row.secret_hmac = material.secret_hmac
        row.scram_sha256_sealed = self._vault.seal(
            session, _place(row, "scram_sha256_sealed"), material.sha256_salted
        )
        row.scram_sha512_sealed = self._vault.seal(
            session, _place(row, "scram_sha512_sealed"), material.sha512_salted
        )
        ends_at = until or self._clock.now()
        repository.end_sessions_of_key(session, Scope(row.organization_id), row.id, ends_at)
        session.flush()
        key_id = row.id
        after_commit(session, lambda: self._on_revoked(key_id))

    def retire(self, session: Session, row: ApiKey) -> None:
        """Forget a secret before whose time is over."""
        if row.previous_secret_until is not None and row.previous_secret_until <= self._clock.now():
            self._put_before(session, row, None, None)
            session.flush()

    def _secret_of(self, session: Session, row: ApiKey) -> tuple[bytes, bytes, bytes]:
        return (
            row.secret_hmac,
            self._vault.open(session, _place(row, "scram_sha256_sealed"), row.scram_sha256_sealed),
            self._vault.open(session, _place(row, "scram_sha512_sealed"), row.scram_sha512_sealed),
        )

    def _put_before(
        self,
        session: Session,
        row: ApiKey,
        secret: tuple[bytes, bytes, bytes] | None,
        until: datetime | None,
    ) -> None:
        row.previous_secret_until = until
        if secret is None:
            row.previous_secret_hmac = None
            row.previous_scram_sha256_sealed = row.previous_scram_sha512_sealed = None
            return
        row.previous_secret_hmac, sha256, sha512 = secret
        row.previous_scram_sha256_sealed = self._vault.seal(
            session, _place(row, "previous_scram_sha256_sealed"), sha256
        )
        row.previous_scram_sha512_sealed = self._vault.seal(
            session, _place(row, "previous_scram_sha512_sealed"), sha512
        )

    def cluster_credentials(
        self, session: Session, organization_id: str, cluster_id: str
    ) -> Sequence[ClusterCredential]:
        """Return every live key that the cluster accepts, in a stable order.

        Keys whose role is not about records are no Kafka users.
        """
        keys = repository.list_cluster_api_keys(
            session, Scope(organization_id), cluster_id, self._clock.now()
        )
        return [self._credential(session, key) for key in keys if reaches_records(Role(key.role))]

    def _row(self, session: Session, material: KeyMaterial, scope: Scope) -> ApiKey:
        row = ApiKey(
            id=material.id,
            organization_id=scope.organization_id,
            cluster_id=scope.cluster_id,
            hmac_salt=material.hmac_salt,
            secret_hmac=material.secret_hmac,
            scram_sha256_salt=material.sha256_salt,
            scram_sha512_salt=material.sha512_salt,
            scram_iterations=SCRAM_ITERATIONS,
        )
        row.scram_sha256_sealed = self._vault.seal(
            session, _place(row, "scram_sha256_sealed"), material.sha256_salted
        )
        row.scram_sha512_sealed = self._vault.seal(
            session, _place(row, "scram_sha512_sealed"), material.sha512_salted
        )
        return row

    def _credential(self, session: Session, row: ApiKey) -> ClusterCredential:
        secret_hmac, sha256, sha512 = self._secret_of(session, row)
        return ClusterCredential(
            username=row.id,
            hmac_salt=row.hmac_salt,
            secret_hmac=secret_hmac,
            scram_sha_256=scram_verifier("sha256", row.scram_sha256_salt, sha256),
            scram_sha_512=scram_verifier("sha512", row.scram_sha512_salt, sha512),
            bounds=from_json(row.bounds),
            previous=self._previous(session, row),
        )

    def _previous(self, session: Session, row: ApiKey) -> PreviousSecret | None:
        before = previous_hmac(row, self._clock.now())
        sealed256, sealed512 = row.previous_scram_sha256_sealed, row.previous_scram_sha512_sealed
        if before is None or sealed256 is None or sealed512 is None:
            return None
        sha256 = self._vault.open(session, _place(row, "previous_scram_sha256_sealed"), sealed256)
        sha512 = self._vault.open(session, _place(row, "previous_scram_sha512_sealed"), sealed512)
        return PreviousSecret(
            secret_hmac=before,
            scram_sha_256=scram_verifier("sha256", row.scram_sha256_salt, sha256),
            scram_sha_512=scram_verifier("sha512", row.scram_sha512_salt, sha512),
        )


def _place(row: ApiKey, column: str) -> SecretPlace:
    return SecretPlace(row.organization_id, ApiKey.__tablename__, row.id, column)
