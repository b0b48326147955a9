"""Signing in to the console: links that work once, then opaque sessions that can be taken back."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session as DatabaseSession

from control_plane.identity import repository
from control_plane.identity.authentication import principal_of
from control_plane.identity.errors import SessionNotFoundError, SignInTokenError
from control_plane.identity.models import (
    ADDRESS_LENGTH_MAX,
    USER_AGENT_LENGTH_MAX,
    ApiKey,
    Member,
    OperatorGrant,
    Session,
    SignInToken,
)
from control_plane.identity.policy import Role
from control_plane.identity.principals import Principal, PrincipalKind
from control_plane.kit.clock import Clock
from control_plane.kit.ids import new_id
from control_plane.kit.scope import Scope

SIGN_IN_SECONDS = 24 * 3600
SESSION_IDLE_SECONDS = 12 * 3600
SESSION_SECONDS_MAX = 7 * 24 * 3600
SESSION_TOUCH_SECONDS = 60
SESSIONS_MAX = 50  # of one member or key; one more ends the one that was not used for longest
TOKEN_BYTES = 32
SIGN_IN_PREFIX = "hrc_"
SESSION_PREFIX = "hrc_s_"
TOKEN_LENGTH_MAX = 64


@dataclass(frozen=True)
class Origin:
    """Where a session was opened: the address of the client, and what it said it is."""

    address: str | None = None
    user_agent: str | None = None


NOWHERE = Origin()


@dataclass(frozen=True)
class Holder:
    """Whose sessions are meant: a member or an API key, and its organization."""

    organization_id: str
    principal_id: str


@dataclass(frozen=True)
class SignedIn:
    """A fresh session: the secret that its cookie carries, and how long it may last."""

    cookie_value: str
    seconds: int


@dataclass(frozen=True)
class LiveSession:
    """Who is signed in, and whether it is time to write down that the session is in use."""

    principal: Principal
    wants_touch: bool


class SessionService:
    """Sign-in links and sessions; both are kept as hashes of 256 random bits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def issue_sign_in(self, session: DatabaseSession, member: Member) -> str:
        """Return a token that signs `member` in once within `SIGN_IN_SECONDS`."""
        token = SIGN_IN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        now = self._clock.now()
        session.add(
            SignInToken(
                id=new_id("sit"),
                organization_id=member.organization_id,
                member_id=member.id,
                token_hash=_hash(token),
                created_at=now,
                expires_at=now + timedelta(seconds=SIGN_IN_SECONDS),
            )
        )
        session.flush()
        return token

    def sign_in(self, session: DatabaseSession, token: str, origin: Origin = NOWHERE) -> SignedIn:
        """Use up a sign-in token; raise SignInTokenError if it is not a live one."""
        now = self._clock.now()
        used = None
        if len(token) <= TOKEN_LENGTH_MAX:
            used = repository.use_sign_in_token(session, _hash(token), now)
        if used is None:
            raise SignInTokenError(
                "the sign-in link was already used or is too old",
                advice="sign in with an API key, or start the service again for a fresh link",
            )
        return self._open(session, used.organization_id, origin, member_id=used.member_id)

    def sign_in_member(
        self, session: DatabaseSession, member: Member, origin: Origin = NOWHERE
    ) -> SignedIn:
        """Open a session of a member who was authenticated."""
        return self._open(session, member.organization_id, origin, member_id=member.id)

    def end_all(self, session: DatabaseSession, scope: Scope, member_id: str) -> None:
        """End every session of a member. Who calls it drops what is cached of them."""
        repository.end_sessions(session, scope, member_id, self._clock.now())

    def sign_in_with_api_key(
        self, session: DatabaseSession, principal: Principal, origin: Origin = NOWHERE
    ) -> SignedIn:
        """Open a session that acts as an authenticated API key, for as long as it is good."""
        return self._open(
            session,
            principal.organization_id,
            origin,
            api_key_id=principal.id,
            ends_at=principal.expires_at,
        )

    def list(self, session: DatabaseSession, holders: Iterable[Holder]) -> Sequence[Session]:
        """List the live sessions of whoever is all of `holders`, the one last used first."""
        found = [row for holder in holders for row in self._live_of(session, holder)]
        return sorted(found, key=lambda row: row.last_used_at, reverse=True)

    def revoke(
        self, session: DatabaseSession, holders: Iterable[Holder], session_id: str
    ) -> Session:
        """End one of their sessions; raise SessionNotFoundError.

        Who calls it drops what is cached of its holder.
        """
        for row in self.list(session, holders):
            if row.id == session_id:
                row.revoked_at = self._clock.now()
                session.flush()
                return row
        raise SessionNotFoundError("you have no such session, or it is over")

    def revoke_others(
        self, session: DatabaseSession, holders: Iterable[Holder], kept_id: str | None
    ) -> Sequence[Session]:
        """End all of their sessions but one, and return those that were ended.

        Who calls it drops what is cached of the holders.
        """
        ended = [row for row in self.list(session, holders) if row.id != kept_id]
        for row in ended:
            row.revoked_at = self._clock.now()
        session.flush()
        return ended

    def find(self, session: DatabaseSession, cookie_value: str) -> LiveSession | None:
        """Return the session behind a cookie, None if it or its key is over; writes nothing."""
        row = self._find_live(session, cookie_value)
        principal = None if row is None else self._principal(session, row)
        if row is None or principal is None:
            return None
        idle = self._clock.now() - row.last_used_at
        return LiveSession(principal, idle > timedelta(seconds=SESSION_TOUCH_SECONDS))

    def touch(self, session: DatabaseSession, cookie_value: str) -> None:
        """Write down that the session is in use, so that it does not end for idleness."""
        row = self._find_live(session, cookie_value)
        if row is not None:
            row.last_used_at = self._clock.now()

    def sign_out(self, session: DatabaseSession, cookie_value: str) -> None:
        """End the session behind a cookie, if there is one."""
        row = self._find_live(session, cookie_value)
        if row is not None:
            row.revoked_at = self._clock.now()

    def _open(
        self,
        session: DatabaseSession,
        organization_id: str,
        origin: Origin,
        *,
        member_id: str | None = None,
        api_key_id: str | None = None,
        ends_at: datetime | None = None,
    ) -> SignedIn:
        now = self._clock.now()
        holder = Holder(organization_id, member_id or api_key_id or "")
        for row in self._live_of(session, holder)[SESSIONS_MAX - 1 :]:
            row.revoked_at = now
        last = now + timedelta(seconds=SESSION_SECONDS_MAX)
        expires_at = last if ends_at is None else min(last, ends_at)
        signed_in = SignedIn(
            SESSION_PREFIX + secrets.token_urlsafe(TOKEN_BYTES),
            int((expires_at - now).total_seconds()),
        )
        session.add(
            Session(
                id=new_id("ses"),
                organization_id=organization_id,
                member_id=member_id,
                api_key_id=api_key_id,
                token_hash=_hash(signed_in.cookie_value),
                address=_at_most(origin.address, ADDRESS_LENGTH_MAX),
                user_agent=_at_most(origin.user_agent, USER_AGENT_LENGTH_MAX),
                created_at=now,
                last_used_at=now,
                expires_at=expires_at,
            )
        )
        session.flush()
        return signed_in

    def _find_live(self, session: DatabaseSession, cookie_value: str) -> Session | None:
        if len(cookie_value) > TOKEN_LENGTH_MAX:
            return None
        now = self._clock.now()
        idle_since = now - timedelta(seconds=SESSION_IDLE_SECONDS)
        return repository.find_live_session(session, _hash(cookie_value), now, idle_since)

    def _live_of(self, session: DatabaseSession, holder: Holder) -> Sequence[Session]:
        now = self._clock.now()
        idle_since = now - timedelta(seconds=SESSION_IDLE_SECONDS)
        scope = Scope(holder.organization_id)
        return repository.list_live_sessions(session, scope, holder.principal_id, now, idle_since)

    def _principal(self, session: DatabaseSession, row: Session) -> Principal | None:
        scope = Scope(row.organization_id)
        if row.api_key_id is None:
            member = repository.find_member(session, scope, row.member_id or "")
            if member is None:
                return None
            grant = repository.find_operator_grant(session, member.id)
            return _member_principal(row, member, grant)
        key = repository.find_live_api_key(session, scope, row.api_key_id, self._clock.now())
        if key is None:
            return None
        return _key_principal(row, key, repository.find_operator_grant(session, key.id))


def _member_principal(row: Session, member: Member, grant: OperatorGrant | None) -> Principal:
    return Principal(
        id=member.id,
        kind=PrincipalKind.MEMBER,
        organization_id=member.organization_id,
        cluster_id=member.cluster_id,
        role=Role(member.role),
        expires_at=row.expires_at,
        installation_id=None if grant is None else grant.organization_id,
        session_id=row.id,
    )


def _key_principal(row: Session, key: ApiKey, grant: OperatorGrant | None) -> Principal:
    ends = row.expires_at if key.expires_at is None else min(row.expires_at, key.expires_at)
    return replace(principal_of(key, grant), expires_at=ends, session_id=row.id)


def _at_most(text: str | None, characters: int) -> str | None:
    """Return what fits; what a client says of itself may have any length and any character."""
    if text is None:
        return None
    return "".join(one if one.isprintable() else " " for one in text[:characters])


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
