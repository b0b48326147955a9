"""Who calls, and whether they may: `require(Action....)` on every route under /v1 and /kafka.

A request that has an Authorization header is judged by it alone; one that has none may come from
the console, by its session cookie.
"""

import base64
import hmac
from collections.abc import Callable, Generator
from typing import Annotated, Protocol, cast

import structlog
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant

from api.deps import get_core
from api.rate_limits import Allowance, address_of, allowance_of
from api.sessions import is_from_own_page, require_same_site, session_cookie
from control_plane.identity.errors import (
    CredentialsInvalidError,
    PermissionDeniedError,
    SessionInvalidError,
)
from control_plane.identity.guard import name_of_token
from control_plane.identity.policy import Action, Role
from control_plane.identity.principals import Principal
from control_plane.identity.secrets import key_id_of

AUTHORIZATION_LENGTH_MAX = 1024


async def authenticate(request: Request) -> Principal:
    """Return the caller, authenticated once per request.

    With a key or session that was seen within the last seconds nothing blocks and no thread is
    used. Raises CredentialsInvalidError; for sessions SessionInvalidError and, for an unsafe
    method that another site's page asks for, CrossSiteRequestError. Raises
    AuthenticationDelayedError after too many failures, RateLimitExceededError for a caller who
    asks too often.
    """
    known = getattr(request.state, "principal", None)
    if known is not None:
        return cast("Principal", known)
    headers = request.headers.getlist("authorization")
    cookie_value = None if headers else session_cookie(request)
    core = get_core(request)
    if cookie_value is not None:
        require_same_site(request)
        principal = await _verified(
            request, core.session_authenticator, cookie_value, name_of_token
        )
    elif headers:
        secret = _secret_of(headers)
        principal = await _verified(
            request, core.authenticator, secret, lambda secret: key_name(request, secret)
        )
    elif is_from_own_page(request):
        raise SessionInvalidError
    else:
        raise CredentialsInvalidError
    request.state.principal = principal
    structlog.contextvars.bind_contextvars(principal=principal.id)
    core.rate_limits.charge(allowance_of(request.method, request.url.path), principal.id)
    return principal


async def authenticate_again(request: Request) -> Principal:
    """Return who asks, if the credentials are still good, for an answer that goes on.

    Raises what `authenticate` raises.
    """
    request.state.principal = None
    return await authenticate(request)


class _Verifier(Protocol):
    def cached(self, secret: str, /) -> Principal | None: ...

    def authenticate(self, secret: str, /) -> Principal: ...


async def _verified(
    request: Request, verifier: _Verifier, secret: str, name_of: Callable[[str], str]
) -> Principal:
    # Who is known is let in whatever others try meanwhile.
    principal = verifier.cached(secret)
    if principal is None:
        with get_core(request).attempts.attempt(address_of(request.scope), name_of(secret)):
            principal = await run_in_threadpool(verifier.authenticate, secret)
    return principal


def key_name(request: Request, secret: str) -> str:
    """Return the id of the key that `secret` claims to be of.

    What claims nothing is no guess at anybody's secret and costs no look-up: it counts as a
    request without credentials. Raises CredentialsInvalidError, or RateLimitExceededError.
    """
    name = key_id_of(secret)
    if name is None:
        get_core(request).rate_limits.charge(Allowance.ANONYMOUS, address_of(request.scope))
        raise CredentialsInvalidError
    return name


class Require:
    """Dependency: authenticates the caller and refuses one whose role may not do the action."""

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, request: Request) -> Principal:
        principal = await authenticate(request)
        if not principal.may(self.action):
            raise PermissionDeniedError(
                f"these credentials may not do {self.action}",
                advice="use credentials with a higher role or a wider scope",
            )
        return principal


def require(action: Action) -> Require:
    """Declare what a route does: `caller: Annotated[Principal, Depends(require(...))]`."""
    return Require(action)


def requirements(dependant: Dependant) -> Generator[Require]:
    """Yield what a route declares by `require`."""
    if isinstance(dependant.call, Require):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from requirements(inner)


def require_role(caller: Principal) -> Role:
    """Return the caller's role in its organization.

    Raises PermissionDeniedError for an operator of the installation, who has none.
    """
    if caller.role is None:
        raise PermissionDeniedError("operators of the installation have no role here")
    return caller.role


def _secret_of(headers: list[str]) -> str:
    """Return the secret that is presented, empty for whatever is none: it fails like any other."""
    if len(headers) != 1 or len(headers[0]) > AUTHORIZATION_LENGTH_MAX:
        return ""
    scheme, _, value = headers[0].partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    return _secret_of_basic(value) if scheme.lower() == "basic" else ""


def _secret_of_basic(value: str) -> str:
    """Return the password of RFC 7617 credentials whose user is the key that it belongs to."""
    try:
        user, separator, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # no base64, no ASCII or no UTF-8
        return ""
    key_id = key_id_of(secret)
    is_secret = separator and key_id is not None and _are_same(key_id, user)
    return secret if is_secret else ""


def _are_same(expected: str, given: str) -> bool:
    # As bytes: of text, compare_digest takes ASCII only.
    return hmac.compare_digest(expected.encode(), given.encode())


Caller = Annotated[Principal, Depends(authenticate)]
