"""Operations as they go on: one, or all of an organization, as server-sent events.

Each event is an operation as it stands, so that none has to be seen for the next to be understood:
who connects again is told again how things stand.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import chain
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import SQLAlchemyError

from api.auth import authenticate_again, require
from api.deps import Core, CoreServices
from api.errors import problems
from api.event_stream import (
    KEEP_ALIVE,
    KEEP_ALIVE_SECONDS,
    MEDIA_TYPE,
    RETRY,
    STREAM_SECONDS_MAX,
    EventStream,
    StreamsLimitReachedError,
    write_event,
)
from api.v1.operations import OperationResponse, operation_response
from api.v1.router import v1_router
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kit.errors import AppError
from control_plane.kit.scope import Scope
from control_plane.operations.errors import OperationNotFoundError
from control_plane.operations.models import Operation
from control_plane.operations.states import FINAL

POLL_SECONDS = 0.25
AUTHENTICATED_EVERY_SECONDS = 5.0
CHANGES_PER_LOOK_MAX = 500
# Processes have clocks of their own, and what changed is seen when its transaction ends: each look
# goes back by so much.
LOOK_BACK = timedelta(seconds=15)
EVENT = "operation"

router = v1_router("operations")

Reader = Annotated[Principal, Depends(require(Action.OPERATIONS_READ))]
Seconds = Annotated[
    int, Query(ge=0, le=STREAM_SECONDS_MAX, description="End the stream after so long.")
]
Look = Callable[[], Sequence[Operation]]

STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events `operation`, each with an operation as its data.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
}


@router.get(
    "/operations/events",
    operation_id="stream_operations",
    response_class=StreamingResponse,
    responses={**STREAMED, **problems(StreamsLimitReachedError)},
)
async def stream_operations(
    request: Request,
    caller: Reader,
    core: CoreServices,
    resource_id: Annotated[str | None, Query(description="Only those of this resource.")] = None,
    seconds: Seconds = STREAM_SECONDS_MAX,
) -> EventStream:
    """Tell of every operation that goes on, and of each that begins, takes a step or ends."""
    changes = Changes(core, caller.scope, resource_id)
    # Looked at once before the answer begins: whoever has it misses nothing from then on.
    first = await run_in_threadpool(changes.look)
    looks = chain([first], iter(changes.look, None))
    return _stream(
        request, core, caller, lambda: next(looks), seconds=seconds, ends=lambda _: False
    )


@router.get(
    "/operations/{operation_id}/events",
    operation_id="stream_operation",
    response_class=StreamingResponse,
    responses={**STREAMED, **problems(OperationNotFoundError, StreamsLimitReachedError)},
)
async def stream_operation(
    operation_id: str,
    request: Request,
    caller: Reader,
    core: CoreServices,
    seconds: Seconds = STREAM_SECONDS_MAX,
) -> EventStream:
    """Tell how an operation stands, and of each of its steps until it has ended."""

    def look() -> Sequence[Operation]:
        with core.database.snapshot() as session:
            return [core.operations.get(session, caller.scope, operation_id)]

    await run_in_threadpool(look)  # what is not there is answered as everywhere
    return _stream(
        request, core, caller, look, seconds=seconds, ends=lambda one: one.status in FINAL
    )


class Changes:
    """Finds what changed since the last look, in a scope. Remembers no more than it looks back."""

    def __init__(self, core: Core, scope: Scope, resource_id: str | None = None) -> None:
        self._core = core
        self._scope = scope
        self._resource_id = resource_id
        self._told: dict[str, object] | None = None

    def look(self) -> Sequence[Operation]:
        """Return what changed and was not seen yet; the first time, all that goes on."""
        since = self._core.clock.now() - LOOK_BACK
        with self._core.database.snapshot() as session:
            found = self._core.operations.list_changed(
                session, self._scope, since, CHANGES_PER_LOOK_MAX
            )
            if self._told is None:
                news = self._core.operations.list_unfinished(
                    session, self._scope, CHANGES_PER_LOOK_MAX
                )
            else:
                known = self._told
                news = [one for one in found if known.get(one.id) != _state(one)]
        self._told = {one.id: _state(one) for one in found}
        if self._resource_id is None:
            return news
        return [one for one in news if one.resource_id == self._resource_id]


def _state(operation: Operation) -> object:
    return (
        operation.status,
        operation.attempt,
        len(operation.steps),
        tuple(operation.steps_left),
    )


def _stream(
    request: Request,
    core: Core,
    caller: Principal,
    look: Look,
    *,
    seconds: int,
    ends: Callable[[OperationResponse], bool],
) -> EventStream:
    place = ExitStack()
    place.enter_context(core.streams.take(caller.organization_id))
    return EventStream(_events(request, core, caller, look, seconds, ends), place)


async def _events(
    request: Request,
    core: Core,
    caller: Principal,
    look: Look,
    seconds: int,
    ends: Callable[[OperationResponse], bool],
) -> AsyncGenerator[str]:
    """Write each state that is news, until one `ends` it, the time is over or access ends."""
    began = spoke = checked = core.clock.monotonic()
    last = ""
    yield RETRY
    while True:
        if core.clock.monotonic() - checked >= AUTHENTICATED_EVERY_SECONDS:
            if not await _is_still_let_in(request, caller):
                return
            checked = core.clock.monotonic()
        try:
            found = await run_in_threadpool(look)
        except (AppError, SQLAlchemyError):
            return  # gone, or not to be read now: whoever connects again is told
        for row in found:
            operation = operation_response(row)
            data = operation.model_dump_json()
            if data == last:
                continue
            last = data
            yield write_event(EVENT, data, f"{operation.id}.{row.updated_at.timestamp():f}")
            spoke = core.clock.monotonic()
            if ends(operation):
                return
        if core.clock.monotonic() - spoke >= KEEP_ALIVE_SECONDS:
            yield KEEP_ALIVE
            spoke = core.clock.monotonic()
        if core.clock.monotonic() - began >= seconds:
            return
        await asyncio.sleep(POLL_SECONDS)


async def _is_still_let_in(request: Request, caller: Principal) -> bool:
    try:
        principal = await authenticate_again(request)
    except (AppError, SQLAlchemyError):
        return False
    return principal.scope == caller.scope and principal.may(Action.OPERATIONS_READ)
