"""The installation's own audit log: what its operators did, whoever they are beside that."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import StreamingResponse

from api.auth import require
from api.deps import CoreServices, PageQuery
from api.errors import problems
from api.schemas import ListResponse
from api.v1.audit import (
    EXPORTED,
    After,
    AuditEventResponse,
    Limit,
    VerificationResponse,
    Wanted,
    export_events,
    list_events,
    verify_chain,
)
from api.v1.installation import home_of
from api.v1.router import v1_router
from control_plane.audit.errors import AuditRangeError
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal

router = v1_router("installation")

Reader = Annotated[Principal, Depends(require(Action.INSTALLATION_AUDIT_READ))]


@router.get(
    "/installation/audit/events",
    operation_id="list_installation_audit_events",
    responses=problems(AuditRangeError),
)
def list_installation_audit_events(
    caller: Reader, core: CoreServices, wanted: Wanted, page: PageQuery
) -> ListResponse[AuditEventResponse]:
    """List what operators did in the installation, newest first."""
    return list_events(core, home_of(caller), wanted, page)


@router.get(
    "/installation/audit/events:export",
    operation_id="export_installation_audit_events",
    response_class=StreamingResponse,
    responses=EXPORTED,
)
def export_installation_audit_events(
    caller: Reader,
    core: CoreServices,
    wanted: Wanted,
    after: After = 0,
    limit: Limit = None,
) -> StreamingResponse:
    """Export what operators did, oldest first, one JSON object a line, with the hashes."""
    return export_events(core.audit.export(home_of(caller), wanted, after, limit))


@router.get("/installation/audit/verification", operation_id="verify_installation_audit_log")
def verify_installation_audit_log(
    caller: Reader, core: CoreServices, after: After = 0
) -> VerificationResponse:
    """Check the chain of the installation's own events."""
    return verify_chain(core, home_of(caller), after)
