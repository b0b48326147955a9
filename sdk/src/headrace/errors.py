"""Everything the SDK raises. Catch HeadraceError for all of it."""

from http import HTTPStatus

import msgspec

MESSAGE_CHARACTERS_MAX = 500


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field of a request."""

    field: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True):
    """An error as the API answers it (RFC 9457). `code` is stable.

    `cluster_id` is a cluster that there is in spite of the problem, `operation_id` tells more.
    """

    code: str
    status: int
    title: str = ""
    detail: str = ""
    advice: str | None = None
    request_id: str | None = None
    errors: list[FieldProblem] = []
    cluster_id: str | None = None
    operation_id: str | None = None


class HeadraceError(Exception):
    """Base of every error of the SDK. `code` is stable."""

    code: str = "failed"


class ConfigurationError(HeadraceError):
    """No usable URL or credentials; the message says what is missing."""

    code = "configuration_invalid"


class CredentialsMissingError(ConfigurationError):
    """No API key is known for the service."""

    code = "credentials_missing"


class ConnectionFailedError(HeadraceError):
    """The service could not be reached, or broke off; a change may or may not have happened."""

    code = "connection_failed"


class WaitTimeoutError(HeadraceError):
    """The operation still runs after the time that was given to it."""

    code = "wait_timeout"


class OperationFailedError(HeadraceError):
    """The operation ended without success."""

    def __init__(self, operation_id: str, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code}, operation {operation_id})")
        self.operation_id = operation_id
        self.code = code
        self.detail = detail


class ProblemError(HeadraceError):
    """The service refused or failed, and said why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.detail or problem.title} ({problem.code})")
        self.problem = problem
        self.code = problem.code

    @property
    def status(self) -> int:
        return self.problem.status


class AuthenticationError(ProblemError):
    """401: the credentials are missing, wrong, expired or revoked."""


class PermissionDeniedError(ProblemError):
    """403: the credentials may not do this."""


class NotFoundError(ProblemError):
    """404: nothing of that id exists for these credentials."""


class ConflictError(ProblemError):
    """409: it contradicts what is there."""


class ThrottledError(ProblemError):
    """429: too much at once; the SDK has already waited and tried again."""


_BY_STATUS: dict[int, type[ProblemError]] = {
    HTTPStatus.UNAUTHORIZED: AuthenticationError,
    HTTPStatus.FORBIDDEN: PermissionDeniedError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.TOO_MANY_REQUESTS: ThrottledError,
}


def problem_error(status: int, body: bytes) -> ProblemError:
    """Return the error that an answer with an error status stands for."""
    problem = _problem(status, body)
    return _BY_STATUS.get(problem.status, ProblemError)(problem)


def _problem(status: int, body: bytes) -> Problem:
    try:
        return msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body.decode(errors="replace").strip()[:MESSAGE_CHARACTERS_MAX]
        return Problem("http_error", status, detail=text or f"the service answered {status}")
