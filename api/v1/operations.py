"""Operations: work that goes on after a request was accepted."""

from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import Field

from api.auth import require
from api.deps import CoreServices, PageQuery
from api.errors import problems
from api.prefer import Prefer
from api.schemas import Instant, ListResponse, ResponseModel, to_list
from api.v1.router import v1_router
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.operations.errors import OperationNotFoundError
from control_plane.operations.models import Operation
from control_plane.operations.progress import WHOLE_PERCENT, percent
from control_plane.operations.service import WAIT_SECONDS_MAX
from control_plane.operations.states import OperationStatus

router = v1_router("operations")

Reader = Annotated[Principal, Depends(require(Action.OPERATIONS_READ))]


class OperationStep(ResponseModel):
    """A step that is done."""

    name: str
    finished_at: Instant


class OperationError(ResponseModel):
    """Why an operation failed."""

    code: Annotated[str, Field(examples=["broker_unavailable"])]
    detail: str


class OperationResponse(ResponseModel):
    """An operation."""

    id: Annotated[str, Field(examples=["op_4q8x0n1w2e3r5t6y"])]
    kind: Annotated[str, Field(examples=["cluster.create"])]
    resource_type: Annotated[str, Field(examples=["cluster"])]
    resource_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    status: OperationStatus
    attempt: Annotated[int, Field(description="How often the work was taken up.")]
    steps: Annotated[list[OperationStep], Field(description="Those that are done.")]
    steps_left: Annotated[
        list[str],
        Field(description="Of the present attempt; the first is being done.", examples=[["start"]]),
    ]
    progress_percent: Annotated[
        int | None,
        Field(
            ge=0,
            le=WHOLE_PERCENT,
            description="Share of the steps that are done; null before they are known, and of one "
            "that failed.",
        ),
    ]
    error: OperationError | None
    created_at: Instant
    updated_at: Instant
    finished_at: Instant | None


@router.get("/operations", operation_id="list_operations")
def list_operations(
    caller: Reader,
    core: CoreServices,
    page: PageQuery,
    resource_id: Annotated[str | None, Query(description="Only those of this resource.")] = None,
) -> ListResponse[OperationResponse]:
    """List operations, oldest first."""
    with core.database.snapshot() as session:
        found = core.operations.list(session, caller.scope, page, resource_id=resource_id)
        return to_list(found, operation_response)


@router.get(
    "/operations/{operation_id}",
    operation_id="get_operation",
    responses=problems(OperationNotFoundError),
)
def get_operation(
    operation_id: str,
    caller: Reader,
    core: CoreServices,
    response: Response,
    prefer: Prefer,
    wait_seconds: Annotated[
        int, Query(ge=0, le=WAIT_SECONDS_MAX, description="Wait so long for it to end.")
    ] = 0,
) -> OperationResponse:
    """Show one operation, waiting for its end if asked to, here or by `Prefer: wait=N`."""
    if prefer.applied is not None:
        wait_seconds = max(wait_seconds, prefer.wait_seconds)
        response.headers.update(prefer.headers)
    with core.database.snapshot() as session:
        operation = core.operations.get(session, caller.scope, operation_id)
    if wait_seconds > 0:
        operation = core.operations.wait(operation_id, wait_seconds)
    return operation_response(operation)


def operation_response(row: Operation) -> OperationResponse:
    """Render an operation."""
    error = None
    if row.error_code is not None:
        error = OperationError(code=row.error_code, detail=row.error_detail or "")
    return OperationResponse(
        id=row.id,
        kind=row.kind,
        resource_type=row.resource_type,
        resource_id=row.resource_id,
        status=OperationStatus(row.status),
        attempt=row.attempt,
        steps=[OperationStep.model_validate(step) for step in row.steps],
        steps_left=row.steps_left,
        progress_percent=percent(OperationStatus(row.status), row.steps, row.steps_left),
        error=error,
        created_at=row.created_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
    )
