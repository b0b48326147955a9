"""The console's first page: signing in, and an organization's clusters at a glance.

A session is an opaque cookie. Over HTTPS it is a `__Host-` cookie: Secure, bound to this host and
path. Browsers do not take Secure cookies from plain HTTP everywhere, so on loopback, the only
place where plain HTTP is served to browsers, its name carries the port instead (cookies do not
know ports) and no prefix that it could not honour.
"""

import ipaddress
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Depends, Query, Request, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.deps import Container, Services, get_container
from control_plane.identity.errors import CredentialsInvalidError, SignInTokenError
from control_plane.identity.principals import Principal
from control_plane.identity.sessions import TOKEN_LENGTH_MAX, SignedIn
from control_plane.kit.errors import AppError

COOKIE_NAME = "headrace_session"
CONSOLE_PATH = "/console"
COMMANDS = (
    "headrace cluster create first --plan dev --wait",
    "headrace topic create greetings --cluster first --partitions 4",
    "echo hello | headrace produce greetings --cluster first",
)

router = APIRouter(prefix=CONSOLE_PATH, include_in_schema=False)
templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


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
    """Dependency of unsafe methods: raise CrossSiteRequestError unless our own page asks.

    Browsers say so themselves in Sec-Fetch-Site; older ones send Origin.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        same = site in ("same-origin", "none")
    else:
        origin = request.headers.get("origin")
        same = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not same:
        raise CrossSiteRequestError("the request comes from a page of another site")


def require_private_channel(request: Request) -> None:
    """Dependency of sign-in: raise HttpsRequiredError for plain HTTP beyond this machine."""
    if request.url.scheme != "https" and not _is_loopback(request.url.hostname):
        raise HttpsRequiredError(
            "signing in needs HTTPS from here", advice="use the https:// address of this service"
        )


@router.get("")
def show_console(request: Request, services: Services) -> Response:
    """Show the clusters of who is signed in, or the form to sign in with."""
    principal = _signed_in(request, services)
    if principal is None:
        return _page("sign_in.html", status.HTTP_401_UNAUTHORIZED, problem=None)
    core = services.core
    with core.database.snapshot() as session:
        organization = core.organizations.get(
            session, principal.organization_id, visible_to=principal.organization_id
        )
        clusters = services.clusters.summaries(session, principal.scope)
    return _page(
        "console.html",
        status.HTTP_200_OK,
        organization=organization.name,
        clusters=clusters,
        commands=COMMANDS,
    )


@router.get("/sign-in", dependencies=[Depends(require_private_channel)])
def sign_in_by_link(
    request: Request,
    services: Services,
    token: Annotated[str, Query(max_length=TOKEN_LENGTH_MAX)] = "",
) -> Response:
    """Use up a sign-in link; one that is over leads to the form."""
    core = services.core
    try:
        with core.database.transaction() as session:
            signed_in = core.sessions.sign_in(session, token)
    except SignInTokenError as error:
        return _page("sign_in.html", error.status, problem=error.detail)
    return _enter(request, signed_in)


@router.post(
    "/sign-in", dependencies=[Depends(require_private_channel), Depends(require_same_site)]
)
async def sign_in_by_api_key(
    request: Request, services: Annotated[Container, Depends(get_container)]
) -> Response:
    """Sign in with the secret of an API key, sent as a form."""
    secret = _form_field(await request.body(), "api_key")
    return await run_in_threadpool(_sign_in_by_api_key, request, services, secret)


@router.post("/sign-out", dependencies=[Depends(require_same_site)])
def sign_out(request: Request, services: Services) -> Response:
    """End the session."""
    cookie_value = request.cookies.get(_cookie_name(request))
    if cookie_value is not None:
        with services.core.database.transaction() as session:
            services.core.sessions.sign_out(session, cookie_value)
    response = RedirectResponse(CONSOLE_PATH, status.HTTP_303_SEE_OTHER)
    response.delete_cookie(
        _cookie_name(request), secure=_is_https(request), httponly=True, samesite="lax"
    )
    return response


def _sign_in_by_api_key(request: Request, services: Container, secret: str) -> Response:
    core = services.core
    try:
        principal = core.authenticator.authenticate(secret)
    except CredentialsInvalidError:
        return _page(
            "sign_in.html", status.HTTP_401_UNAUTHORIZED, problem="this API key is not valid"
        )
    with core.database.transaction() as session:
        signed_in = core.sessions.sign_in_with_api_key(session, principal)
    return _enter(request, signed_in)


def _signed_in(request: Request, services: Container) -> Principal | None:
    cookie_value = request.cookies.get(_cookie_name(request))
    if cookie_value is None:
        return None
    with services.core.database.transaction() as session:
        return services.core.sessions.find(session, cookie_value)


def _enter(request: Request, signed_in: SignedIn) -> Response:
    # The redirect takes the token out of the address bar.
    response = RedirectResponse(CONSOLE_PATH, status.HTTP_303_SEE_OTHER)
    response.set_cookie(
        _cookie_name(request),
        signed_in.cookie_value,
        expires=signed_in.expires_at,
        secure=_is_https(request),
        httponly=True,
        samesite="lax",
    )
    return response


def _page(template: str, status_code: int, **values: object) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    headers: Mapping[str, str] = {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
    }
    text = templates.get_template(template).render(nonce=nonce, **values)
    return HTMLResponse(text, status_code, headers)


def _form_field(body: bytes, name: str) -> str:
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=4)
    except ValueError:
        return ""
    return fields.get(name, [""])[0].strip()


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
