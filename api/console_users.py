"""What the console asks about users: signing up, passwords, and whose organization is shown."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import Field

from api.auth import authenticate
from api.console import CONSOLE_PATH, SessionResponse, session_of
from api.deps import CoreServices, Services
from api.origin import origin_of
from api.rate_limits import address_of
from api.schemas import DisplayName, RequestModel, ResponseModel
from api.sessions import (
    delete_session_cookie,
    require_private_channel,
    require_same_site,
    set_session_cookie,
)
from api.v1.members import EmailAddress
from control_plane.identity.errors import PermissionDeniedError
from control_plane.identity.guard import name_of_token
from control_plane.identity.principals import Principal, PrincipalKind
from control_plane.users.passwords import PASSWORD_LENGTH_MAX
from control_plane.users.service import TOKEN_LENGTH_MAX, SignUp

router = APIRouter(
    prefix=CONSOLE_PATH,
    include_in_schema=False,
    dependencies=[Depends(require_private_channel), Depends(require_same_site)],
)

# A longer one is refused by name, and what is far too long is not read.
Password = Annotated[str, Field(max_length=8 * PASSWORD_LENGTH_MAX)]
Token = Annotated[str, Field(max_length=TOKEN_LENGTH_MAX)]


class SignInOptions(ResponseModel):
    """What the sign-in page offers."""

    sign_up: bool
    mail: bool


class SignUpRequest(RequestModel):
    """Somebody who asks to be taken."""

    email: EmailAddress
    name: DisplayName
    organization: DisplayName
    password: Password


class LinkUse(RequestModel):
    """The token of a mailed link and a password: the one chosen before, or the one to set."""

    token: Token
    password: Password


class ResetRequest(RequestModel):
    """Whose password is to be set."""

    email: EmailAddress


class PasswordChange(RequestModel):
    """The password that holds and the one that is to."""

    old: Password
    new: Password


class OrganizationChoice(RequestModel):
    """The organization to go to."""

    organization_id: Annotated[str, Field(max_length=64)]


class OrganizationChoiceResponse(ResponseModel):
    """An organization in which whoever is signed in is a member."""

    id: str
    name: str


class OrganizationChoices(ResponseModel):
    """All of them, by name."""

    items: list[OrganizationChoiceResponse]


async def signed_in_member(request: Request) -> Principal:
    """Dependency: return the member who is signed in; raise PermissionDeniedError for a key."""
    principal = await authenticate(request)
    if principal.kind is not PrincipalKind.MEMBER:
        raise PermissionDeniedError(
            "an API key has no password", advice="sign in with an e-mail address"
        )
    return principal


SignedInMember = Annotated[Principal, Depends(signed_in_member)]


@router.get("/sign-in-options")
def get_sign_in_options(core: CoreServices) -> SignInOptions:
    """Tell what the sign-in page may offer."""
    return SignInOptions(sign_up=core.users.takes_sign_ups, mail=core.mail.is_configured)


@router.post("/sign-ups", status_code=status.HTTP_202_ACCEPTED)
def sign_up(body: SignUpRequest, core: CoreServices) -> None:
    """Have a link mailed; the answer is the same whether the address is known or not."""
    core.users.sign_up(SignUp(body.email, body.name, body.organization, body.password))


@router.post("/sign-ups:confirm")
def confirm_sign_up(
    request: Request, response: Response, body: LinkUse, services: Services
) -> SessionResponse:
    """Make the user and its organization, and sign in."""
    core = services.core
    with core.attempts.attempt(address_of(request.scope), name_of_token(body.token)):
        signed_in = core.users.confirm_sign_up(body.token, body.password, origin_of(request))
    set_session_cookie(request, response, signed_in)
    return session_of(services, core.session_authenticator.authenticate(signed_in.cookie_value))


@router.post("/password-resets", status_code=status.HTTP_202_ACCEPTED)
def request_password_reset(body: ResetRequest, core: CoreServices) -> None:
    """Have a link mailed; the answer is the same whether the address is known or not."""
    core.users.request_reset(body.email)


@router.post("/password-resets:use", status_code=status.HTTP_204_NO_CONTENT, response_model=None)
def use_password_reset(request: Request, body: LinkUse, core: CoreServices) -> Response:
    """Set the password of whoever the link was mailed to."""
    with core.attempts.attempt(address_of(request.scope), name_of_token(body.token)):
        core.users.reset(body.token, body.password)
    response = Response(status_code=status.HTTP_204_NO_CONTENT)
    delete_session_cookie(request, response)
    return response


@router.post("/password", status_code=status.HTTP_204_NO_CONTENT, response_model=None)
def change_password(
    request: Request, body: PasswordChange, member: SignedInMember, core: CoreServices
) -> Response:
    """Replace the password; every session ends, this one too."""
    with core.attempts.attempt(address_of(request.scope), member.id):
        core.users.change_password(member.id, member.organization_id, body.old, body.new)
    response = Response(status_code=status.HTTP_204_NO_CONTENT)
    delete_session_cookie(request, response)
    return response


@router.get("/organizations")
def list_own_organizations(member: SignedInMember, core: CoreServices) -> OrganizationChoices:
    """List the organizations that whoever is signed in can go to."""
    with core.database.snapshot() as session:
        found = core.users.memberships(session, member.id, member.organization_id)
    return OrganizationChoices(
        items=[
            OrganizationChoiceResponse(id=one.organization_id, name=one.organization_name)
            for one in found
        ]
    )


@router.post("/organizations:switch")
def switch_organization(
    request: Request,
    response: Response,
    body: OrganizationChoice,
    member: SignedInMember,
    services: Services,
) -> SessionResponse:
    """Go on in another organization."""
    core = services.core
    with core.database.transaction() as session:
        signed_in = core.users.switch(
            session,
            member.id,
            member.organization_id,
            body.organization_id,
            origin_of(request),
        )
    set_session_cookie(request, response, signed_in)
    return session_of(services, core.session_authenticator.authenticate(signed_in.cookie_value))
