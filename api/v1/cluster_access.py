"""How far operators leave a cluster open to its clients."""

from typing import Annotated, Any, Self

import structlog
from fastapi import Depends, Response, status
from pydantic import Field, model_validator

from api.auth import require
from api.cluster_services import Clusters
from api.deps import CoreServices
from api.errors import problems
from api.prefer import Prefer
from api.schemas import RequestModel
from api.v1.clusters import ClusterResponse, cluster_reply
from api.v1.router import BODY_PROBLEMS, v1_router
from control_plane.clusters.errors import ClusterNotFoundError
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kit.scope import Scope
from control_plane.operations.states import OperationStatus
from control_plane.provisioning.engine import ClusterAccess

REASON_LENGTH_MAX = 500

router = v1_router("installation")

Operator = Annotated[Principal, Depends(require(Action.INSTALLATION_CLUSTERS_OPEN))]

log = structlog.stdlib.get_logger("clusters")


class AccessChange(RequestModel):
    """How far the cluster is to be open."""

    access: Annotated[
        ClusterAccess,
        Field(
            description="`read_only` refuses records, topics and partitions that would be stored; "
            "`suspended` ends connections and lets no client in; `full` ends both."
        ),
    ]
    reason: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=REASON_LENGTH_MAX,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="What the owner is told; expected unless it is open to everything.",
            examples=["the invoice of October is not paid"],
        ),
    ] = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.access == "full") != (self.reason is None):
            raise ValueError("a reason expected where access is not full, and only there")
        return self


_RESPONSES: dict[int | str, dict[str, Any]] = {
    status.HTTP_202_ACCEPTED: {
        "model": ClusterResponse,
        "description": "It is written down, and its brokers have not confirmed it yet.",
    },
    **problems(*BODY_PROBLEMS, ClusterNotFoundError),
}


@router.put(
    "/installation/clusters/{cluster_id}/access",
    operation_id="set_cluster_access",
    response_model=ClusterResponse,
    responses=_RESPONSES,
)
def set_cluster_access(
    cluster_id: str,
    body: AccessChange,
    caller: Operator,
    core: CoreServices,
    services: Clusters,
    prefer: Prefer,
) -> Response:
    """Open or close a cluster of any organization; only an operator may.

    It holds for open connections too when this returns 200, and stays until it is changed. The
    owner sees `access` and `access_reason` and can not change them.
    """
    with core.database.transaction() as session:
        changed = services.lifecycle.set_access(session, cluster_id, body.access, body.reason)
        scope = Scope(changed.cluster.organization_id)
    log.warning(
        "cluster_access_set",
        cluster_id=cluster_id,
        organization_id=scope.organization_id,
        access=body.access,
        reason=body.reason,
        principal=caller.id,
    )
    is_confirmed = True
    if changed.operation_id is not None:
        ended = core.operations.wait(changed.operation_id, prefer.wait_seconds)
        is_confirmed = ended.status == OperationStatus.SUCCEEDED
    with core.database.snapshot() as session:
        cluster = services.clusters.get(session, scope, cluster_id)
    code = status.HTTP_200_OK if is_confirmed else status.HTTP_202_ACCEPTED
    return cluster_reply(cluster, services.rest_url, code, prefer.headers)
