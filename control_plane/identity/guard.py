"""Stands before every check of a credential: those who failed too often wait."""

import hashlib
import math
import threading
from collections.abc import Generator
from contextlib import contextmanager

import structlog
from prometheus_client import Counter

from control_plane.identity.attempts import FailedAttempts
from control_plane.identity.errors import (
    AuthenticationDelayedError,
    CredentialsInvalidError,
    SessionInvalidError,
    SignInTokenError,
)
from control_plane.kit.clock import Clock

ATTEMPTS = Counter(
    "headrace_authentication_attempts", "Credentials that were checked, or not", ["outcome"]
)

log = structlog.stdlib.get_logger("identity")


class AttemptGuard:
    """Counts failed attempts by address and name. Safe to use from every thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._attempts = FailedAttempts()

    @contextmanager
    def attempt(self, address: str, name: str) -> Generator[None]:
        """Surround one check of a credential; what it raises tells how it went.

        Raises AuthenticationDelayedError instead of checking. That is so for names that exist and
        for those that do not: it depends on what was tried alone. Failures of ours, such as a
        database that is away, count neither way.
        """
        with self._lock:
            wait = self._attempts.wait_seconds(address, name, self._clock.monotonic())
        if wait > 0:
            ATTEMPTS.labels("delayed").inc()
            log.info("authentication_delayed", address=address, name=name)
            raise _delayed(math.ceil(wait))
        try:
            yield
        except (CredentialsInvalidError, SessionInvalidError, SignInTokenError):
            with self._lock:
                self._attempts.fail(address, name, self._clock.monotonic())
            ATTEMPTS.labels("failed").inc()
            log.info("authentication_failed", address=address, name=name)
            raise
        with self._lock:
            self._attempts.succeed(address, name, self._clock.monotonic())
        ATTEMPTS.labels("succeeded").inc()


def name_of_token(token: str) -> str:
    """Return the name of a credential that has none: a digest, so that logs show no secret."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()[:16]


def _delayed(wait_seconds: int) -> AuthenticationDelayedError:
    return AuthenticationDelayedError(
        "credentials like these failed too often; these were not looked at",
        advice="wait as long as Retry-After says, then try again with the right ones",
        headers={"Retry-After": str(wait_seconds)},
    )
