"""The router that every file of /v1 starts from."""

from email.message import Message

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from api.audit import AuditedRoute, handle_audited
from api.auth import authenticate, requirements
from api.errors import ContentTypeUnsupportedError, problems
from api.idempotency import IdempotencyKeyInvalidError, RouteHandler, handle_once
from api.limits import BodyTooLargeError, BodyTooSlowError
from api.rate_limits import RateLimitExceededError
from control_plane.identity.errors import (
    AuthenticationDelayedError,
    CredentialsInvalidError,
    PermissionDeniedError,
)
from control_plane.kit.idempotency import IdempotencyKeyInFlightError, IdempotencyKeyReusedError

_WITH_BODY = frozenset({"PATCH", "POST"})

BODY_PROBLEMS = (BodyTooLargeError, BodyTooSlowError, ContentTypeUnsupportedError)
POST_PROBLEMS = (
    *BODY_PROBLEMS,
    IdempotencyKeyInFlightError,
    IdempotencyKeyInvalidError,
    IdempotencyKeyReusedError,
)


class ManagementRoute(APIRoute):
    """A route of /v1: nothing of a request is looked at before its credentials are good."""

    def get_route_handler(self) -> RouteHandler:
        handler = super().get_route_handler()
        audited = AuditedRoute(
            action=next((found.action.value for found in requirements(self.dependant)), "none"),
            operation=self.operation_id or self.name,
        )

        async def answer(request: Request) -> Response:
            if request.method in _WITH_BODY:
                await _require_json(request)
            if request.method != "POST":
                return await handler(request)
            return await handle_once(request, handler)

        async def handle(request: Request) -> Response:
            await authenticate(request)
            return await handle_audited(request, audited, answer)

        return handle


def v1_router(tag: str) -> APIRouter:
    """Make a router under /v1: one tag, Idempotency-Key on POST, errors as problems."""
    return APIRouter(
        prefix="/v1",
        tags=[tag],
        route_class=ManagementRoute,
        responses=problems(
            AuthenticationDelayedError,
            CredentialsInvalidError,
            PermissionDeniedError,
            RateLimitExceededError,
        ),
    )


async def _require_json(request: Request) -> None:
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    if header.get_content_type() != "application/json" and await request.body():
        raise ContentTypeUnsupportedError(
            "the body is not declared as JSON", advice="send Content-Type: application/json"
        )
