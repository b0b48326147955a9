"""Closes the gap between what is wanted of a cluster and what is seen: load, process, apply."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from control_plane.clusters import repository
from control_plane.clusters.changes import storage_limit
from control_plane.clusters.errors import ClusterAheadError, EngineNotInstalledError
from control_plane.clusters.logins import client_certificates
from control_plane.clusters.models import REASON_LENGTH_MAX, Cluster
from control_plane.clusters.observation import is_ahead, judged, observed, record, wanted
from control_plane.clusters.plan import Brokers, Step, steps
from control_plane.clusters.plans import Plan
from control_plane.clusters.service import (
    RECONCILE_JOB,
    RESOURCE_TYPE,
    MeteredCluster,
    ServingCluster,
    metered,
    serving,
    subject_of,
)
from control_plane.clusters.states import ClusterStatus, Presence, can_move, move, settled
from control_plane.clusters.waking import is_taken_up
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.errors import AppError
from control_plane.kit.jobs import JobContext, enqueue
from control_plane.operations.service import OperationService
from control_plane.provisioning.engine import (
    ClusterLimits,
    ClusterObservation,
    ClusterSpec,
    CredentialSet,
    Engine,
)
from control_plane.provisioning.errors import ForkRefusedError
from control_plane.provisioning.forks import cut_from_json

# A cluster that could not be made as wanted this often is called failed; it is tried on.
ATTEMPTS_BEFORE_FAILED = 4

# So often a deletion waits for a broker that is due to answer, for the sake of its last usage.
ATTEMPTS_FOR_USAGE = 4

WAKE_KIND = "cluster.wake"

log = structlog.stdlib.get_logger("clusters")


class CredentialSource(Protocol):
    """Knows who may reach a cluster."""

    def load(
        self, session: Session, organization_id: str, cluster: ServingCluster
    ) -> CredentialSet:
        """Return the credentials of an organization's cluster, as the set of its generation."""
        ...


class UsageCollector(Protocol):
    """Copies what clusters used from their brokers, and counts what they keep without brokers."""

    def finish(self, cluster_id: str, context: JobContext, *, may_retry: bool) -> None:
        """Collect the last usage of a cluster whose brokers are stopped or changed next.

        Raises AppError only with `may_retry`; without, what can not be had is given up.
        """
        ...

    def begin_rest(self, session: Session, cluster: MeteredCluster, at: datetime) -> None:
        """Note that the cluster's brokers are stopped, unless that is known."""
        ...

    def count_rest(self, session: Session, cluster: MeteredCluster, until: datetime) -> None:
        """Count what a cluster that rests has kept until then."""
        ...

    def end_rest(self, session: Session, cluster: MeteredCluster, at: datetime) -> None:
        """Count what was kept until `at`, from when on brokers count; without a rest do nothing."""
        ...


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a run saw in the end, the steps it took, and when it began to take them.

    `told` are the operations that were told of each step but the last when it ended.
    """

    seen: ClusterObservation | None
    steps: Sequence[Step]
    began_at: datetime
    forked_at: datetime | None = None
    told: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A cluster as it was wanted when the run began."""

    cluster: Cluster
    spec: ClusterSpec
    credentials: CredentialSet
    operations: Sequence[str]


class Reconciler:
    """Handles `clusters.reconcile`. Every step may be repeated; none runs in a transaction."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        operations: OperationService,
        engines: Mapping[str, Engine],
        plans: Mapping[str, Plan],
        credentials: CredentialSource,
        usage: UsageCollector,
        on_gone: Callable[[str], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._operations = operations
        self._engines = engines
        self._plans = plans
        self._credentials = credentials
        self._usage = usage
        self._on_gone = on_gone

    def run(self, context: JobContext) -> None:
        """Make the cluster `context.key` as it is wanted; raise what kept it from that."""
        loaded = self._load(context.key)
        if loaded is None:
            return
        try:
            outcome = self._process(context, loaded)
        except AppError as error:
            self._apply_failure(context, loaded, error)
            raise
        self._apply(context, loaded, outcome)

    def _load(self, cluster_id: str) -> _Loaded | None:
        with self._database.snapshot() as session:
            cluster = repository.find_any(session, cluster_id)
            if cluster is None or cluster.status == ClusterStatus.PURGED:
                return None
            waiting = self._operations.list_open(session, RESOURCE_TYPE, cluster_id)
            return _Loaded(
                cluster,
                self._spec(cluster),
                self._load_credentials(session, cluster),
                [operation.id for operation in waiting],
            )

    def _load_credentials(self, session: Session, cluster: Cluster) -> CredentialSet:
        generation = cluster.credentials_generation
        if cluster.presence in {Presence.KEPT, Presence.ABSENT}:
            return CredentialSet(generation, ())
        return self._credentials.load(session, cluster.organization_id, serving(cluster))

    def _spec(self, cluster: Cluster) -> ClusterSpec:
        plan = self._plans[cluster.plan]
        return ClusterSpec(
            cluster_id=cluster.id,
            generation=cluster.generation,
            limits=_limits(plan, cluster),
            default_partitions=plan.default_partitions,
            wakes=cluster.wake_on_connect,
            client_certificates=client_certificates(cluster),
            certificate_generation=cluster.certificate_generation,
            takes_issued_tokens=cluster.oauth_issuer is not None,
        )

    def _process(self, context: JobContext, loaded: _Loaded) -> _Outcome:
        cluster, began_at = loaded.cluster, self._clock.now()
        engine = self._engine(cluster)
        seen = engine.observe(cluster.id)
        left = steps(wanted(cluster), judged(cluster, seen, began_at))
        if is_taken_up(cluster, seen):
            left = ()
        self._require_known(cluster, seen)
        forked_at = None
        told = self._tell_plan(context, loaded, left)
        for place, step in enumerate(left):
            if place > 0:
                self._tell_done(context, told, left[place - 1])
            log.info("cluster_step", cluster_id=cluster.id, step=step.value)
            if step is Step.FORK:
                forked_at = _fork(engine, cluster)
                continue
            if self._ends_usage(cluster, step):
                self._finish_usage(context, cluster, seen)
            seen = _carry_out(engine, step, loaded)
        return _Outcome(seen, left, began_at, forked_at, told)

    def _tell_plan(
        self, context: JobContext, loaded: _Loaded, left: Sequence[Step]
    ) -> Sequence[str]:
        """Tell the operations that wait for this run what will be done; return which these are."""
        if not left or not loaded.operations:
            return ()
        with context.apply() as session:
            open_now = self._operations.list_open(session, RESOURCE_TYPE, loaded.cluster.id)
            told = [one.id for one in open_now if one.id in loaded.operations]
            for operation_id in told:
                self._operations.plan_steps(session, operation_id, [step.value for step in left])
        return told

    def _tell_done(self, context: JobContext, told: Sequence[str], step: Step) -> None:
        if not told:
            return
        with context.apply() as session:
            open_now = self._operations.list_open(session, RESOURCE_TYPE, context.key)
            for operation in open_now:
                if operation.id in told:
                    self._operations.record_step(session, operation.id, step.value)

    def _engine(self, cluster: Cluster) -> Engine:
        engine = self._engines.get(cluster.engine)
        if engine is None:
            raise EngineNotInstalledError(
                f"the engine {cluster.engine} is not installed here any more",
                advice="ask the operator of this service for it",
            )
        return engine

    def _ends_usage(self, cluster: Cluster, step: Step) -> bool:
        """Tell whether what brokers counted until now has to be collected before the step."""
        is_changed = step is Step.START and cluster.plan != cluster.metered_plan
        return is_changed or step in {Step.REST, Step.STOP, Step.REMOVE}

    def _require_known(self, cluster: Cluster, seen: ClusterObservation | None) -> None:
        """Refuse to end brokers that run a later generation than the row: an old row, restored."""
        is_ending = cluster.presence in {Presence.KEPT, Presence.ABSENT}
        if is_ending and observed(seen).generation > cluster.generation:
            raise ClusterAheadError(
                f"its brokers run generation {observed(seen).generation}, this database knows "
                f"{cluster.generation}: it is an older copy, so nothing is stopped or removed",
                advice="undelete the cluster if it is in use, or delete it again",
            )

    def _finish_usage(
        self, context: JobContext, cluster: Cluster, seen: ClusterObservation | None
    ) -> None:
        """Collect the last usage; wait only for a broker that is there or on its way."""
        brokers = observed(seen).brokers
        if cluster.observed_generation == 0 and brokers is not Brokers.RUNNING:
            return  # it never ran, so nothing was used
        is_due = brokers in {Brokers.RUNNING, Brokers.STARTING}
        may_retry = is_due and context.attempt < ATTEMPTS_FOR_USAGE
        self._usage.finish(cluster.id, context, may_retry=may_retry)

    def _apply(self, context: JobContext, loaded: _Loaded, outcome: _Outcome) -> None:
        with context.apply() as session:
            cluster = repository.lock(session, loaded.cluster.id)
            assert cluster is not None, "rows of clusters are never deleted"
            seen = outcome.seen
            record(cluster, seen)
            cluster.forked_at = outcome.forked_at or cluster.forked_at
            # What changed meanwhile has asked for a run of its own, which settles it.
            is_current = _wanted_then(cluster) == _wanted_then(loaded.cluster)
            if is_ahead(cluster, seen):
                self._overtake(session, cluster)
            if is_current and is_taken_up(cluster, seen):
                self._take_up(session, cluster, seen)
            elif is_current:
                self._meter(session, cluster, loaded, outcome)
                self._settle(session, cluster, outcome)
        if is_current and not wanted(cluster).is_running:
            self._on_gone(cluster.id)

    def _meter(
        self, session: Session, cluster: Cluster, loaded: _Loaded, outcome: _Outcome
    ) -> None:
        """Have what is kept counted by brokers while they run, and here while they do not."""
        facts, now = metered(cluster), self._clock.now()
        if wanted(cluster).is_running:
            self._usage.end_rest(session, facts, outcome.began_at if outcome.steps else now)
        elif cluster.presence == Presence.ABSENT:
            self._usage.end_rest(session, facts, now)
        elif cluster.observed_generation > 0:
            self._usage.begin_rest(session, facts, now)
            if cluster.metered_plan != loaded.cluster.plan:
                self._usage.count_rest(session, facts, now)
        cluster.metered_plan = loaded.cluster.plan

    def _take_up(self, session: Session, cluster: Cluster, seen: ClusterObservation | None) -> None:
        """Let a cluster run that somebody woke and logged in to; it costs from its waking on."""
        assert seen is not None, "it was seen to run"
        assert seen.woken_at is not None, "it was seen to be woken"
        self._usage.end_rest(session, metered(cluster), seen.woken_at)
        operation_id = self._operations.create(
            session, kind=WAKE_KIND, subject=subject_of(cluster)
        ).id
        self._operations.succeed(session, operation_id)
        now = self._clock.now()
        cluster.presence = Presence.RUNNING.value
        resuming = move(ClusterStatus(cluster.status), ClusterStatus.RESUMING)
        cluster.status = move(resuming, ClusterStatus.RUNNING).value
        cluster.status_since = cluster.updated_at = now
        cluster.reason = None
        log.info("cluster_woken", cluster_id=cluster.id)

    def _overtake(self, session: Session, cluster: Cluster) -> None:
        """Give the credentials a generation that an engine takes for newer than what it has."""
        cluster.credentials_generation = cluster.observed_credentials_generation + 1
        enqueue(session, RECONCILE_JOB, cluster.id, now=self._clock.now())

    def _settle(self, session: Session, cluster: Cluster, outcome: _Outcome) -> None:
        status, target = ClusterStatus(cluster.status), settled(Presence(cluster.presence))
        now = self._clock.now()
        cluster.reason = None
        if status is not target:
            cluster.status = move(status, target).value
            cluster.status_since = cluster.updated_at = now
            log.info("cluster_settled", cluster_id=cluster.id, status=target.value)
            if target in {ClusterStatus.DELETED, ClusterStatus.PURGED}:
                cluster.deleted_at = cluster.deleted_at or now
                kept = timedelta(days=self._plans[cluster.plan].undelete_days)
                cluster.purge_at = now + kept if target is ClusterStatus.DELETED else now
        if not wanted(cluster).is_running:
            cluster.observed_generation = cluster.generation
        for operation in self._operations.list_open(session, RESOURCE_TYPE, cluster.id):
            self._operations.start(session, operation.id)
            done = outcome.steps[-1:] if operation.id in outcome.told else outcome.steps
            for step in done:
                self._operations.record_step(session, operation.id, step.value)
            self._operations.succeed(session, operation.id)

    def _apply_failure(self, context: JobContext, loaded: _Loaded, error: AppError) -> None:
        with context.apply() as session:
            cluster = repository.lock(session, loaded.cluster.id)
            assert cluster is not None, "rows of clusters are never deleted"
            if cluster.generation != loaded.cluster.generation:
                return
            cluster.reason = f"{error.code}: {error.detail}"[:REASON_LENGTH_MAX]
            self._note_attempt(session, cluster.id)
            is_final = isinstance(error, ForkRefusedError)
            if is_final or context.attempt >= ATTEMPTS_BEFORE_FAILED:
                self._fail(session, cluster, error)

    def _note_attempt(self, session: Session, cluster_id: str) -> None:
        for operation in self._operations.list_open(session, RESOURCE_TYPE, cluster_id):
            self._operations.start(session, operation.id)

    def _fail(self, session: Session, cluster: Cluster, error: AppError) -> None:
        status = ClusterStatus(cluster.status)
        if not can_move(status, ClusterStatus.FAILED):
            return
        cluster.status = move(status, ClusterStatus.FAILED).value
        cluster.status_since = cluster.updated_at = self._clock.now()
        for operation in self._operations.list_open(session, RESOURCE_TYPE, cluster.id):
            self._operations.fail(session, operation.id, code=error.code, detail=error.detail)


def _limits(plan: Plan, cluster: Cluster) -> ClusterLimits:
    """Return what the plan allows, and of that what the owner does."""
    return replace(
        ClusterLimits(**asdict(plan.limits)),
        stored_bytes_max=storage_limit(plan, cluster),
        retention_ms_max=cluster.retention_ms_max,
        retention_bytes_max=cluster.retention_bytes_max,
    )


def _wanted_then(cluster: Cluster) -> tuple[int, int]:
    """Return what tells a spec, and what brokers are told beside it, from earlier ones."""
    return cluster.generation, cluster.credentials_generation


def _carry_out(engine: Engine, step: Step, loaded: _Loaded) -> ClusterObservation | None:
    cluster_id = loaded.cluster.id
    match step:
        case Step.START:
            return engine.ensure(loaded.spec, loaded.credentials)
        case Step.PUBLISH:
            engine.apply_credentials(cluster_id, loaded.credentials)
            return engine.observe(cluster_id)
        case Step.REST:
            return engine.rest(loaded.spec, loaded.credentials)
        case Step.STOP:
            return engine.stop(cluster_id)
        case Step.REMOVE:
            engine.remove(cluster_id)
            return None
        case Step.FORK:
            raise AssertionError("a fork is no step that brokers are seen after")


def _fork(engine: Engine, cluster: Cluster) -> datetime:
    assert cluster.source_id is not None, "only a fork awaits data"
    assert cluster.fork_cut is not None, "a fork has a cut"
    return engine.fork(cluster.id, cluster.source_id, cut_from_json(cluster.fork_cut))
