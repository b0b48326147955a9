"""Authentication of console sessions, cached as that of API keys is."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from control_plane.identity.authentication import ClusterLives, reaches_something
from control_plane.identity.errors import SessionInvalidError
from control_plane.identity.known_principals import (
    FRESH_SECONDS,
    STALE_SECONDS_MAX,
    KnownPrincipals,
)
from control_plane.identity.principals import Principal
from control_plane.identity.sessions import SessionService
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database

log = structlog.stdlib.get_logger("identity")


class SessionAuthenticator:
    """Turns the value of a session cookie into the principal who is signed in."""

    def __init__(
        self,
        database: Database,
        sessions: SessionService,
        clock: Clock,
        cluster_lives: ClusterLives,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._cluster_lives = cluster_lives
        self._known = KnownPrincipals(clock)

    def cached(self, cookie_value: str) -> Principal | None:
        """Return the principal if the session was live within the last seconds; never blocks."""
        return self._known.recall(cookie_value, FRESH_SECONDS)

    def authenticate(self, cookie_value: str) -> Principal:
        """Return the principal; raise SessionInvalidError for whatever is wrong.

        While the database can not be reached, a session seen a short while ago keeps working.
        """
        principal = self.cached(cookie_value)
        if principal is not None:
            return principal
        try:
            return self._verify(cookie_value)
        except SQLAlchemyError:
            principal = self._known.recall(cookie_value, STALE_SECONDS_MAX)
            if principal is None:
                raise
            log.warning("session_from_cache", principal=principal.id)
            return principal

    def sign_out(self, cookie_value: str) -> None:
        """End the session; it is refused from now on."""
        with self._database.transaction() as session:
            self._sessions.sign_out(session, cookie_value)
        self._known.revoke(cookie_value)

    def forget(self, principal_id: str) -> None:
        """Drop what is cached of every session of a principal, as when its key is revoked."""
        self._known.forget(principal_id)

    def _verify(self, cookie_value: str) -> Principal:
        revocations = self._known.revocations
        with self._database.snapshot() as session:
            found = self._sessions.find(session, cookie_value)
            reaches = found is None or reaches_something(
                found.principal, session, self._cluster_lives
            )
        if found is None or not reaches:
            self._known.drop(cookie_value)
            raise SessionInvalidError
        if found.wants_touch:
            with self._database.transaction() as session:
                self._sessions.touch(session, cookie_value)
        self._known.remember(cookie_value, found.principal, revocations)
        return found.principal
