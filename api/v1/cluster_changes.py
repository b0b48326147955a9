"""Changes of clusters that are there: updates, pauses, restarts, deletions and ways back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Self

from fastapi import Depends, Header, Query, Request, Response, status
from fastapi.responses import JSONResponse
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from api.auth import require
from api.cluster_services import Clusters, ClusterServices
from api.deps import Core, get_core
from api.errors import problem_response, problems
from api.idempotency import ReplyKeeper, get_reply_keeper
from api.prefer import Prefer, Preference
from api.schemas import DryRun, RequestModel, ResponseModel, dry_run_answer
from api.v1.cluster_issuers import OAuthIssuerUpdate
from api.v1.cluster_logins import ClientCertificatesUpdate
from api.v1.cluster_upkeep import (
    MaintenanceWindowUpdate,
    RetentionBytesUpdate,
    RetentionMsUpdate,
    StorageLimitUpdate,
    wanted_window,
)
from api.v1.clusters import (
    ACCEPTED,
    NOT_OFFERED,
    AllowedNetworks,
    ClusterName,
    ClusterResponse,
    Labels,
    PlanName,
    WakeOnConnect,
    accepted,
    cluster_reply,
    find_cluster,
    operation_path,
)
from api.v1.operations import operation_response
from api.v1.router import BODY_PROBLEMS, POST_PROBLEMS, v1_router
from billing.costs.preview import ExpectedUse, Preview
from billing.money import micros_text
from control_plane.clusters.changes import Held, differences, planned_steps, wanted_fields
from control_plane.clusters.errors import (
    ClusterChangedError,
    ClusterChangeFailedError,
    ClusterLimitError,
    ClusterNameTakenError,
    ClusterNotFoundError,
    ClusterNotReadyError,
    ClusterProtectedError,
    DeletedClusterLimitError,
    EngineNotInstalledError,
    IssuerKeysUnavailableError,
    PlanTooSmallError,
    PlanUnknownError,
    StorageLimitTooLargeError,
    VersionNotAvailableError,
)
from control_plane.clusters.lifecycle import Changed, ClusterPatch
from control_plane.clusters.models import Cluster
from control_plane.clusters.states import Presence
from control_plane.clusters.waking import AUTO_PAUSE_MINUTES_MAX
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kit.errors import FieldError
from control_plane.operations.models import Operation
from control_plane.operations.states import OperationStatus
from control_plane.provisioning.engine import ClientCertificates
from control_plane.provisioning.errors import (
    ClientCertificatesInvalidError,
    ClientCertificatesNotOfferedError,
    OAuthIssuerInvalidError,
    OAuthIssuerNotOfferedError,
)
from control_plane.usage.service import Kept

TAG_LENGTH_MAX = 200

router = v1_router("clusters")

Updater = Annotated[Principal, Depends(require(Action.CLUSTERS_UPDATE))]
Deleter = Annotated[Principal, Depends(require(Action.CLUSTERS_DELETE))]


class ClusterUpdate(RequestModel):
    """What is to change; a field that is left out stays. Labels are replaced as a whole."""

    name: Annotated[ClusterName | None, Field(examples=["orders"])] = None
    plan: PlanName | None = None
    labels: Labels | None = None
    deletion_protection: bool | None = None
    wake_on_connect: WakeOnConnect | None = None
    auto_pause_minutes: Annotated[
        int | None,
        Field(ge=0, le=AUTO_PAUSE_MINUTES_MAX, description="0 turns it off.", examples=[30]),
    ] = None
    allowed_networks: AllowedNetworks | None = None
    client_certificates: ClientCertificatesUpdate | None = None
    storage_limit_bytes: StorageLimitUpdate | None = None
    retention_ms_max: RetentionMsUpdate | None = None
    retention_bytes_max: RetentionBytesUpdate | None = None
    maintenance_window: MaintenanceWindowUpdate | None = None
    oauth_issuer: OAuthIssuerUpdate | None = None

    @model_validator(mode="after")
    def _holds_a_change(self) -> Self:
        named = {name: getattr(self, name) for name in self.model_fields_set}
        if not named:
            raise ValueError("a field to change expected")
        if None in named.values():
            raise ValueError("null changes nothing: leave the field out")
        return self


class ClusterUndelete(RequestModel):
    """How a deleted cluster comes back."""

    name: Annotated[
        ClusterName | None, Field(description="Another name, where its own is taken by now.")
    ] = None


class FieldDifference(ResponseModel):
    """A field of what is wanted, before and after."""

    field: Annotated[str, Field(examples=["plan"])]
    before: Any
    after: Any


class PriceChange(ResponseModel):
    """What a day costs before and after, with what the cluster holds now and no traffic."""

    currency: Annotated[str, Field(examples=["USD"])]
    price_book_version: int
    per_day_before: Annotated[str, Field(examples=["0.000000"])]
    per_day_after: Annotated[str, Field(examples=["0.480000"])]
    daily_cap_before: Annotated[str, Field(examples=["1.000000"])]
    daily_cap_after: Annotated[str, Field(examples=["2.000000"])]


class ClusterChangePreview(ResponseModel):
    """What a change would do. It was not made."""

    cluster_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    diff: list[FieldDifference]
    steps: Annotated[
        list[str],
        Field(
            description="What would be done, in order; none where it is in force at once.",
            examples=[["collect_usage", "start"]],
        ),
    ]
    price: PriceChange


@dataclass(frozen=True)
class Changes:
    """What every change of a cluster needs of its request."""

    request: Request
    core: Core
    services: ClusterServices
    reply: ReplyKeeper
    prefer: Preference
    is_dry_run: bool


def _changes(
    request: Request,
    services: Clusters,
    prefer: Prefer,
    core: Annotated[Core, Depends(get_core)],
    reply: Annotated[ReplyKeeper, Depends(get_reply_keeper)],
    *,
    dry_run: DryRun = False,
) -> Changes:
    return Changes(request, core, services, reply, prefer, dry_run)


Change = Annotated[Changes, Depends(_changes)]

_ANSWERS: dict[int | str, dict[str, Any]] = {**dry_run_answer(ClusterChangePreview), **ACCEPTED}
_ANSWERS[status.HTTP_200_OK] = {
    "model": ClusterResponse | ClusterChangePreview,
    "description": "The cluster, changed; of a dry run what would be changed.",
}
_PROBLEMS = (ClusterNotFoundError, ClusterNotReadyError, ClusterChangeFailedError)


@router.patch(
    "/clusters/{cluster_id}",
    operation_id="update_cluster",
    response_model=None,
    responses={
        **_ANSWERS,
        **problems(
            *BODY_PROBLEMS,
            *_PROBLEMS,
            ClusterChangedError,
            ClusterNameTakenError,
            EngineNotInstalledError,
            PlanTooSmallError,
            PlanUnknownError,
            StorageLimitTooLargeError,
            *NOT_OFFERED,
            ClientCertificatesInvalidError,
            ClientCertificatesNotOfferedError,
            IssuerKeysUnavailableError,
            OAuthIssuerInvalidError,
            OAuthIssuerNotOfferedError,
        ),
    },
)
def update_cluster(
    cluster_id: str,
    body: ClusterUpdate,
    caller: Updater,
    change: Change,
    if_match: Annotated[
        str | None,
        Header(
            description="The ETag that the cluster was read with: refuse if it changed since.",
            max_length=TAG_LENGTH_MAX,
        ),
    ] = None,
) -> Response:
    """Change a cluster; what needs no restart of the broker is in force at once.

    Networks and labels are replaced as a whole; connections from where clients may not come any
    more end, and those of an OAuth issuer that is no longer trusted. Another plan, other limits of
    what is kept, other client certificates, and a first or no OAuth issuer restart the broker,
    which refuses no connection meanwhile and ends those that are open; partitions and what is
    stored have to fit the plan.
    """
    cluster = find_cluster(change.core, change.services, caller, cluster_id)
    held = Held(partitions=0, stored_bytes=0)
    if body.plan is not None:
        held = seen_to_hold(change.core, change.services, caller, cluster)
    certificates = None if body.client_certificates is None else body.client_certificates.wanted()
    engine = change.services.clusters.engine(cluster.engine)
    if isinstance(certificates, ClientCertificates):
        engine.check_client_certificates(certificates)
    issuer = None
    if body.oauth_issuer is not None:
        fetch_keys = change.services.fetch_keys
        issuer = body.oauth_issuer.wanted(engine, fetch_keys, change.core.clock)
    patch = ClusterPatch(
        name=body.name,
        plan=body.plan,
        labels=body.labels,
        deletion_protection=body.deletion_protection,
        wake_on_connect=body.wake_on_connect,
        auto_pause_minutes=body.auto_pause_minutes,
        allowed_networks=body.allowed_networks,
        client_certificates=certificates,
        storage_limit_bytes=body.storage_limit_bytes,
        retention_ms_max=body.retention_ms_max,
        retention_bytes_max=body.retention_bytes_max,
        maintenance_window=wanted_window(body.maintenance_window),
        oauth_issuer=issuer,
    )
    return _carry_out(
        change,
        caller,
        cluster,
        lambda session: change.services.lifecycle.update(
            session,
            caller.scope,
            cluster_id,
            patch,
            expected_tag=_tag(if_match),
            held=held,
        ),
    )


@router.post(
    "/clusters/{cluster_id}:pause",
    operation_id="pause_cluster",
    response_model=None,
    responses={**_ANSWERS, **problems(*POST_PROBLEMS, *_PROBLEMS)},
)
def pause_cluster(cluster_id: str, caller: Updater, change: Change) -> Response:
    """Stop the broker and keep data and addresses; only what is kept costs something.

    Connections are refused at once. Retention, offset expiry and the like stand still.
    """
    cluster = find_cluster(change.core, change.services, caller, cluster_id)
    lifecycle = change.services.lifecycle
    return _carry_out(
        change, caller, cluster, lambda session: lifecycle.pause(session, caller.scope, cluster_id)
    )


@router.post(
    "/clusters/{cluster_id}:resume",
    operation_id="resume_cluster",
    response_model=None,
    responses={**_ANSWERS, **problems(*POST_PROBLEMS, *_PROBLEMS)},
)
def resume_cluster(cluster_id: str, caller: Updater, change: Change) -> Response:
    """Start the broker of a paused cluster, at the same addresses; usable when this returns 200."""
    cluster = find_cluster(change.core, change.services, caller, cluster_id)
    lifecycle = change.services.lifecycle
    return _carry_out(
        change, caller, cluster, lambda session: lifecycle.resume(session, caller.scope, cluster_id)
    )


@router.post(
    "/clusters/{cluster_id}:restart",
    operation_id="restart_cluster",
    response_model=None,
    responses={**_ANSWERS, **problems(*POST_PROBLEMS, *_PROBLEMS)},
)
def restart_cluster(cluster_id: str, caller: Updater, change: Change) -> Response:
    """End the broker and start it again. New connections wait meanwhile, open ones are closed."""
    cluster = find_cluster(change.core, change.services, caller, cluster_id)
    lifecycle = change.services.lifecycle
    return _carry_out(
        change,
        caller,
        cluster,
        lambda session: lifecycle.restart(session, caller.scope, cluster_id),
        is_restart=True,
    )


@router.post(
    "/clusters/{cluster_id}:rotate",
    operation_id="rotate_cluster_certificate",
    response_model=None,
    responses={**_ANSWERS, **problems(*POST_PROBLEMS, *_PROBLEMS)},
)
def rotate_cluster_certificate(cluster_id: str, caller: Updater, change: Change) -> Response:
    """Give the cluster another private key and certificate; connections under the old one end.

    It is signed by the same authority, so that clients need not be changed.
    """
    cluster = find_cluster(change.core, change.services, caller, cluster_id)
    lifecycle = change.services.lifecycle
    return _carry_out(
        change,
        caller,
        cluster,
        lambda session: lifecycle.rotate(session, caller.scope, cluster_id),
        is_restart=True,
    )


@router.post(
    "/clusters/{cluster_id}:upgrade",
    operation_id="upgrade_cluster",
    response_model=None,
    responses={**_ANSWERS, **problems(*POST_PROBLEMS, *_PROBLEMS, VersionNotAvailableError)},
)
def upgrade_cluster(cluster_id: str, caller: Updater, change: Change) -> Response:
    """Move the cluster to the version that its plan tells, without waiting for its window.

    The broker is started again, and refuses no connection meanwhile; nothing happens to a cluster
    that runs this version already.
    """
    cluster = find_cluster(change.core, change.services, caller, cluster_id)
    available = change.services.clusters.available_version(cluster.engine)
    lifecycle = change.services.lifecycle
    return _carry_out(
        change,
        caller,
        cluster,
        lambda session: lifecycle.upgrade(session, caller.scope, cluster_id, available=available),
        is_restart=cluster.observed_version != available,
    )


@router.delete(
    "/clusters/{cluster_id}",
    operation_id="delete_cluster",
    status_code=status.HTTP_204_NO_CONTENT,
    response_model=None,
    responses={
        **dry_run_answer(ClusterChangePreview),
        **ACCEPTED,
        **problems(*_PROBLEMS, ClusterProtectedError, DeletedClusterLimitError),
    },
)
def delete_cluster(
    cluster_id: str,
    caller: Deleter,
    change: Change,
    *,
    purge: Annotated[
        bool, Query(description="Remove its data for good, at once; also of a deleted cluster.")
    ] = False,
) -> Response:
    """Delete a cluster: it stops at once, its name is free, and its data is kept until `purge_at`.

    Until then it can be undeleted, and what is kept costs its storage. With `purge` nothing is
    kept and nothing brings it back.
    """
    cluster = _find_deletable(change, caller, cluster_id, is_purged=purge)
    lifecycle = change.services.lifecycle
    return _carry_out(
        change,
        caller,
        cluster,
        lambda session: lifecycle.delete(session, caller.scope, cluster_id, is_purged=purge),
        has_body=False,
    )


@router.post(
    "/clusters/{cluster_id}:undelete",
    operation_id="undelete_cluster",
    response_model=None,
    responses={
        **_ANSWERS,
        **problems(
            *POST_PROBLEMS,
            *_PROBLEMS,
            ClusterNameTakenError,
            ClusterLimitError,
            EngineNotInstalledError,
        ),
    },
)
def undelete_cluster(
    cluster_id: str, caller: Deleter, change: Change, body: ClusterUndelete | None = None
) -> Response:
    """Bring a deleted cluster back: running, at the same addresses, with its data and keys."""
    name = None if body is None else body.name
    with change.core.database.snapshot() as session:
        cluster = change.services.clusters.get_deleted(session, caller.scope, cluster_id)
    lifecycle = change.services.lifecycle
    return _carry_out(
        change,
        caller,
        cluster,
        lambda session: lifecycle.undelete(session, caller.scope, cluster_id, name=name),
    )


def _carry_out(
    change: Changes,
    caller: Principal,
    before: Cluster,
    make: Callable[[Session], Changed],
    *,
    is_restart: bool = False,
    has_body: bool = True,
) -> Response:
    """Write the change down and wait for it as long as the caller likes, or only preview it."""
    core, services = change.core, change.services
    if change.is_dry_run:
        return _rehearse(change, caller, before, make, is_restart=is_restart)
    with core.database.transaction() as session:
        changed = make(session)
        if changed.operation_id is not None:
            operation = core.operations.get(session, caller.scope, changed.operation_id)
            # What a retry is told if this process dies before it can say more.
            change.reply.keep(
                session,
                status.HTTP_202_ACCEPTED,
                operation_response(operation),
                operation_path(operation),
            )
    if changed.operation_id is not None:
        ended = core.operations.wait(changed.operation_id, change.prefer.wait_seconds)
        if ended.status == OperationStatus.FAILED:
            return problem_response(change.request, _failed(ended))
        if ended.status != OperationStatus.SUCCEEDED:
            return accepted(ended, change.prefer)
    if not has_body:
        return Response(status_code=status.HTTP_204_NO_CONTENT, headers=change.prefer.headers)
    cluster = find_cluster(core, services, caller, before.id)
    return cluster_reply(cluster, services.rest_url, headers=change.prefer.headers)


def _rehearse(
    change: Changes,
    caller: Principal,
    before: Cluster,
    make: Callable[[Session], Changed],
    *,
    is_restart: bool,
) -> JSONResponse:
    wanted_before = wanted_fields(before)
    with change.core.database.rehearsal() as session:
        wanted_after = wanted_fields(make(session).cluster)
        kept = change.services.usage.kept(session, caller.scope, before.id)
        price = price_change(
            day_of(change.core, session, wanted_before, kept),
            day_of(change.core, session, wanted_after, kept),
        )
    diff = differences(wanted_before, wanted_after)
    preview = ClusterChangePreview(
        cluster_id=before.id,
        diff=[FieldDifference.model_validate(one) for one in diff],
        steps=list(planned_steps(wanted_before, wanted_after, is_restart=is_restart)),
        price=price,
    )
    return JSONResponse(preview.model_dump(mode="json"), status.HTTP_200_OK)


def day_of(core: Core, session: Session, wanted: Any, kept: Kept) -> Preview:
    """Return a day of a cluster that is wanted so, with what it holds and no traffic."""
    presence = wanted["presence"]
    use = ExpectedUse(
        partitions=kept.partitions,
        bytes_in_per_day=0,
        bytes_out_per_day=0,
        bytes_stored=0 if presence == Presence.ABSENT else kept.stored_bytes,
        is_running=presence == Presence.RUNNING,
    )
    return core.costs.preview(session, wanted["plan"], use)


def price_change(before: Preview, after: Preview) -> PriceChange:
    """Render what a day costs before and after."""
    return PriceChange(
        currency=after.currency,
        price_book_version=after.price_book_version,
        per_day_before=micros_text(before.day_micros),
        per_day_after=micros_text(after.day_micros),
        daily_cap_before=micros_text(before.daily_cap_micros),
        daily_cap_after=micros_text(after.daily_cap_micros),
    )


def seen_to_hold(
    core: Core, services: ClusterServices, caller: Principal, cluster: Cluster
) -> Held:
    """Return how many partitions the cluster has, and what it stored when that was last told."""
    seen = services.clusters.engine(cluster.engine).observe(cluster.id)
    with core.database.snapshot() as session:
        kept = services.usage.kept(session, caller.scope, cluster.id)
    told = None if seen is None else seen.partitions
    return Held(kept.partitions if told is None else told, kept.stored_bytes)


def _find_deletable(
    change: Changes, caller: Principal, cluster_id: str, *, is_purged: bool
) -> Cluster:
    if not is_purged:
        return find_cluster(change.core, change.services, caller, cluster_id)
    with change.core.database.snapshot() as session:
        return change.services.clusters.get_present(session, caller.scope, cluster_id)


def _tag(if_match: str | None) -> str | None:
    """Return the tag of If-Match, None where any state will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    return if_match.strip().strip('"')


def _failed(operation: Operation) -> ClusterChangeFailedError:
    code, detail = operation.error_code or "", operation.error_detail or ""
    return ClusterChangeFailedError(
        f"the cluster could not be changed: {detail}",
        advice="it is tried on: look at the cluster's status and reason",
        errors=[FieldError("operation", code, detail)],
        members={"cluster_id": operation.resource_id, "operation_id": operation.id},
    )
