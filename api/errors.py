"""Problem details (RFC 9457): every error of every route leaves in this one shape."""

import http
from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from control_plane.kit.errors import AppError, FieldError, UnavailableError

PROBLEM_MEDIA_TYPE = "application/problem+json"
PROBLEM_SCHEMA = "#/components/schemas/Problem"
VALIDATION_ERRORS_MAX = 20

log = structlog.stdlib.get_logger("api")

# Adds members to the problems of one API family, such as the error_code of Kafka REST.
ProblemExtension = Callable[[AppError], Mapping[str, Any]]


class FieldProblem(BaseModel):
    """What is wrong with one field of the request."""

    field: Annotated[str, Field(examples=["body.name"])]
    code: Annotated[str, Field(examples=["string_too_short"])]
    detail: str


class Problem(BaseModel):
    """An error as every route answers it (application/problem+json, RFC 9457)."""

    type: Annotated[str, Field(examples=["urn:headrace:problem:resource_not_found"])]
    title: Annotated[str, Field(examples=["Not found"])]
    status: Annotated[int, Field(examples=[404])]
    detail: Annotated[str, Field(examples=["there is no such cluster"])]
    instance: Annotated[str, Field(examples=["/v1/clusters/lkc_4q8x0n1w2e3r5t6y"])]
    code: Annotated[str, Field(description="Stable; made for programs.")]
    request_id: Annotated[str, Field(examples=["req_4q8x0n1w2e3r5t6y"])]
    advice: str | None = None
    errors: list[FieldProblem] | None = None
    cluster_id: Annotated[
        str | None, Field(description="The cluster that there is in spite of the problem.")
    ] = None
    operation_id: Annotated[
        str | None, Field(description="The operation that tells more of the problem.")
    ] = None


class RouteNotFoundError(AppError):
    """No route has this path."""

    code = "route_not_found"
    status = 404
    title = "Not found"


class MethodNotAllowedError(AppError):
    """The path exists, for other methods."""

    code = "method_not_allowed"
    status = 405
    title = "Method not allowed"


class RequestInvalidError(AppError):
    """The request does not have the shape that the route needs; `errors` names each field."""

    code = "request_invalid"
    status = 422
    title = "Request invalid"


class BodyMalformedError(AppError):
    """The body is not JSON."""

    code = "body_malformed"
    status = 400
    title = "Body malformed"


class ContentTypeUnsupportedError(AppError):
    """The body has a content type that the route does not read."""

    code = "content_type_unsupported"
    status = 415
    title = "Content type unsupported"


class HttpProblemError(AppError):
    """An error that the HTTP layer raised by itself."""

    code = "http_error"
    status = 400
    title = "Request failed"

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None) -> None:
        super().__init__(detail, headers=headers)
        self.http_status = status


class DatabaseUnavailableError(UnavailableError):
    """The control plane's database does not answer; the data plane goes on without it."""

    code = "database_unavailable"


class InternalError(AppError):
    """A defect of ours; the request id finds it in the logs."""

    code = "internal_error"
    status = 500
    title = "Internal error"


def problems(*kinds: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Describe errors in the OpenAPI document of a route, by status."""
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        content = {"schema": {"$ref": PROBLEM_SCHEMA}, "examples": {}}
        entry = responses.setdefault(
            kind.status,
            {"description": kind.title, "content": {PROBLEM_MEDIA_TYPE: content}},
        )
        entry["content"][PROBLEM_MEDIA_TYPE]["examples"][kind.code] = _example(kind)
    return responses


def problem_response(request: Request, error: AppError) -> JSONResponse:
    """Render `error` for `request`, with the members that its API family adds."""
    status = error.http_status if isinstance(error, HttpProblemError) else error.status
    body: dict[str, Any] = {
        "type": f"urn:headrace:problem:{error.code}",
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "instance": request.url.path,
        "code": error.code,
        "request_id": request_id(request),
    }
    if error.advice is not None:
        body["advice"] = error.advice
    if error.errors:
        body["errors"] = [vars(field) for field in error.errors]
    body.update(error.members)
    for prefix, extension in _extensions(request):
        if request.url.path.startswith(prefix):
            body.update(extension(error))
    return JSONResponse(body, status, error.headers, PROBLEM_MEDIA_TYPE)


def request_id(request: Request) -> str:
    """Return the id that this request has in logs, answers and problems."""
    return cast("str", request.state.request_id)


def install_error_handlers(
    app: FastAPI, extensions: Mapping[str, ProblemExtension] | None = None
) -> None:
    """Make every error of `app` a problem; `extensions` adds members by path prefix."""
    app.state.problem_extensions = dict(extensions or {})

    def on_app_error(request: Request, error: Exception) -> JSONResponse:
        return problem_response(request, cast("AppError", error))

    def on_invalid(request: Request, error: Exception) -> JSONResponse:
        return problem_response(request, _from_validation(cast("RequestValidationError", error)))

    def on_http_error(request: Request, error: Exception) -> JSONResponse:
        return problem_response(request, _from_http(request, cast("HTTPException", error)))

    def on_database_away(request: Request, error: Exception) -> JSONResponse:
        log.error("database_unavailable", reason=str(error.__cause__ or error))
        problem = DatabaseUnavailableError(
            "the database does not answer now",
            advice="try again in a moment",
            headers={"Retry-After": "1"},
        )
        return problem_response(request, problem)

    app.add_exception_handler(AppError, on_app_error)
    app.add_exception_handler(OperationalError, on_database_away)
    app.add_exception_handler(PoolTimeoutError, on_database_away)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http_error)


def _example(kind: type[AppError]) -> dict[str, Any]:
    summary = (kind.__doc__ or kind.title).splitlines()[0]
    value = {
        "type": f"urn:headrace:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": summary,
        "instance": "/v1/...",
        "code": kind.code,
        "request_id": "req_4q8x0n1w2e3r5t6y",
    }
    return {"summary": summary, "value": value}


def _extensions(request: Request) -> list[tuple[str, ProblemExtension]]:
    extensions = cast("dict[str, ProblemExtension]", request.app.state.problem_extensions)
    return list(extensions.items())


def _from_validation(error: RequestValidationError) -> AppError:
    found = cast("list[dict[str, Any]]", list(error.errors()))
    malformed = next((item for item in found if item["type"] == "json_invalid"), None)
    if malformed is not None:
        reason = str(malformed.get("ctx", {}).get("error", "invalid"))
        return BodyMalformedError(
            f"the body is not valid JSON: {reason.lower()} at byte {malformed['loc'][-1]}",
            advice="send a JSON object with content type application/json",
        )
    fields = [
        FieldError(".".join(str(part) for part in item["loc"]), item["type"], str(item["msg"]))
        for item in found[:VALIDATION_ERRORS_MAX]
    ]
    names = ", ".join(field.field for field in fields)
    return RequestInvalidError(f"the request is invalid in: {names}", errors=fields)


def _from_http(request: Request, error: HTTPException) -> AppError:
    if error.status_code == http.HTTPStatus.NOT_FOUND:
        return RouteNotFoundError(f"there is no {request.url.path}", headers=error.headers)
    if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowedError(
            f"{request.url.path} does not accept {request.method}", headers=error.headers
        )
    if error.status_code == http.HTTPStatus.BAD_REQUEST:
        return BodyMalformedError("the body can not be read", headers=error.headers)
    return HttpProblemError(error.status_code, str(error.detail).lower(), error.headers)
