"""Every mutating or denied call of /v1 becomes one event of its organization's audit log.

A call is written down before it does anything, and becomes an event when it has ended: a process
that dies between leaves a call of which nobody knows how it ended, and the log says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import structlog
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from api.auth import authenticate
from api.deps import get_core
from api.errors import RequestInvalidError, request_id
from api.idempotency import REPLAYED_HEADER, RouteHandler
from api.rate_limits import address_of
from api.sessions import SAFE_METHODS
from control_plane.audit.redaction import kept_of
from control_plane.audit.service import Actor, Entry, Outcome
from control_plane.identity.errors import PermissionDeniedError
from control_plane.identity.policy import INSTALLATION_ACTIONS
from control_plane.identity.principals import Principal
from control_plane.kit.errors import AppError

DRY_RUN = "dry_run"
READING = ".read"
FALSE = frozenset({"", "0", "f", "false", "n", "no", "off"})
FAILURE_STATUS_MIN, REFUSAL_STATUS_MIN = 500, 400
DENIED_STATUS = PermissionDeniedError.status
ID_LENGTH_MAX = 64

log = structlog.stdlib.get_logger("audit")


@dataclass(frozen=True)
class AuditedRoute:
    """What the log calls a route: its action and its operation."""

    action: str
    operation: str


async def handle_audited(request: Request, route: AuditedRoute, handler: RouteHandler) -> Response:
    """Answer an authenticated request by `handler`, and see that it is written down."""
    principal = await authenticate(request)
    audit = get_core(request).audit
    if not _changes_something(request, route):
        try:
            return await handler(request)
        except PermissionDeniedError as error:
            entry = await _entry(request, route, principal)
            await run_in_threadpool(audit.record, entry, Outcome.DENIED, _result(error))
            raise
    intent = await run_in_threadpool(audit.begin, await _entry(request, route, principal))
    try:
        response = await handler(request)
    except Exception as error:
        await _end(request, route, principal, intent, _outcome(error), _result(error))
        raise
    result: dict[str, Any] = {"status": response.status_code}
    if REPLAYED_HEADER in response.headers:
        result["replayed"] = True
    outcome = _outcome_of(response.status_code)
    await _end(request, route, principal, intent, outcome, result, _made(request, response))
    return response


def _changes_something(request: Request, route: AuditedRoute) -> bool:
    """Whether the call may change anything: a POST whose action is to read does not."""
    rehearses = request.query_params.get(DRY_RUN, "").lower() not in FALSE
    reads = request.method in SAFE_METHODS or route.action.endswith(READING)
    return not reads and not rehearses


async def _entry(request: Request, route: AuditedRoute, principal: Principal) -> Entry:
    return Entry(
        organization_id=_chain_of(route, principal),
        actor=Actor(
            id=principal.id,
            kind=principal.kind.value,
            role=None if principal.role is None else principal.role.value,
            address=address_of(request.scope),
        ),
        action=route.action,
        resource_id=_named(request),
        request={
            "id": request_id(request),
            "operation": route.operation,
            "method": request.method,
            "path": request.url.path,
        },
        details={"body": kept_of(await request.body())},
    )


async def _end(
    request: Request,
    route: AuditedRoute,
    principal: Principal,
    intent: str,
    outcome: Outcome,
    result: Mapping[str, Any],
    resource_id: str | None = None,
) -> None:
    """Make the event. What was done stays done when that fails: the call is given up later."""
    audit = get_core(request).audit
    organization_id = _chain_of(route, principal)
    try:
        await run_in_threadpool(
            audit.end, organization_id, intent, outcome, dict(result), resource_id
        )
    except SQLAlchemyError:
        log.exception("audit_event_delayed", intent=intent)


def _chain_of(route: AuditedRoute, principal: Principal) -> str:
    """Return in whose log a call belongs: what operators do is the installation's to know.

    What others are denied there stays in the log of their own organization.
    """
    is_installation = route.action in INSTALLATION_ACTIONS
    if is_installation and principal.installation_id is not None:
        return principal.installation_id
    return principal.organization_id


def _named(request: Request) -> str | None:
    """Return the id of what the path names: the last one, which lies inside of the others."""
    values = [str(value) for value in request.path_params.values()]
    return values[-1][:ID_LENGTH_MAX] if values else None


def _made(request: Request, response: Response) -> str | None:
    """Return the id of what the answer tells of, if the path names nothing."""
    if request.path_params:
        return None
    try:
        answered: object = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        return None
    identifier = (
        cast("Mapping[str, object]", answered).get("id") if isinstance(answered, dict) else None
    )
    return identifier[:ID_LENGTH_MAX] if isinstance(identifier, str) else None


def _outcome(error: Exception) -> Outcome:
    return _outcome_of(_status(error))


def _outcome_of(status: int) -> Outcome:
    if status == DENIED_STATUS:
        return Outcome.DENIED
    if status >= FAILURE_STATUS_MIN:
        return Outcome.FAILED
    return Outcome.REFUSED if status >= REFUSAL_STATUS_MIN else Outcome.SUCCEEDED


def _status(error: Exception) -> int:
    if isinstance(error, AppError):
        return error.status
    if isinstance(error, RequestValidationError):
        return RequestInvalidError.status
    return error.status_code if isinstance(error, HTTPException) else FAILURE_STATUS_MIN


def _result(error: Exception) -> dict[str, Any]:
    result: dict[str, Any] = {"status": _status(error)}
    if isinstance(error, AppError):
        result["code"] = error.code
    return result
