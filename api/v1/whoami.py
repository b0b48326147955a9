"""Who the credentials of a request belong to."""

from typing import Annotated

from fastapi import Depends
from pydantic import Field

from api.auth import require
from api.schemas import Instant, ResponseModel
from api.v1.router import v1_router
from control_plane.identity.policy import Action, Role
from control_plane.identity.principals import Principal, PrincipalKind

router = v1_router("whoami")


class WhoamiResponse(ResponseModel):
    """The caller."""

    id: Annotated[str, Field(examples=["hk_9v2mh8k3c5d7f1g0"])]
    kind: PrincipalKind
    organization_id: Annotated[str, Field(examples=["org_4q8x0n1w2e3r5t6y"])]
    cluster_id: Annotated[str | None, Field(description="The only cluster it is good for.")]
    role: Annotated[Role | None, Field(description="Null of an operator of the installation.")]
    expires_at: Instant | None
    operates: Annotated[bool, Field(description="Whether it operates the installation.")]


@router.get("/whoami", operation_id="get_whoami")
async def get_whoami(
    caller: Annotated[Principal, Depends(require(Action.WHOAMI_READ))],
) -> WhoamiResponse:
    """Show whose credentials you use and what they are good for."""
    return WhoamiResponse.model_validate(caller)
