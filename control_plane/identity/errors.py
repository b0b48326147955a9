"""Coded errors of identity."""

from control_plane.kit.errors import AppError, ConflictError, InvalidInputError, NotFoundError


class CredentialsInvalidError(AppError):
    """No usable credentials: one answer for missing, malformed, unknown, expired and revoked."""

    code = "credentials_invalid"
    status = 401
    title = "Credentials invalid"

    def __init__(self) -> None:
        super().__init__(
            "the request carries no valid credentials",
            advice="send an API key: Authorization: Bearer SECRET, or Basic with ID:SECRET",
            headers={"WWW-Authenticate": 'Bearer realm="headrace", Basic realm="headrace"'},
        )


class SessionInvalidError(AppError):
    """No live session: one answer for missing, unknown, expired, idle and revoked.

    It names no Basic scheme, for which browsers would put up a window of their own.
    """

    code = "session_invalid"
    status = 401
    title = "Not signed in"

    def __init__(self) -> None:
        super().__init__(
            "nobody is signed in, or the session is over",
            advice="sign in to the console again",
            headers={"WWW-Authenticate": 'Bearer realm="headrace"'},
        )


class AuthenticationDelayedError(AppError):
    """Credentials failed too often from there; for a while none are looked at."""

    code = "authentication_delayed"
    status = 429
    title = "Authentication delayed"


class PermissionDeniedError(AppError):
    """The caller is known and may not do this, whatever the resource."""

    code = "permission_denied"
    status = 403
    title = "Permission denied"


class RoleScopeError(InvalidInputError):
    """The role is about the whole organization and can not be given in one cluster."""

    code = "role_scope_invalid"
    title = "Role scope invalid"


class OperatorNotFoundError(NotFoundError):
    """No key or member that operates the installation, or could."""

    code = "operator_not_found"
    title = "Operator not found"


class MemberNotFoundError(NotFoundError):
    """No such member for this caller."""

    code = "member_not_found"
    title = "Member not found"


class LastOwnerError(ConflictError):
    """The organization would be left without an owner."""

    code = "member_last_owner"
    title = "Last owner"


class ApiKeyNotFoundError(NotFoundError):
    """No such API key for this caller."""

    code = "api_key_not_found"
    title = "API key not found"


class ApiKeyExpiryError(InvalidInputError):
    """The key would expire before it could be used."""

    code = "api_key_expiry_invalid"
    title = "API key expiry invalid"


class ApiKeyLimitError(ConflictError):
    """The organization has as many live keys as it may have."""

    code = "api_key_limit_reached"
    title = "API key limit reached"


class ApiKeyEndedError(ConflictError):
    """The key is revoked or expired, and no secret brings it back."""

    code = "api_key_ended"
    title = "API key ended"


class ApiKeySecretInvalidError(InvalidInputError):
    """The secret that the caller brought is malformed or not random."""

    code = "api_key_secret_invalid"
    title = "API key secret invalid"


class ApiKeySecretUsedError(ConflictError):
    """The secret that the caller brought was used before, by whomever."""

    code = "api_key_secret_used"
    title = "API key secret used"


class MemberExistsError(ConflictError):
    """The organization has a member with that e-mail address."""

    code = "member_email_taken"
    title = "Member exists"


class MemberLimitError(ConflictError):
    """The organization has as many members as it may have."""

    code = "member_limit_reached"
    title = "Member limit reached"


class SessionNotFoundError(NotFoundError):
    """No such live session of this caller's."""

    code = "session_not_found"
    title = "Session not found"


class SignInTokenError(AppError):
    """The sign-in link was used, is too old, or was never given out."""

    code = "sign_in_token_invalid"
    status = 401
    title = "Sign-in link invalid"
