"""Replies kept for requests that are sent again, so that a retry does nothing twice.

A request claims its key before it does anything, and keeps its reply in the transaction that does
the work: a crash leaves either both or neither. Where the work is done elsewhere, such as in a
broker, nobody knows after a crash; the request that takes such a key over is told so
(`Claim.is_resumed`) and looks. Replies are sealed, since some hold secrets, and erased after
`KEPT_SECONDS`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    and_,
    delete,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from control_plane.kit.clock import Clock
from control_plane.kit.db import (
    ID_LENGTH_MAX,
    NAME_LENGTH_MAX,
    Base,
    Database,
    UtcDateTime,
    insert_unless_present,
)
from control_plane.kit.errors import AppError, ConflictError
from control_plane.kit.ids import new_id
from control_plane.kit.jobs import JobContext, JobRegistry
from control_plane.kit.scope import OrganizationOwned, Scope, scoped
from control_plane.kit.secrets import SecretPlace, Vault

KEPT_SECONDS = 24 * 3600
CLAIM_SECONDS = 120  # longer than any request runs; after it a request counts as dead
SWEEP_JOB = "idempotent_replies.sweep"
SWEEP_EVERY_SECONDS = 600


class IdempotencyKeyInFlightError(ConflictError):
    """The first request with this key is still being worked on."""

    code = "idempotency_key_in_flight"
    title = "Request in progress"


class IdempotencyKeyReusedError(AppError):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    status = 422
    title = "Idempotency key reused"


class IdempotentReply(OrganizationOwned, Base):
    """One key of one organization: claimed, then replied to."""

    __tablename__ = "idempotent_replies"
    __table_args__ = (UniqueConstraint("organization_id", "key"), Index(None, "expires_at"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    key: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    claim_token: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    claim_expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[int | None] = mapped_column(Integer)
    body_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    location: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class KeptReply:
    """A reply as it was given the first time; `location` is its Location header, if it had one."""

    status: int
    body: bytes
    location: str | None = None


@dataclass(frozen=True)
class Claim:
    """The right to work on a key, until it expires.

    `is_resumed` says that the same request was begun before and its outcome is not known.
    """

    row_id: str
    organization_id: str
    token: str
    is_resumed: bool = False


class IdempotencyStore:
    """Claims keys and keeps replies."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def claim(self, organization_id: str, key: str, request_hash: bytes) -> Claim | KeptReply:
        """Claim `key`, or return the reply that was kept for it.

        Raises IdempotencyKeyInFlightError, or IdempotencyKeyReusedError for another request.
        """
        now = self._clock.now()
        with self._database.transaction() as session:
            row = self._find(session, organization_id, key)
            if row is not None and row.expires_at <= now:
                session.delete(row)
                session.flush()
                row = None
            if row is None:
                return self._insert(session, organization_id, key, request_hash)
            if row.request_hash != request_hash:
                raise IdempotencyKeyReusedError(
                    "this Idempotency-Key was used with a different request",
                    advice="use a fresh key for every new request",
                )
            if row.status is not None and row.body_sealed is not None:
                body = self._vault.open(session, _place(row), row.body_sealed)
                return KeptReply(row.status, body, row.location)
            if row.claim_expires_at > now:
                raise _in_flight()
            return self._take(row)

    def keep(
        self,
        session: Session,
        claim: Claim,
        status: int,
        body: bytes,
        location: str | None = None,
    ) -> None:
        """Keep the reply in the transaction that does the work.

        Raises IdempotencyKeyInFlightError when the claim went to another request meanwhile, so
        that this one's work is rolled back.
        """
        row = session.get(IdempotentReply, claim.row_id, with_for_update=True)
        if row is None or row.claim_token != claim.token:
            raise _in_flight()
        row.status = status
        row.body_sealed = self._vault.seal(session, _place(row), body)
        row.location = location
        session.flush()

    def keep_final(
        self, claim: Claim, status: int, body: bytes, location: str | None = None
    ) -> None:
        """Replace the kept reply by the one that is about to be given."""
        with self._database.transaction() as session:
            self.keep(session, claim, status, body, location)

    def release(self, claim: Claim) -> None:
        """Free the key of a request that was refused before it did anything."""
        with self._database.transaction() as session:
            session.execute(delete(IdempotentReply).where(_is_unanswered(claim)))

    def lapse(self, claim: Claim) -> None:
        """End the claim of a request that failed, perhaps with its work done.

        The same request may be sent again at once, and resumes it; another one can not.
        """
        ended = update(IdempotentReply).where(_is_unanswered(claim))
        with self._database.transaction() as session:
            session.execute(ended.values(claim_expires_at=self._clock.now()))

    def lapse_all(self) -> None:
        """End the claims of processes that are gone; only for one that has the database alone."""
        ended = update(IdempotentReply).where(IdempotentReply.status.is_(None))
        with self._database.transaction() as session:
            session.execute(ended.values(claim_expires_at=self._clock.now()))

    def sweep(self, session: Session) -> None:
        """Erase every reply that was kept for long enough."""
        over = IdempotentReply.expires_at <= self._clock.now()
        session.execute(delete(IdempotentReply).where(over))

    def _find(self, session: Session, organization_id: str, key: str) -> IdempotentReply | None:
        statement = scoped(IdempotentReply, Scope(organization_id))
        return session.scalars(
            statement.where(IdempotentReply.key == key).with_for_update()
        ).one_or_none()

    def _insert(
        self, session: Session, organization_id: str, key: str, request_hash: bytes
    ) -> Claim:
        now = self._clock.now()
        claim = Claim(new_id("idem"), organization_id, new_id("claim"))
        values = {
            "id": claim.row_id,
            "organization_id": organization_id,
            "key": key,
            "request_hash": request_hash,
            "claim_token": claim.token,
            "claim_expires_at": now + timedelta(seconds=CLAIM_SECONDS),
            "created_at": now,
            "expires_at": now + timedelta(seconds=KEPT_SECONDS),
        }
        if not insert_unless_present(session, IdempotentReply, values):
            raise _in_flight()
        return claim

    def _take(self, row: IdempotentReply) -> Claim:
        """Take over the claim of a request that died, or failed, without a reply."""
        row.claim_token = new_id("claim")
        row.claim_expires_at = self._clock.now() + timedelta(seconds=CLAIM_SECONDS)
        return Claim(row.id, row.organization_id, row.claim_token, is_resumed=True)


def register(registry: JobRegistry, store: IdempotencyStore) -> None:
    """Add the job that erases old replies."""

    def sweep(context: JobContext) -> None:
        with context.apply() as session:
            store.sweep(session)

    registry.register(SWEEP_JOB, sweep, every_seconds=SWEEP_EVERY_SECONDS)


def _in_flight() -> IdempotencyKeyInFlightError:
    return IdempotencyKeyInFlightError(
        "a request with this Idempotency-Key is still being worked on",
        advice="wait, then send the same request again to get its reply",
        headers={"Retry-After": "1"},
    )


def _is_unanswered(claim: Claim) -> ColumnElement[bool]:
    return and_(
        IdempotentReply.id == claim.row_id,
        IdempotentReply.claim_token == claim.token,
        IdempotentReply.status.is_(None),
    )


def _place(row: IdempotentReply) -> SecretPlace:
    return SecretPlace(row.organization_id, IdempotentReply.__tablename__, row.id, "body_sealed")
