"""How many requests are taken from an address and from a credential; nothing here blocks.

Every request counts for its address. One without credentials counts once more, in a narrower
allowance; one that was authenticated counts for its credential, by what it does. What is refused
was not looked at, so that sending it again is safe.
"""

import ipaddress
import math
import re
import threading
from collections.abc import Mapping
from enum import StrEnum

import structlog
from prometheus_client import Counter
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem_response
from api.sessions import COOKIE_NAME, SAFE_METHODS
from control_plane.kit.clock import Clock
from control_plane.kit.errors import AppError
from control_plane.kit.settings import Settings
from control_plane.kit.token_buckets import BUCKETS_MAX, Rate, TokenBuckets

# One subscriber has a whole /64 (RFC 6177), so that single IPv6 addresses limit nobody.
IPV6_PREFIX_BITS = 64
ADDRESS_UNKNOWN = "unknown"

_RECORDS = re.compile(r"/topics/[^/]+(/partitions/[^/]+)?/records$")

REFUSED = Counter(
    "headrace_http_rate_limited", "Requests refused because there were too many", ["allowance"]
)

log = structlog.stdlib.get_logger("api")


class Allowance(StrEnum):
    """What is counted together."""

    ADDRESS = "address"
    ANONYMOUS = "anonymous"
    READS = "reads"
    WRITES = "writes"
    RECORDS = "records"


class RateLimitExceededError(AppError):
    """Too many requests at once; nothing of this one was done."""

    code = "rate_limit_exceeded"
    status = 429
    title = "Rate limit exceeded"


class RateLimits:
    """The allowances of one process. Safe to use from every thread."""

    def __init__(
        self, rates: Mapping[Allowance, Rate], clock: Clock, buckets_max: int = BUCKETS_MAX
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets = {
            allowance: TokenBuckets(rate, buckets_max) for allowance, rate in rates.items()
        }

    def charge(self, allowance: Allowance, key: str) -> None:
        """Count one request; raise RateLimitExceededError when `key` has used up what it has."""
        buckets = self._buckets[allowance]
        with self._lock:
            wait = buckets.take(key, self._clock.monotonic())
        if wait > 0:
            REFUSED.labels(allowance.value).inc()
            log.info("rate_limited", allowance=allowance.value, key=key)
            raise _exceeded(allowance, buckets.rate, math.ceil(wait))


class RateLimitMiddleware:
    """Counts every request for its address before anything of it is read."""

    def __init__(self, app: ASGIApp, *, limits: RateLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            address = address_of(scope)
            try:
                self._limits.charge(Allowance.ADDRESS, address)
                if not _has_credentials(scope):
                    self._limits.charge(Allowance.ANONYMOUS, address)
            except RateLimitExceededError as error:
                await problem_response(Request(scope), error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def rate_limits(settings: Settings, clock: Clock) -> RateLimits:
    """Return the allowances that an operator set, or the defaults of the environment."""
    return RateLimits({allowance: settings.rate(allowance.value) for allowance in Allowance}, clock)


def allowance_of(method: str, path: str) -> Allowance:
    """Return what an authenticated request counts as."""
    if _RECORDS.search(path) is not None:
        return Allowance.RECORDS
    return Allowance.READS if method in SAFE_METHODS else Allowance.WRITES


def peer_of(scope: Scope) -> str:
    """Return the address at the other end of the connection; forwarded ones are not believed."""
    client = scope.get("client")
    return ADDRESS_UNKNOWN if client is None else client[0]


def address_of(scope: Scope) -> str:
    """Return what is counted as one address: an IPv4 address, or the /64 of an IPv6 address."""
    host = peer_of(scope)
    if ":" not in host:
        return host
    address = ipaddress.IPv6Address(host.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_PREFIX_BITS), strict=False))


def _has_credentials(scope: Scope) -> bool:
    """Whether credentials are offered at all; whether they are good is found out later."""
    cookie = COOKIE_NAME.encode()
    return any(
        name == b"authorization" or (name == b"cookie" and cookie in value)
        for name, value in scope["headers"]
    )


def _exceeded(allowance: Allowance, rate: Rate, wait_seconds: int) -> RateLimitExceededError:
    # Names and parameters of draft-ietf-httpapi-ratelimit-headers-09.
    headers = {
        "Retry-After": str(wait_seconds),
        "RateLimit-Policy": f'"{allowance}";q={rate.burst};w={rate.window_seconds}',
        "RateLimit": f'"{allowance}";r=0;t={wait_seconds}',
    }
    return RateLimitExceededError(
        f"more than {rate.per_second} requests a second ({rate.burst} at once) of: {allowance}",
        advice="wait as long as Retry-After says, then send the same request again",
        headers=headers,
    )
