"""Principals by the secrets they were verified with, so that a warm request touches no database."""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from control_plane.identity.principals import Principal
from control_plane.kit.clock import Clock

FRESH_SECONDS = 5.0  # a revocation made by another process takes effect within this time
STALE_SECONDS_MAX = 900.0  # for how long known secrets keep working while the database is away
KNOWN_MAX = 10_000


@dataclass(frozen=True)
class _Known:
    principal: Principal
    verified_at: float


class KnownPrincipals:
    """A bounded cache, by digests of secrets; safe to use from every thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._revocations = 0

    @property
    def revocations(self) -> int:
        """How often something was revoked; read it before a look-up that is to be remembered."""
        with self._lock:
            return self._revocations

    def recall(self, secret: str, age_max: float) -> Principal | None:
        """Return the principal if it was verified within `age_max` seconds and is not expired."""
        with self._lock:
            known = self._known.get(_digest(secret))
        if known is None or self._clock.monotonic() - known.verified_at > age_max:
            return None
        expires_at = known.principal.expires_at
        if expires_at is not None and expires_at <= self._clock.now():
            return None
        return known.principal

    def remember(self, secret: str, principal: Principal, revocations: int) -> None:
        """Keep what a look-up found, unless something was revoked since it began."""
        with self._lock:
            if revocations != self._revocations:
                return  # what was read may be old
            self._known[_digest(secret)] = _Known(principal, self._clock.monotonic())
            self._known.move_to_end(_digest(secret))
            while len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)

    def drop(self, secret: str) -> None:
        """Drop what is known of a secret that turned out not to be good any more."""
        with self._lock:
            self._known.pop(_digest(secret), None)

    def revoke(self, secret: str) -> None:
        """Drop what is known of a secret, and of look-ups that began before now."""
        with self._lock:
            self._revocations += 1
            self._known.pop(_digest(secret), None)

    def forget(self, principal_id: str) -> None:
        """Drop everything known of a principal, and of look-ups that began before now."""
        with self._lock:
            self._revocations += 1
            gone = [key for key, known in self._known.items() if known.principal.id == principal_id]
            for key in gone:
                del self._known[key]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
