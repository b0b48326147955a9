"""Exit codes that scripts can rely on; listed in the README."""

from headrace.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    CredentialsMissingError,
    HeadraceError,
    NotFoundError,
    PermissionDeniedError,
)

OK = 0
ERROR = 1
USAGE = 2
NOT_FOUND = 3
AUTHENTICATION = 4
CONFLICT = 5
INTERRUPTED = 130
BROKEN_PIPE = 141

# The first that fits decides.
_CODES: tuple[tuple[type[HeadraceError], int], ...] = (
    (NotFoundError, NOT_FOUND),
    (AuthenticationError, AUTHENTICATION),
    (PermissionDeniedError, AUTHENTICATION),
    (CredentialsMissingError, AUTHENTICATION),
    (ConflictError, CONFLICT),
    (ConfigurationError, USAGE),
)


def exit_code(error: HeadraceError) -> int:
    """Return what the process ends with after an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ERROR)
