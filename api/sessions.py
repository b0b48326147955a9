"""The console's session as HTTP carries it: an opaque cookie, taken from our own pages only.

Over HTTPS it is a `__Host-` cookie: Secure, bound to this host and path. Browsers do not take
Secure cookies from plain HTTP everywhere, so on loopback, the only place where plain HTTP is
served to browsers, its name carries the port instead (cookies do not know ports) and no prefix
that it could not honour.
"""

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request, Response

from control_plane.identity.sessions import SignedIn
from control_plane.kit.errors import AppError

COOKIE_NAME = "headrace_session"
COOKIE_PATH = "/"
FETCH_SITE_HEADER = "sec-fetch-site"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, 9.2.1


class CrossSiteRequestError(AppError):
    """Another site's page sent the request."""

    code = "cross_site_request"
    status = 403
    title = "Cross-site request"


class HttpsRequiredError(AppError):
    """Signing in over plain HTTP from another machine would show the session to the network."""

    code = "https_required"
    status = 403
    title = "HTTPS required"


def require_same_site(request: Request) -> None:
    """Raise CrossSiteRequestError for an unsafe method unless our own page asks.

    Browsers say so themselves in Sec-Fetch-Site (W3C Fetch Metadata); older ones send Origin.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get(FETCH_SITE_HEADER)
    if site is not None:
        same = site in ("same-origin", "none")
    else:
        origin = request.headers.get("origin")
        same = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not same:
        raise CrossSiteRequestError("the request comes from a page of another site")


def require_private_channel(request: Request) -> None:
    """Dependency of sign-in: raise HttpsRequiredError for plain HTTP beyond this machine."""
    if not _is_https(request) and not _is_loopback(request.url.hostname):
        raise HttpsRequiredError(
            "signing in needs HTTPS from here", advice="use the https:// address of this service"
        )


def is_from_own_page(request: Request) -> bool:
    """Whether a script of ours asks, as a browser vouches."""
    return request.headers.get(FETCH_SITE_HEADER) == "same-origin"


def session_cookie(request: Request) -> str | None:
    """Return the value of the session cookie, None if the browser sent none."""
    return request.cookies.get(_cookie_name(request))


def set_session_cookie(request: Request, response: Response, signed_in: SignedIn) -> None:
    """Give the browser its session."""
    response.set_cookie(
        _cookie_name(request),
        signed_in.cookie_value,
        expires=signed_in.expires_at,
        path=COOKIE_PATH,
        secure=_is_https(request),
        httponly=True,
        samesite="lax",
    )


def delete_session_cookie(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(
        _cookie_name(request),
        path=COOKIE_PATH,
        secure=_is_https(request),
        httponly=True,
        samesite="lax",
    )


def _cookie_name(request: Request) -> str:
    if _is_https(request):
        return f"__Host-{COOKIE_NAME}"
    return f"{COOKIE_NAME}_{request.url.port or 80}"


def _is_https(request: Request) -> bool:
    return request.url.scheme == "https"


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
