"""The one exception type that carries an answer for the caller: a code, a status and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of a request; `field` is a dotted path such as `body.name`."""

    field: str
    code: str
    detail: str


class AppError(Exception):
    """A problem that the caller is told about (RFC 9457).

    Subclasses fix `code` (stable snake_case `noun_problem`), `status` (HTTP) and `title`; what
    is raised says what happened this time, and in `advice` what to do about it. `members` name
    things that the problem left behind or is about, such as a cluster's id.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        advice: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.advice = advice
        self.errors = tuple(errors)
        self.headers: dict[str, str] = dict(headers or {})
        self.members: dict[str, str] = dict(members or {})


class NotFoundError(AppError):
    """Nothing of that id is visible to the caller; foreign and absent things look the same."""

    code = "resource_not_found"
    status = 404
    title = "Not found"


class InvalidInputError(AppError):
    """The request is well formed but asks for something that can not be."""

    code = "request_invalid"
    status = 422
    title = "Request invalid"


class ConflictError(AppError):
    """The request contradicts the present state of the resource."""

    code = "resource_conflict"
    status = 409
    title = "Conflict"


class UnavailableError(AppError):
    """A part that the answer depends on can not be reached now; trying again may help."""

    code = "service_unavailable"
    status = 503
    title = "Service unavailable"
