"""The router that every file of /v1 starts from."""

from fastapi import APIRouter

from api.errors import problems
from api.idempotency import IdempotencyKeyInvalidError, IdempotentRoute
from api.limits import BodyTooLargeError
from control_plane.identity.errors import CredentialsInvalidError, PermissionDeniedError
from control_plane.kit.idempotency import IdempotencyKeyInFlightError, IdempotencyKeyReusedError

POST_PROBLEMS = (
    BodyTooLargeError,
    IdempotencyKeyInFlightError,
    IdempotencyKeyInvalidError,
    IdempotencyKeyReusedError,
)


def v1_router(tag: str) -> APIRouter:
    """Make a router under /v1: one tag, Idempotency-Key on POST, errors as problems."""
    return APIRouter(
        prefix="/v1",
        tags=[tag],
        route_class=IdempotentRoute,
        responses=problems(CredentialsInvalidError, PermissionDeniedError),
    )
