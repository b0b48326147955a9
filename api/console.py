"""The console: its session, the link that signs in, and the application itself."""

from typing import Annotated, Self, cast

from fastapi import APIRouter, Depends, Query, Request, status
from fastapi.responses import RedirectResponse, Response
from pydantic import Field, model_validator

from api.auth import key_name, require_role
from api.console_files import ConsoleFiles
from api.deps import Container, Services
from api.origin import origin_of
from api.rate_limits import address_of
from api.schemas import Instant, RequestModel, ResponseModel
from api.sessions import (
    delete_session_cookie,
    require_private_channel,
    require_same_site,
    session_cookie,
    set_session_cookie,
)
from control_plane.identity.errors import SessionInvalidError, SignInTokenError
from control_plane.identity.guard import name_of_token
from control_plane.identity.models import EMAIL_LENGTH_MAX
from control_plane.identity.policy import Role
from control_plane.identity.principals import Principal, PrincipalKind
from control_plane.identity.sessions import TOKEN_LENGTH_MAX

CONSOLE_PATH = "/console"
SECRET_LENGTH_MAX = 1024

router = APIRouter(prefix=CONSOLE_PATH, include_in_schema=False)


class SignIn(RequestModel):
    """What to sign in with: the secret of an API key, or an e-mail address and a password."""

    api_key: Annotated[str | None, Field(max_length=SECRET_LENGTH_MAX)] = None
    email: Annotated[str | None, Field(max_length=EMAIL_LENGTH_MAX)] = None
    password: Annotated[str | None, Field(max_length=SECRET_LENGTH_MAX)] = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        has_password = self.email is not None and self.password is not None
        if has_password == (self.api_key is not None):
            raise ValueError("either api_key, or email and password")
        return self


class SignedInResponse(ResponseModel):
    """Who is signed in."""

    principal_id: str
    kind: PrincipalKind
    role: Role
    organization_id: str
    organization_name: str
    cluster_id: str | None
    expires_at: Instant | None


class SessionResponse(ResponseModel):
    """The browser's session; null when nobody is signed in, which is no error."""

    session: SignedInResponse | None


def get_console_files(request: Request) -> ConsoleFiles:
    return cast("ConsoleFiles", request.app.state.console_files)


Files = Annotated[ConsoleFiles, Depends(get_console_files)]


@router.get("/session")
def get_session(request: Request, services: Services) -> SessionResponse:
    """Tell who is signed in."""
    cookie_value = session_cookie(request)
    if cookie_value is None:
        return SessionResponse(session=None)
    try:
        principal = _session_principal(request, services, cookie_value)
    except SessionInvalidError:
        return SessionResponse(session=None)
    return session_of(services, principal)


@router.post(
    "/session", dependencies=[Depends(require_private_channel), Depends(require_same_site)]
)
def sign_in(
    request: Request, response: Response, body: SignIn, services: Services
) -> SessionResponse:
    """Sign in with the secret of an API key, or with an e-mail address and a password."""
    core = services.core
    if body.email is not None and body.password is not None:
        name = name_of_token(body.email.strip().casefold())
        with core.attempts.attempt(address_of(request.scope), name):
            signed_in = core.users.sign_in(body.email.strip(), body.password, origin_of(request))
        set_session_cookie(request, response, signed_in)
        return session_of(services, core.session_authenticator.authenticate(signed_in.cookie_value))
    secret = (body.api_key or "").strip()
    with core.attempts.attempt(address_of(request.scope), key_name(request, secret)):
        principal = core.authenticator.authenticate(secret)
    require_role(principal)
    with core.database.transaction() as session:
        signed_in = core.sessions.sign_in_with_api_key(session, principal, origin_of(request))
    set_session_cookie(request, response, signed_in)
    return session_of(services, principal)


@router.delete(
    "/session",
    status_code=status.HTTP_204_NO_CONTENT,
    response_model=None,
    dependencies=[Depends(require_same_site)],
)
def sign_out(request: Request, services: Services) -> Response:
    """End the session."""
    cookie_value = session_cookie(request)
    if cookie_value is not None:
        services.core.session_authenticator.sign_out(cookie_value)
    response = Response(status_code=status.HTTP_204_NO_CONTENT)
    delete_session_cookie(request, response)
    return response


@router.get("/sign-in", dependencies=[Depends(require_private_channel)])
def sign_in_by_link(
    request: Request,
    services: Services,
    files: Files,
    token: Annotated[str | None, Query(max_length=TOKEN_LENGTH_MAX)] = None,
) -> Response:
    """Use up a sign-in link; one that is over leads to the form. Without one, show the form.

    Either redirect takes the token out of the address bar.
    """
    if token is None:
        return files.index()
    core = services.core
    try:
        with (
            core.attempts.attempt(address_of(request.scope), name_of_token(token)),
            core.database.transaction() as session,
        ):
            signed_in = core.sessions.sign_in(session, token, origin_of(request))
    except SignInTokenError as error:
        return _redirect(f"{CONSOLE_PATH}/sign-in?problem={error.code}")
    response = _redirect(f"{CONSOLE_PATH}/")
    set_session_cookie(request, response, signed_in)
    return response


@router.get("")
@router.get("/{path:path}")
def show_console(request: Request, files: Files, path: str = "") -> Response:
    """Serve the application; the addresses inside it are all its one page."""
    return files.answer(request, path)


def _session_principal(request: Request, services: Container, cookie_value: str) -> Principal:
    core = services.core
    principal = core.session_authenticator.cached(cookie_value)
    if principal is not None:
        return principal
    with core.attempts.attempt(address_of(request.scope), name_of_token(cookie_value)):
        return core.session_authenticator.authenticate(cookie_value)


def session_of(services: Container, principal: Principal) -> SessionResponse:
    """Tell who is signed in."""
    core = services.core
    with core.database.snapshot() as session:
        organization = core.organizations.get(
            session, principal.organization_id, visible_to=principal.organization_id
        )
    return SessionResponse(
        session=SignedInResponse(
            principal_id=principal.id,
            kind=principal.kind,
            role=require_role(principal),
            organization_id=organization.id,
            organization_name=organization.name,
            cluster_id=principal.cluster_id,
            expires_at=principal.expires_at,
        )
    )


def _redirect(address: str) -> RedirectResponse:
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)
