"""Coded errors of users."""

from control_plane.identity.errors import CredentialsInvalidError, SignInTokenError
from control_plane.kit.errors import AppError, InvalidInputError


class PasswordRefusedError(InvalidInputError):
    """The password would be guessed, or is no password."""

    code = "password_too_weak"
    title = "Password too weak"


class SignUpDisabledError(AppError):
    """The installation takes nobody by itself."""

    code = "sign_up_disabled"
    status = 403
    title = "Sign-up disabled"


class MailedTokenError(SignInTokenError):
    """The mailed link was used, is too old, or was never sent."""

    code = "mailed_link_invalid"
    title = "Link invalid"


class PasswordInvalidError(CredentialsInvalidError):
    """Address and password do not belong together: one answer for whatever is wrong.

    It names no scheme, for which browsers would put up a window of their own.
    """

    code = "sign_in_refused"
    title = "Sign-in refused"

    def __init__(
        self,
        detail: str = "address and password do not belong together",
        advice: str = "try again, or set a new password by a link that is mailed to you",
    ) -> None:
        AppError.__init__(self, detail, advice=advice)


class NotAMemberError(AppError):
    """The user is a member of no organization, or not of that one."""

    code = "not_a_member"
    status = 403
    title = "Not a member"
