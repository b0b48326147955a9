"""Forks: new clusters that begin with the data of another."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from control_plane.clusters import repository
from control_plane.clusters.changes import Held, require_fit
from control_plane.clusters.errors import (
    ClusterForkCutError,
    ClusterNotReadyError,
    ForksUnderWayError,
)
from control_plane.clusters.maintenance import window_from_json
from control_plane.clusters.models import Cluster
from control_plane.clusters.plans import Plan
from control_plane.clusters.service import (
    FORK_KIND,
    ClusterOptions,
    ClusterService,
    ForkOrigin,
    not_found,
)
from control_plane.clusters.states import ClusterStatus
from control_plane.kit.clock import Clock
from control_plane.kit.scope import Scope
from control_plane.provisioning.forks import ForkCut, cut_to_json

FORKS_UNDER_WAY_MAX = 5
"""Of one organization; each may copy as much as a segment holds."""

CLOCK_SKEW_SECONDS = 60
FORK_STEPS = ("fork", "start")

_FORKABLE = frozenset({ClusterStatus.RUNNING, ClusterStatus.UPDATING, ClusterStatus.PAUSED})


@dataclass(frozen=True, slots=True)
class ForkWanted:
    """A fork as it is asked for; without a plan it has that of its source."""

    name: str
    plan: str | None
    cut: ForkCut
    options: ClusterOptions


class ClusterForks:
    """Writes down what forks are wanted; the reconciler makes them before it starts their brokers.

    A fork is a cluster like any other from the first moment on: it counts against the limits, is
    billed for what it keeps, and is deleted whole, whatever became of it.
    """

    def __init__(self, clock: Clock, clusters: ClusterService) -> None:
        self._clock = clock
        self._clusters = clusters

    def fork(
        self, session: Session, scope: Scope, source_id: str, wanted: ForkWanted, *, held: Held
    ) -> tuple[Cluster, str]:
        """Want a fork; return it, and the id of the operation that brings it about.

        `held` is what the source was last seen to hold. Raises ClusterNotFoundError,
        ClusterNotReadyError, ForkRefusedError, ClusterForkCutError, ForksUnderWayError,
        PlanTooSmallError, and what `ClusterService.check` raises.
        """
        source = self._source(session, scope, source_id)
        self._clusters.engine(source.engine).check_wishes(["fork"])
        self._check_cut(source, wanted.cut.at)
        plan = self._clusters.plan(wanted.plan or source.plan)
        require_fit(plan, engine=source.engine, held=held)
        if repository.count_awaiting_data(session, scope.organization_id) >= FORKS_UNDER_WAY_MAX:
            raise ForksUnderWayError(
                f"{FORKS_UNDER_WAY_MAX} forks of the organization are under way",
                advice="wait until one of them runs, or delete one that failed",
            )
        fork, operation_id = self._clusters.create(
            session,
            scope.organization_id,
            name=wanted.name,
            plan_id=plan.id,
            options=_as_confined(wanted.options, source, plan),
            origin=ForkOrigin(source.id, cut_to_json(wanted.cut)),
            kind=FORK_KIND,
        )
        # Whoever is kept from the source is kept from its data.
        fork.access, fork.access_reason = source.access, source.access_reason
        return fork, operation_id

    def _source(self, session: Session, scope: Scope, source_id: str) -> Cluster:
        source = repository.find(session, scope, source_id)
        if source is None:
            raise not_found()
        if source.status not in _FORKABLE:
            raise ClusterNotReadyError(
                f"the cluster is {source.status}", advice="wait until it is running or paused"
            )
        return source

    def _check_cut(self, source: Cluster, at: datetime | None) -> None:
        if at is None:
            return
        if at > self._clock.now() + timedelta(seconds=CLOCK_SKEW_SECONDS):
            raise ClusterForkCutError(
                "the moment lies in the future", advice="leave it out for everything there is"
            )
        if at < source.created_at:
            raise ClusterForkCutError(
                "the cluster was created after that moment",
                advice="choose a later moment, or create an empty cluster",
            )


def _as_confined(options: ClusterOptions, source: Cluster, plan: Plan) -> ClusterOptions:
    """Return the options with what its owner does not let the source exceed."""
    limit = source.storage_limit_bytes
    return replace(
        options,
        allowed_networks=tuple(source.allowed_networks),
        storage_limit_bytes=None if limit is None else min(limit, plan.limits.stored_bytes_max),
        retention_ms_max=source.retention_ms_max,
        retention_bytes_max=source.retention_bytes_max,
        maintenance_window=window_from_json(source.maintenance_window),
    )
