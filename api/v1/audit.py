"""The audit log: found by what one looks for, exported whole, and checked."""

import json
from collections.abc import Generator, Iterable, Sequence
from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.auth import require
from api.deps import Core, CoreServices, PageQuery
from api.errors import problems
from api.schemas import ListResponse, Moment, ResponseModel, to_list
from api.v1.router import v1_router
from control_plane.audit.errors import AuditRangeError
from control_plane.audit.models import AuditEvent
from control_plane.audit.repository import Filter
from control_plane.audit.service import Outcome
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kit.db import ID_LENGTH_MAX
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope

NDJSON = "application/x-ndjson"
WORD_LENGTH_MAX = 64
SEQUENCE_MAX = 2**53

router = v1_router("audit")

Reader = Annotated[Principal, Depends(require(Action.AUDIT_READ))]
Word = Annotated[str | None, Query(max_length=WORD_LENGTH_MAX)]


class ActorResponse(ResponseModel):
    """Who acted."""

    id: Annotated[str, Field(examples=["hk_9v2mh8k3c5d7f1g0"])]
    kind: Annotated[str, Field(examples=["api_key"])]
    role: Annotated[str | None, Field(examples=["owner"])]
    address: Annotated[str | None, Field(examples=["203.0.113.7"])]


class AuditEventResponse(ResponseModel):
    """One thing that was done or refused; all but the hashes is what the hash covers."""

    sequence: Annotated[int, Field(description="Its place in the chain, from 1.")]
    at: Annotated[str, Field(examples=["2026-11-22T12:00:00+00:00"])]
    organization_id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    actor: ActorResponse
    action: Annotated[str, Field(examples=["clusters.delete"])]
    resource_id: Annotated[str | None, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    outcome: Outcome
    request: dict[str, Any]
    details: dict[str, Any]
    result: dict[str, Any]
    previous_hash: Annotated[str, Field(description="SHA-256, in hex.")]
    hash: Annotated[str, Field(description="SHA-256 of the hash before and the canonical event.")]


class VerificationResponse(ResponseModel):
    """Whether the chain holds, and where it ends."""

    holds: Annotated[bool, Field(description="Whether everything that was checked holds.")]
    is_complete: Annotated[
        bool, Field(description="Whether that was everything; else go on after `sequence`.")
    ]
    events: Annotated[int, Field(description="How many events were checked.")]
    sequence: Annotated[int, Field(description="The last event that holds.")]
    hash: Annotated[str, Field(description="Its hash; keep it elsewhere to compare later.")]
    broken_at: Annotated[int | None, Field(description="The first event that does not hold.")]
    head_sequence: Annotated[int, Field(description="Where the chain says that it ends.")]
    head_hash: str


def get_filter(
    *,
    actor_id: Annotated[str | None, Query(max_length=ID_LENGTH_MAX)] = None,
    action: Word = None,
    outcome: Outcome | None = None,
    resource_id: Annotated[str | None, Query(max_length=ID_LENGTH_MAX)] = None,
    since: Annotated[Moment | None, Query(description="Not before.")] = None,
    until: Annotated[Moment | None, Query(description="Before.")] = None,
) -> Filter:
    found = None if outcome is None else outcome.value
    return Filter(actor_id, action, found, resource_id, since, until)


Wanted = Annotated[Filter, Depends(get_filter)]
After = Annotated[int, Query(ge=0, le=SEQUENCE_MAX, description="What comes after this event.")]
Limit = Annotated[int | None, Query(ge=1, description="Most events; else all of them.")]

EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: {"schema": {"type": "string"}}}, "description": "A JSON a line"},
    **problems(AuditRangeError),
}


@router.get("/audit/events", operation_id="list_audit_events", responses=problems(AuditRangeError))
def list_audit_events(
    caller: Reader, core: CoreServices, wanted: Wanted, page: PageQuery
) -> ListResponse[AuditEventResponse]:
    """List what was done and refused in your organization, newest first."""
    return list_events(core, caller.scope, wanted, page)


@router.get(
    "/audit/events:export",
    operation_id="export_audit_events",
    response_class=StreamingResponse,
    responses=EXPORTED,
)
def export_audit_events(
    caller: Reader,
    core: CoreServices,
    wanted: Wanted,
    after: After = 0,
    limit: Limit = None,
) -> StreamingResponse:
    """Export events, oldest first, one JSON object a line, with the hashes to check them by."""
    return export_events(core.audit.export(caller.scope, wanted, after, limit))


@router.get("/audit/verification", operation_id="verify_audit_log")
def verify_audit_log(caller: Reader, core: CoreServices, after: After = 0) -> VerificationResponse:
    """Check the chain of your organization's events: nothing changed, left out or put in."""
    return verify_chain(core, caller.scope, after)


def list_events(
    core: Core, scope: Scope, wanted: Filter, page: PageRequest
) -> ListResponse[AuditEventResponse]:
    """Answer with a page of a chain."""
    with core.database.snapshot() as session:
        found = core.audit.list(session, scope, wanted, page)
        return to_list(found, lambda row: AuditEventResponse.model_validate(written(row)))


def export_events(batches: Iterable[Sequence[AuditEvent]]) -> StreamingResponse:
    """Answer with events as they come, a line each."""

    def lines() -> Generator[str]:
        for batch in batches:
            yield "".join(
                json.dumps(written(row), sort_keys=True, separators=(",", ":")) + "\n"
                for row in batch
            )

    return StreamingResponse(lines(), media_type=NDJSON)


def verify_chain(core: Core, scope: Scope, after: int) -> VerificationResponse:
    """Answer whether a chain holds."""
    verdict, head = core.audit.verify(scope, after)
    holds = verdict.broken_at is None
    return VerificationResponse(
        holds=holds,
        is_complete=holds and verdict.sequence >= head.sequence,
        events=verdict.events,
        sequence=verdict.sequence,
        hash=verdict.hash.hex(),
        broken_at=verdict.broken_at,
        head_sequence=head.sequence,
        head_hash=head.hash.hex(),
    )


def written(row: AuditEvent) -> dict[str, Any]:
    """Return an event as answers and exports show it."""
    hashes = {"previous_hash": row.previous_hash.hex(), "hash": row.hash.hex()}
    return row.content | hashes
