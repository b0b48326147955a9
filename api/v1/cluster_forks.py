"""Forks: new clusters that begin with the data of another, up to now, a moment or offsets."""

from dataclasses import replace
from typing import Annotated, Any, Self

from fastapi import Response, status
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field, model_validator
from sqlalchemy.orm import Session

from api.cluster_services import ClusterServices
from api.deps import Core
from api.errors import problems
from api.schemas import RequestModel, ResponseModel, dry_run_answer
from api.v1.cluster_changes import Change, PriceChange, day_of, price_change, seen_to_hold
from api.v1.clusters import (
    ACCEPTED,
    AutoPauseMinutes,
    ClusterName,
    ClusterResponse,
    Creator,
    Labels,
    PlanName,
    WakeOnConnect,
    await_creation,
    find_cluster,
    operation_path,
)
from api.v1.operations import operation_response
from api.v1.router import POST_PROBLEMS, v1_router
from billing.costs.preview import Preview
from control_plane.clusters.changes import wanted_fields
from control_plane.clusters.errors import (
    ClusterCreationFailedError,
    ClusterForkCutError,
    ClusterForkRefusedError,
    ClusterLimitError,
    ClusterNameTakenError,
    ClusterNotFoundError,
    ClusterNotReadyError,
    EngineNotInstalledError,
    ForksUnderWayError,
    PlanTooSmallError,
    PlanUnknownError,
)
from control_plane.clusters.forks import FORK_STEPS, ForkWanted
from control_plane.clusters.models import Cluster
from control_plane.clusters.service import ClusterOptions
from control_plane.clusters.states import Presence
from control_plane.identity.principals import Principal
from control_plane.provisioning.errors import ForkRefusedError
from control_plane.provisioning.forks import ForkCut, PartitionCut

OFFSETS_MAX = 1_000
OFFSET_MAX = 2**63 - 1
PARTITION_MAX = 2**31 - 1
TOPIC_NAME_PATTERN = r"^[a-zA-Z0-9._-]{1,249}$"

router = v1_router("clusters")


class PartitionOffset(RequestModel):
    """A partition, and the first of its offsets that the fork does not have."""

    topic: Annotated[str, Field(pattern=TOPIC_NAME_PATTERN, examples=["orders"])]
    partition: Annotated[int, Field(ge=0, le=PARTITION_MAX, examples=[0])]
    offset: Annotated[int, Field(ge=0, le=OFFSET_MAX, examples=[1_000])]


class ClusterFork(RequestModel):
    """A cluster that begins with what another one has."""

    name: Annotated[ClusterName, Field(examples=["orders-copy"])]
    plan: Annotated[PlanName | None, Field(description="That of its source unless given.")] = None
    at: Annotated[
        AwareDatetime | None,
        Field(
            description=(
                "Take of each partition what lies before the first record of this time or a later "
                "one, and only topics that there were; everything there is unless given."
            )
        ),
    ] = None
    offsets: Annotated[
        list[PartitionOffset],
        Field(
            max_length=OFFSETS_MAX,
            description="Take of these partitions what lies before an offset; not with `at`.",
        ),
    ] = Field(default_factory=list[PartitionOffset])
    labels: Labels = Field(default_factory=dict[str, str])
    deletion_protection: Annotated[
        bool, Field(description="Refuse to delete it until this is turned off.")
    ] = False
    wake_on_connect: WakeOnConnect = False
    auto_pause_minutes: AutoPauseMinutes | None = None

    @model_validator(mode="after")
    def _has_one_cut(self) -> Self:
        if self.at is not None and self.offsets:
            raise ValueError("a fork ends at a moment or at offsets, not at both")
        if len({(one.topic, one.partition) for one in self.offsets}) < len(self.offsets):
            raise ValueError("a partition is named twice in offsets")
        return self


class ClusterForkPreview(ResponseModel):
    """A fork that a dry run found possible; it does not exist."""

    source_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    name: Annotated[str, Field(examples=["orders-copy"])]
    plan: Annotated[str, Field(examples=["dev"])]
    engine: Annotated[str, Field(examples=["native"])]
    steps: Annotated[list[str], Field(examples=[["fork", "start"]])]
    price: Annotated[
        PriceChange,
        Field(
            description=(
                "A day of the source alone, and of source and fork together, with what the source "
                "holds now and no traffic."
            )
        ),
    ]


_ANSWERS: dict[int | str, dict[str, Any]] = {**dry_run_answer(ClusterForkPreview), **ACCEPTED}


@router.post(
    "/clusters/{cluster_id}:fork",
    operation_id="fork_cluster",
    status_code=status.HTTP_201_CREATED,
    response_model=ClusterResponse,
    responses={
        **_ANSWERS,
        **problems(
            *POST_PROBLEMS,
            ClusterNotFoundError,
            ClusterNotReadyError,
            ClusterCreationFailedError,
            ClusterForkCutError,
            ClusterForkRefusedError,
            ClusterLimitError,
            ClusterNameTakenError,
            EngineNotInstalledError,
            ForkRefusedError,
            ForksUnderWayError,
            PlanTooSmallError,
            PlanUnknownError,
        ),
    },
)
def fork_cluster(cluster_id: str, body: ClusterFork, caller: Creator, change: Change) -> Response:
    """Make a new cluster with the topics, records, offsets of groups and access rules of this one.

    The source may be running or paused, goes on meanwhile, and is not changed. What both have is on
    disk once; each goes its own way from the cut on. Topics have ids of their own, offsets of
    groups end at the cut, transactions that are open there are aborted. Keys of the source alone
    and its SCRAM users are not good for the fork; keys of the organization are. Nothing of it is
    billed as written; what it keeps is billed as of any cluster.
    """
    core, services = change.core, change.services
    source = find_cluster(core, services, caller, cluster_id)
    held = seen_to_hold(core, services, caller, source)
    wanted = _wanted(body)

    def make(session: Session) -> tuple[Cluster, str]:
        return services.forks.fork(session, caller.scope, cluster_id, wanted, held=held)

    if change.is_dry_run:
        with core.database.rehearsal() as session:
            fork, _ = make(session)
            return _preview(session, core, services, caller, source, fork)
    with core.database.transaction() as session:
        fork, operation_id = make(session)
        operation = core.operations.get(session, caller.scope, operation_id)
        # What a retry is told if this process dies before it can say more.
        change.reply.keep(
            session,
            status.HTTP_202_ACCEPTED,
            operation_response(operation),
            operation_path(operation),
        )
    return await_creation(
        change.request, core, services, caller, fork.id, operation_id, change.prefer
    )


def _wanted(body: ClusterFork) -> ForkWanted:
    offsets = [PartitionCut(one.topic, one.partition, one.offset) for one in body.offsets]
    options = ClusterOptions(
        body.labels,
        deletion_protection=body.deletion_protection,
        wake_on_connect=body.wake_on_connect,
        auto_pause_minutes=body.auto_pause_minutes,
    )
    return ForkWanted(body.name, body.plan, ForkCut(body.at, offsets), options)


def _preview(
    session: Session,
    core: Core,
    services: ClusterServices,
    caller: Principal,
    source: Cluster,
    fork: Cluster,
) -> JSONResponse:
    kept = services.usage.kept(session, caller.scope, source.id)
    before = day_of(core, session, wanted_fields(source), kept)
    added = day_of(core, session, {"presence": Presence.RUNNING, "plan": fork.plan}, kept)
    preview = ClusterForkPreview(
        source_id=source.id,
        name=fork.name,
        plan=fork.plan,
        engine=fork.engine,
        steps=list(FORK_STEPS),
        price=price_change(before, _together(before, added)),
    )
    return JSONResponse(preview.model_dump(mode="json"), status.HTTP_200_OK)


def _together(one: Preview, other: Preview) -> Preview:
    return replace(
        one,
        day_micros=one.day_micros + other.day_micros,
        daily_cap_micros=one.daily_cap_micros + other.daily_cap_micros,
    )
