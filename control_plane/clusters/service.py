"""Rules of clusters: what may be wanted, and what callers are told of what is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from control_plane.clusters import repository
from control_plane.clusters.changes import require_within
from control_plane.clusters.errors import (
    ClusterLimitError,
    ClusterNameTakenError,
    ClusterNotFoundError,
    ClusterNotReadyError,
    ClusterSuspendedError,
    EngineNotInstalledError,
    PlanUnknownError,
)
from control_plane.clusters.issuers import issuer_of
from control_plane.clusters.maintenance import MaintenanceWindow, window_to_json
from control_plane.clusters.models import Cluster
from control_plane.clusters.openness import openness
from control_plane.clusters.plans import Plan
from control_plane.clusters.states import ClusterStatus, Presence
from control_plane.kit.clock import Clock
from control_plane.kit.errors import FieldError
from control_plane.kit.ids import new_id
from control_plane.kit.jobs import enqueue
from control_plane.kit.pagination import Page, PageRequest
from control_plane.kit.scope import Scope
from control_plane.operations.service import OperationService, OperationSubject
from control_plane.provisioning.engine import (
    ClusterOpenness,
    Engine,
    KafkaBootstrap,
    OAuthIssuer,
    Wish,
)

CLUSTERS_PER_ORGANIZATION_MAX = 100
RECONCILE_JOB = "clusters.reconcile"
RESOURCE_TYPE = "cluster"
CREATE_KIND = "cluster.create"
FORK_KIND = "cluster.fork"

# The key that was changed is published at once by whoever changed it; the job is for a crash.
PUBLISH_BACKSTOP_SECONDS = 2

_SERVING = frozenset({ClusterStatus.RUNNING, ClusterStatus.UPDATING, ClusterStatus.FAILED})

# One that is paused may be woken at any moment, by whoever has a key that is good then.
_CHECKING = _SERVING | {ClusterStatus.PAUSED}


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What a cluster may have beside its name and plan. Labels are shown, not interpreted."""

    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    deletion_protection: bool = False
    wake_on_connect: bool = False
    auto_pause_minutes: int | None = None
    allowed_networks: Sequence[str] = ()
    storage_limit_bytes: int | None = None
    retention_ms_max: int | None = None
    retention_bytes_max: int | None = None
    maintenance_window: MaintenanceWindow | None = None


@dataclass(frozen=True, slots=True)
class ForkOrigin:
    """Whose data a fork begins with, and up to where, as `provisioning.forks` writes it."""

    source_id: str
    cut: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OfferedPlan:
    """A plan of the catalogue, and whether this installation can run it."""

    plan: Plan
    is_available: bool


@dataclass(frozen=True, slots=True)
class ServingCluster:
    """A cluster whose brokers check credentials, and what these have to be.

    They are of this generation, and say how far the cluster is open, and which issuer it trusts.
    """

    id: str
    engine: str
    credentials_generation: int
    openness: ClusterOpenness
    oauth_issuer: OAuthIssuer | None = None


@dataclass(frozen=True, slots=True)
class MeteredCluster:
    """A cluster whose use is counted, and what its use is told with."""

    id: str
    organization_id: str
    name: str
    plan: str
    engine: str
    created_at: datetime


class ClusterService:
    """Writes what is wanted of clusters; the reconciler carries it out."""

    def __init__(
        self,
        clock: Clock,
        operations: OperationService,
        engines: Mapping[str, Engine],
        plans: Mapping[str, Plan],
    ) -> None:
        self._clock = clock
        self._operations = operations
        self._engines = engines
        self._plans = plans

    def create(
        self,
        session: Session,
        organization_id: str,
        *,
        name: str,
        plan_id: str,
        options: ClusterOptions | None = None,
        origin: ForkOrigin | None = None,
        kind: str = CREATE_KIND,
    ) -> tuple[Cluster, str]:
        """Want a new cluster; return it, and the id of the operation that brings it about.

        Raises what `check` raises, StorageLimitTooLargeError, and what the plan's engine refuses
        by name.
        """
        plan = self.check(session, organization_id, name=name, plan_id=plan_id)
        wanted = options or ClusterOptions()
        if wanted.storage_limit_bytes is not None:
            require_within(plan, wanted.storage_limit_bytes)
        self.engine(plan.engine).check_wishes(wishes(wanted))
        cluster = self._new(organization_id, name, plan, wanted)
        if origin is not None:
            cluster.source_id, cluster.fork_cut = origin.source_id, dict(origin.cut)
        try:
            with session.begin_nested():
                session.add(cluster)
        except IntegrityError as error:  # somebody else took the name since it was looked up
            raise name_taken(name) from error
        self.request_run(session, cluster.id)
        return cluster, self.begin(session, cluster, kind)

    def check(self, session: Session, organization_id: str, *, name: str, plan_id: str) -> Plan:
        """Return the plan of a cluster that may be created now.

        Raises PlanUnknownError, EngineNotInstalledError, ClusterNameTakenError or
        ClusterLimitError.
        """
        plan = self.plan(plan_id)
        if repository.find_by_name(session, organization_id, name) is not None:
            raise name_taken(name)
        if repository.count(session, organization_id) >= CLUSTERS_PER_ORGANIZATION_MAX:
            raise ClusterLimitError(
                f"the organization has {CLUSTERS_PER_ORGANIZATION_MAX} clusters",
                advice="delete clusters that are not used any more",
            )
        return plan

    def get(self, session: Session, scope: Scope, cluster_id: str) -> Cluster:
        """Return the cluster; raise ClusterNotFoundError if absent, gone or not of `scope`."""
        cluster = repository.find(session, scope, cluster_id)
        if cluster is None:
            raise not_found()
        return cluster

    def get_deleted(self, session: Session, scope: Scope, cluster_id: str) -> Cluster:
        """Return a deleted cluster that can be wanted back; raise ClusterNotFoundError."""
        cluster = repository.find_deleted(session, scope, cluster_id)
        if cluster is None:
            raise not_found()
        return cluster

    def get_present(self, session: Session, scope: Scope, cluster_id: str) -> Cluster:
        """Return a cluster, deleted or not, whose data is there; raise ClusterNotFoundError."""
        cluster = repository.find(session, scope, cluster_id)
        return cluster or self.get_deleted(session, scope, cluster_id)

    def require(self, session: Session, scope: Scope, cluster_id: str) -> None:
        """Raise ClusterNotFoundError unless the cluster exists for `scope`."""
        self.get(session, scope, cluster_id)

    def list(self, session: Session, scope: Scope, page: PageRequest) -> Page[Cluster]:
        return repository.list_page(session, scope, page)

    def list_deleted(self, session: Session, scope: Scope, page: PageRequest) -> Page[Cluster]:
        """List the deleted clusters that can be wanted back."""
        return repository.list_deleted_page(session, scope, page)

    def request_publication(
        self, session: Session, organization_id: str, cluster_id: str | None
    ) -> None:
        """Note that the credentials of a cluster, or of all for None, are others from now on."""
        found = repository.list_of_organization(session, organization_id, cluster_id)
        for cluster in found:
            self.request_run(session, cluster.id, delay_seconds=PUBLISH_BACKSTOP_SECONDS)
        for cluster in found:
            # Read again now that nobody else changes it: no two sets may share a generation.
            locked = repository.lock(session, cluster.id)
            assert locked is not None, "rows of clusters are never deleted"
            locked.credentials_generation += 1
        session.flush()

    def require_rotation(
        self, session: Session, organization_id: str, cluster_id: str | None
    ) -> None:
        """Raise RotationNotOfferedError unless every cluster that a key reaches knows two secrets.

        A key reaches one cluster, or all for None.
        """
        found = repository.list_of_organization(session, organization_id, cluster_id)
        for name in sorted({cluster.engine for cluster in found}):
            engine = self._engines.get(name)
            if engine is not None:
                engine.require_rotation()

    def list_serving(
        self, session: Session, organization_id: str, cluster_id: str | None
    ) -> Sequence[ServingCluster]:
        """List the clusters whose brokers check credentials now, or may at any moment."""
        found = repository.list_of_organization(session, organization_id, cluster_id)
        return [serving(cluster) for cluster in found if cluster.status in _CHECKING]

    def list_metered(self, session: Session) -> Sequence[MeteredCluster]:
        """List every organization's clusters whose brokers count what is used now."""
        return [
            metered(cluster)
            for name in self._engines
            for cluster in repository.list_in(session, name, _SERVING)
        ]

    def find_metered(self, session: Session, cluster_id: str) -> MeteredCluster | None:
        """Find a cluster that is not purged, whoever owns it; for jobs."""
        cluster = repository.find_any(session, cluster_id)
        if cluster is None or cluster.status == ClusterStatus.PURGED:
            return None
        return metered(cluster)

    def bootstrap(self, cluster: Cluster) -> KafkaBootstrap:
        """Return how to reach the cluster by the Kafka protocol; call it outside transactions.

        Raises ClusterNotReadyError for a cluster that serves nobody in its present status, and
        ClusterSuspendedError.
        """
        if cluster.access == "suspended":
            raise ClusterSuspendedError(
                f"the cluster is suspended: {cluster.access_reason}",
                advice="its data is kept; ask the operator of this service",
            )
        if cluster.status not in _SERVING:
            is_paused = cluster.status == ClusterStatus.PAUSED
            advice = "resume it first" if is_paused else "wait until it is running"
            raise ClusterNotReadyError(f"the cluster is {cluster.status}", advice=advice)
        return self.engine(cluster.engine).bootstrap(cluster.id)

    def engine(self, name: str) -> Engine:
        """Return an installed engine; raise EngineNotInstalledError."""
        if name not in self._engines:
            raise EngineNotInstalledError(
                f"the engine {name} is not installed here",
                advice="ask the operator of this service for it, or choose another plan",
            )
        return self._engines[name]

    def available_version(self, engine: str) -> str | None:
        """Return the version that clusters of an engine start with, None while none answers.

        Call it outside transactions.
        """
        return self.engine(engine).available_version()

    def offered_plans(self) -> Sequence[OfferedPlan]:
        """Return the catalogue in the order of plan names."""
        return [
            OfferedPlan(plan, plan.engine in self._engines)
            for _, plan in sorted(self._plans.items())
        ]

    def plan(self, plan_id: str) -> Plan:
        """Return a plan that this installation can run.

        Raises PlanUnknownError or EngineNotInstalledError.
        """
        plan = self._plans.get(plan_id)
        if plan is None:
            known = ", ".join(sorted(self._plans))
            raise PlanUnknownError(
                f"there is no plan {plan_id}",
                advice=f"choose one of: {known}",
                errors=[FieldError("body.plan", "plan_unknown", f"one of {known} expected")],
            )
        self.engine(plan.engine)
        return plan

    def _new(self, organization_id: str, name: str, plan: Plan, options: ClusterOptions) -> Cluster:
        now = self._clock.now()
        window = options.maintenance_window
        return Cluster(
            id=new_id("lkc"),
            organization_id=organization_id,
            name=name,
            plan=plan.id,
            engine=plan.engine,
            labels=dict(options.labels),
            deletion_protection=options.deletion_protection,
            wake_on_connect=options.wake_on_connect,
            auto_pause_minutes=options.auto_pause_minutes,
            allowed_networks=list(options.allowed_networks),
            storage_limit_bytes=options.storage_limit_bytes,
            retention_ms_max=options.retention_ms_max,
            retention_bytes_max=options.retention_bytes_max,
            maintenance_window=None if window is None else window_to_json(window),
            certificate_generation=0,
            access=ClusterOpenness().access,
            metered_plan=plan.id,
            status_since=now,
            presence=Presence.RUNNING.value,
            generation=1,
            credentials_generation=1,
            status=ClusterStatus.CREATING.value,
            observed_generation=0,
            observed_credentials_generation=0,
            created_at=now,
            updated_at=now,
        )

    def begin(self, session: Session, cluster: Cluster, kind: str) -> str:
        """Begin an operation on the cluster; return its id."""
        return self._operations.create(session, kind=kind, subject=subject_of(cluster)).id

    def request_run(self, session: Session, cluster_id: str, *, delay_seconds: float = 0) -> None:
        """Ask for a run of the reconciler, before the cluster's row is locked.

        Whoever changes both rows takes the job's first, as a run does when it applies.
        """
        now = self._clock.now()
        enqueue(session, RECONCILE_JOB, cluster_id, now=now, delay_seconds=delay_seconds)


def wishes(options: ClusterOptions) -> Sequence[Wish]:
    """Name what of the options not every engine offers."""
    kept = (options.retention_ms_max, options.retention_bytes_max)
    found: dict[Wish, bool] = {
        "wake_on_connect": options.wake_on_connect,
        "auto_pause": options.auto_pause_minutes is not None,
        "storage_limit": options.storage_limit_bytes is not None,
        "retention_limits": any(one is not None for one in kept),
    }
    return [wish for wish, is_wanted in found.items() if is_wanted]


def cluster_lives(session: Session, organization_id: str, cluster_id: str) -> bool:
    """Tell whether the organization has the cluster and did not delete it."""
    return repository.find(session, Scope(organization_id), cluster_id) is not None


def metered(cluster: Cluster) -> MeteredCluster:
    """Return what is told of a cluster with what it used."""
    return MeteredCluster(
        id=cluster.id,
        organization_id=cluster.organization_id,
        name=cluster.name,
        plan=cluster.metered_plan,
        engine=cluster.engine,
        created_at=cluster.created_at,
    )


def serving(cluster: Cluster) -> ServingCluster:
    """Return what the brokers of a cluster check credentials by."""
    generation = cluster.credentials_generation
    return ServingCluster(
        cluster.id, cluster.engine, generation, openness(cluster), issuer_of(cluster)
    )


def subject_of(cluster: Cluster) -> OperationSubject:
    """Return what operations on a cluster are about."""
    return OperationSubject(
        organization_id=cluster.organization_id,
        cluster_id=cluster.id,
        resource_type=RESOURCE_TYPE,
        resource_id=cluster.id,
    )


def not_found() -> ClusterNotFoundError:
    """Say that a cluster does not exist for the caller."""
    return ClusterNotFoundError("there is no such cluster")


def name_taken(name: str) -> ClusterNameTakenError:
    """Say that a name is another cluster's."""
    return ClusterNameTakenError(
        f"the organization has a cluster named {name} already",
        advice="choose another name, or use the cluster that has it",
    )
