"""Changes of clusters that are there: written down here, carried out by the reconciler."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from control_plane.clusters import repository
from control_plane.clusters.changes import (
    Held,
    require_fit,
    require_within,
    spec_tag,
    wanted_fields,
)
from control_plane.clusters.errors import (
    ClusterChangedError,
    ClusterNotReadyError,
    ClusterProtectedError,
    DeletedClusterLimitError,
    VersionNotAvailableError,
)
from control_plane.clusters.issuers import NO_ISSUER, IssuerChange, keys_row, settings_row
from control_plane.clusters.logins import to_row
from control_plane.clusters.maintenance import ANY_TIME, MaintenanceWindow, window_to_json
from control_plane.clusters.models import Cluster
from control_plane.clusters.service import (
    RESOURCE_TYPE,
    ClusterOptions,
    ClusterService,
    name_taken,
    not_found,
    wishes,
)
from control_plane.clusters.states import ClusterStatus, Presence, can_move, move
from control_plane.kit.clock import Clock
from control_plane.kit.scope import Scope
from control_plane.operations.service import OperationService
from control_plane.provisioning.engine import ClientCertificates, ClusterAccess, Wish

DELETED_CLUSTERS_PER_ORGANIZATION_MAX = 100

NO_CERTIFICATES: Final = "off"

PAUSE_KIND = "cluster.pause"
RESUME_KIND = "cluster.resume"
RESTART_KIND = "cluster.restart"
ROTATE_KIND = "cluster.rotate"
UPGRADE_KIND = "cluster.upgrade"
MAINTAIN_KIND = "cluster.maintain"
AUTO_PAUSE_KIND = "cluster.auto_pause"
UPDATE_KIND = "cluster.update"
DELETE_KIND = "cluster.delete"
UNDELETE_KIND = "cluster.undelete"
PURGE_KIND = "cluster.purge"
ACCESS_KIND = "cluster.set_access"


@dataclass(frozen=True, slots=True)
class Changed:
    """A cluster as it is wanted now; the operation that makes it so, None if it is so already."""

    cluster: Cluster
    operation_id: str | None


@dataclass(frozen=True, slots=True)
class ClusterPatch:
    """What is to change; None leaves a field as it is. Labels are replaced as a whole.

    `client_certificates` is NO_CERTIFICATES to take none any more, `oauth_issuer` NO_ISSUER to
    trust none; its engine has checked others.
    """

    name: str | None = None
    plan: str | None = None
    labels: Mapping[str, str] | None = None
    deletion_protection: bool | None = None
    wake_on_connect: bool | None = None
    auto_pause_minutes: int | None = None  # 0 turns it off
    allowed_networks: Sequence[str] | None = None
    client_certificates: ClientCertificates | Literal["off"] | None = None
    storage_limit_bytes: int | None = None  # 0 for that of the plan
    retention_ms_max: int | None = None  # 0 for none, as below
    retention_bytes_max: int | None = None
    maintenance_window: MaintenanceWindow | Literal["any_time"] | None = None
    oauth_issuer: IssuerChange | Literal["off"] | None = None


class ClusterLifecycle:
    """Each change is allowed in some statuses; asking for what is so already changes nothing.

    Methods raise ClusterNotFoundError, and ClusterNotReadyError in a status that forbids them.
    """

    def __init__(
        self, clock: Clock, clusters: ClusterService, operations: OperationService
    ) -> None:
        self._clock = clock
        self._clusters = clusters
        self._operations = operations

    def pause(self, session: Session, scope: Scope, cluster_id: str) -> Changed:
        """Want no broker, and the data and addresses kept."""
        cluster = self._lock(session, scope, cluster_id)
        if cluster.presence == Presence.STOPPED:
            return self._under_way(session, cluster)
        self._want(cluster, ClusterStatus.PAUSING, Presence.STOPPED)
        return self._begin(session, cluster, PAUSE_KIND)

    def pause_idle(self, session: Session, seen: Cluster) -> None:
        """Pause a cluster that nobody uses, unless it was changed since it was seen; for jobs."""
        self._clusters.request_run(session, seen.id)
        cluster = repository.lock(session, seen.id)
        assert cluster is not None, "rows of clusters are never deleted"
        if spec_tag(cluster) == spec_tag(seen) and cluster.status == ClusterStatus.RUNNING:
            self._want(cluster, ClusterStatus.PAUSING, Presence.STOPPED)
            self._begin(session, cluster, AUTO_PAUSE_KIND)

    def resume(self, session: Session, scope: Scope, cluster_id: str) -> Changed:
        """Want the brokers of a paused cluster back, at the same addresses."""
        cluster = self._lock(session, scope, cluster_id)
        if cluster.presence == Presence.RUNNING:
            return self._under_way(session, cluster)
        self._want(cluster, ClusterStatus.RESUMING, Presence.RUNNING)
        return self._begin(session, cluster, RESUME_KIND)

    def restart(self, session: Session, scope: Scope, cluster_id: str) -> Changed:
        """Want every broker ended and started again; no connection is refused meanwhile."""
        cluster = self._lock(session, scope, cluster_id)
        self._require_running(cluster)
        self._want(cluster, ClusterStatus.UPDATING, Presence.RUNNING)
        return self._begin(session, cluster, RESTART_KIND)

    def rotate(self, session: Session, scope: Scope, cluster_id: str) -> Changed:
        """Want another private key and certificate; connections under the old one end."""
        cluster = self._lock(session, scope, cluster_id)
        self._require_running(cluster)
        cluster.certificate_generation += 1
        self._want(cluster, ClusterStatus.UPDATING, Presence.RUNNING)
        return self._begin(session, cluster, ROTATE_KIND)

    def upgrade(
        self, session: Session, scope: Scope, cluster_id: str, *, available: str | None
    ) -> Changed:
        """Want the version that is installed; as a restart, unless the cluster runs it already.

        Raises VersionNotAvailableError where no version is known to be installed.
        """
        cluster = self._lock(session, scope, cluster_id)
        self._require_running(cluster)
        if available is None:
            raise VersionNotAvailableError(
                "what version is installed is not known just now",
                advice="try again later; the operator of this service sees why in its log",
            )
        if cluster.observed_version == available:
            return self._under_way(session, cluster)
        self._want(cluster, ClusterStatus.UPDATING, Presence.RUNNING)
        return self._begin(session, cluster, UPGRADE_KIND)

    def maintain(self, session: Session, seen: Cluster) -> None:
        """Move a cluster to the version that is installed, unless it was changed; for jobs."""
        self._clusters.request_run(session, seen.id)
        cluster = repository.lock(session, seen.id)
        assert cluster is not None, "rows of clusters are never deleted"
        if spec_tag(cluster) == spec_tag(seen) and cluster.status == ClusterStatus.RUNNING:
            self._want(cluster, ClusterStatus.UPDATING, Presence.RUNNING)
            self._begin(session, cluster, MAINTAIN_KIND)

    def update(
        self,
        session: Session,
        scope: Scope,
        cluster_id: str,
        patch: ClusterPatch,
        *,
        expected_tag: str | None,
        held: Held,
    ) -> Changed:
        """Change what is wanted; what brokers read when they start has them started again.

        Another plan, other certificates, and a first or no issuer start brokers again. Networks and
        another issuer are in force, for open connections too, when the operation has ended.

        `held` is what the cluster was last seen to hold. Raises ClusterChangedError when
        `expected_tag` is no longer the cluster's, ClusterNameTakenError, PlanUnknownError,
        EngineNotInstalledError, PlanTooSmallError or StorageLimitTooLargeError, and what the
        cluster's engine refuses by name.
        """
        cluster = self._lock(session, scope, cluster_id)
        if expected_tag is not None and expected_tag != spec_tag(cluster):
            raise ClusterChangedError(
                "the cluster was changed since it was read",
                advice="read it again, and send the change with its new ETag",
            )
        self._clusters.engine(cluster.engine).check_wishes(_wishes(patch))
        before = wanted_fields(cluster)
        if patch.name is not None and patch.name != cluster.name:
            self._rename(session, cluster, patch.name)
        _change_upkeep(cluster, patch)
        is_told = self._confine(cluster, patch.allowed_networks)
        starts_anew = self._change_plan(cluster, patch.plan, held)
        starts_anew |= self._change_keeping(cluster, patch)
        starts_anew |= _change_client_certificates(cluster, patch.client_certificates)
        had_issuer = cluster.oauth_issuer is not None
        is_told |= _change_issuer(cluster, patch.oauth_issuer)
        starts_anew |= had_issuer != (cluster.oauth_issuer is not None)
        if starts_anew and cluster.status != ClusterStatus.PAUSED:
            self._require_running(cluster)
            self._want(cluster, ClusterStatus.UPDATING, Presence.RUNNING)
            return self._begin(session, cluster, UPDATE_KIND)
        # Nothing runs that would have to change: the next start takes what is wanted then.
        if wanted_fields(cluster) != before:
            cluster.updated_at = self._clock.now()
        if is_told:
            return self._begin(session, cluster, UPDATE_KIND)
        read_at_start = (
            patch.plan,
            patch.client_certificates,
            patch.oauth_issuer,
            patch.storage_limit_bytes,
            patch.retention_ms_max,
            patch.retention_bytes_max,
        )
        if any(one is not None for one in read_at_start):
            return self._under_way(session, cluster)
        return Changed(cluster, None)

    def set_access(
        self, session: Session, cluster_id: str, access: ClusterAccess, reason: str | None
    ) -> Changed:
        """Open or close a living cluster of any organization; for operators.

        It holds for open connections too when the operation has ended, and its owner is told the
        reason. A cluster that rests starts so far open.
        """
        found = repository.find_any(session, cluster_id)
        if found is None or found.deleted_at is not None:
            raise not_found()
        cluster = self._lock(session, Scope(found.organization_id), cluster_id)
        if (cluster.access, cluster.access_reason) == (access, reason):
            return self._under_way(session, cluster)
        cluster.access, cluster.access_reason = access, reason
        cluster.credentials_generation += 1
        cluster.updated_at = self._clock.now()
        return self._begin(session, cluster, ACCESS_KIND)

    def delete(
        self, session: Session, scope: Scope, cluster_id: str, *, is_purged: bool = False
    ) -> Changed:
        """Want the cluster gone: kept for its plan's days, or with `is_purged` for good at once.

        A deleted cluster can be purged by deleting it once more. Raises ClusterProtectedError or
        DeletedClusterLimitError.
        """
        cluster = self._lock(session, scope, cluster_id, is_deleted_found=is_purged)
        if cluster.presence == Presence.ABSENT or (
            cluster.presence == Presence.KEPT and not is_purged
        ):
            return self._under_way(session, cluster)
        if cluster.deletion_protection:
            raise ClusterProtectedError(
                "the cluster is protected from deletion",
                advice="update it with deletion_protection false first",
            )
        if is_purged:
            return self._purge(session, cluster)
        count = repository.count_deleted(session, cluster.organization_id)
        if count >= DELETED_CLUSTERS_PER_ORGANIZATION_MAX:
            raise DeletedClusterLimitError(
                f"the organization keeps {count} deleted clusters",
                advice="purge some of them, or this one (purge=true)",
            )
        self._supersede(session, cluster)
        self._want(cluster, ClusterStatus.DELETING, Presence.KEPT)
        return self._begin(session, cluster, DELETE_KIND)

    def undelete(
        self, session: Session, scope: Scope, cluster_id: str, *, name: str | None = None
    ) -> Changed:
        """Want a deleted cluster back, running, under its own name or another.

        Raises ClusterNameTakenError or ClusterLimitError.
        """
        deleted = repository.find_deleted(session, scope, cluster_id)
        if deleted is None:
            raise not_found()
        cluster = self._lock(session, scope, cluster_id, is_deleted_found=True)
        if cluster.status != ClusterStatus.DELETED or cluster.presence != Presence.KEPT:
            raise _not_in(cluster, "wait until it is deleted")
        wanted_name = name or cluster.name
        self._clusters.check(
            session, cluster.organization_id, name=wanted_name, plan_id=cluster.plan
        )
        try:
            with session.begin_nested():
                cluster.name = wanted_name
                cluster.deleted_at = cluster.purge_at = None
        except IntegrityError as error:
            raise name_taken(wanted_name) from error
        # Keys may have ended since: the brokers have to take the set that they are started with.
        cluster.credentials_generation += 1
        self._want(cluster, ClusterStatus.RESUMING, Presence.RUNNING)
        return self._begin(session, cluster, UNDELETE_KIND)

    def purge_due(self, session: Session, cluster_id: str) -> None:
        """Want a deleted cluster's data gone if its time is over; for jobs."""
        self._clusters.request_run(session, cluster_id)
        cluster = repository.lock(session, cluster_id)
        assert cluster is not None, "rows of clusters are never deleted"
        is_due = cluster.purge_at is not None and cluster.purge_at <= self._clock.now()
        if is_due and cluster.presence == Presence.KEPT:
            self._purge(session, cluster)

    def _change_plan(self, cluster: Cluster, plan_id: str | None, held: Held) -> bool:
        """Want another plan; return whether it is another one."""
        if plan_id is None or plan_id == cluster.plan:
            return False
        plan = self._clusters.plan(plan_id)
        require_fit(plan, engine=cluster.engine, held=held)
        cluster.plan = plan.id
        return True

    def _change_keeping(self, cluster: Cluster, patch: ClusterPatch) -> bool:
        """Want other limits of what is kept; return whether one is another one."""
        before = _keeping(cluster)
        if patch.storage_limit_bytes is not None:
            require_within(self._clusters.plan(cluster.plan), patch.storage_limit_bytes)
            cluster.storage_limit_bytes = patch.storage_limit_bytes or None
        if patch.retention_ms_max is not None:
            cluster.retention_ms_max = patch.retention_ms_max or None
        if patch.retention_bytes_max is not None:
            cluster.retention_bytes_max = patch.retention_bytes_max or None
        return _keeping(cluster) != before

    def _confine(self, cluster: Cluster, networks: Sequence[str] | None) -> bool:
        """Have clients come from these networks alone; return whether brokers have to be told.

        What brokers are told travels with the credentials, whose generation it raises.
        """
        if networks is None or list(networks) == cluster.allowed_networks:
            return False
        cluster.allowed_networks = list(networks)
        cluster.credentials_generation += 1
        return True

    def _require_running(self, cluster: Cluster) -> None:
        if cluster.presence != Presence.RUNNING:
            raise _not_in(cluster, "resume it first")

    def _purge(self, session: Session, cluster: Cluster) -> Changed:
        self._supersede(session, cluster)
        if cluster.status != ClusterStatus.DELETED:
            self._want(cluster, ClusterStatus.DELETING, Presence.ABSENT)
        else:
            cluster.presence = Presence.ABSENT.value
            cluster.generation += 1
            cluster.updated_at = self._clock.now()
        return self._begin(session, cluster, PURGE_KIND)

    def _lock(
        self, session: Session, scope: Scope, cluster_id: str, *, is_deleted_found: bool = False
    ) -> Cluster:
        """Return the cluster, changed by nobody else from here on.

        The job's row is taken first, as a run does when it applies.
        """
        found = repository.find(session, scope, cluster_id)
        if found is None and is_deleted_found:
            found = repository.find_deleted(session, scope, cluster_id)
        if found is None:
            raise not_found()
        self._clusters.request_run(session, cluster_id)
        cluster = repository.lock(session, cluster_id)
        assert cluster is not None, "rows of clusters are never deleted"
        if cluster.status == ClusterStatus.PURGED or (
            cluster.deleted_at is not None and not is_deleted_found
        ):
            raise not_found()
        return cluster

    def _want(self, cluster: Cluster, status: ClusterStatus, presence: Presence) -> None:
        present = ClusterStatus(cluster.status)
        if not can_move(present, status):
            paused = present is ClusterStatus.PAUSED
            raise _not_in(cluster, "resume it first" if paused else "wait until it is running")
        now = self._clock.now()
        cluster.status = move(present, status).value
        cluster.status_since = cluster.updated_at = now
        cluster.presence = presence.value
        cluster.reason = None
        cluster.generation += 1

    def _rename(self, session: Session, cluster: Cluster, name: str) -> None:
        if repository.find_by_name(session, cluster.organization_id, name) is not None:
            raise name_taken(name)
        try:
            with session.begin_nested():
                cluster.name = name
        except IntegrityError as error:  # somebody else took the name since it was looked up
            raise name_taken(name) from error

    def _begin(self, session: Session, cluster: Cluster, kind: str) -> Changed:
        return Changed(cluster, self._clusters.begin(session, cluster, kind))

    def _under_way(self, session: Session, cluster: Cluster) -> Changed:
        """Return what was asked for before, with its operation while that goes on."""
        found = self._operations.list_open(session, RESOURCE_TYPE, cluster.id)
        return Changed(cluster, found[-1].id if found else None)

    def _supersede(self, session: Session, cluster: Cluster) -> None:
        for operation in self._operations.list_open(session, RESOURCE_TYPE, cluster.id):
            self._operations.fail(
                session,
                operation.id,
                code="operation_superseded",
                detail="the cluster was deleted before this was done",
            )


def _change_client_certificates(
    cluster: Cluster, wanted: ClientCertificates | Literal["off"] | None
) -> bool:
    """Want clients known by other certificates; return whether that is a change."""
    if wanted is None:
        return False
    row = to_row(None if wanted == NO_CERTIFICATES else wanted)
    is_other = row != cluster.client_certificates
    if is_other:
        cluster.client_certificates = row
        # A cluster that rests and may be woken is told at once, as it is told of other keys.
        cluster.credentials_generation += 1
    return is_other


def _wishes(patch: ClusterPatch) -> Sequence[Wish]:
    """Name what is turned on that not every engine offers."""
    return wishes(
        ClusterOptions(
            wake_on_connect=bool(patch.wake_on_connect),
            auto_pause_minutes=patch.auto_pause_minutes or None,
            storage_limit_bytes=patch.storage_limit_bytes or None,
            retention_ms_max=patch.retention_ms_max or None,
            retention_bytes_max=patch.retention_bytes_max or None,
        )
    )


def _change_upkeep(cluster: Cluster, patch: ClusterPatch) -> None:
    """Want what no broker has to be told of."""
    if patch.labels is not None:
        cluster.labels = dict(patch.labels)
    if patch.deletion_protection is not None:
        cluster.deletion_protection = patch.deletion_protection
    if patch.wake_on_connect is not None:
        cluster.wake_on_connect = patch.wake_on_connect
    if patch.auto_pause_minutes is not None:
        cluster.auto_pause_minutes = patch.auto_pause_minutes or None
    if patch.maintenance_window is not None:
        cluster.maintenance_window = _window(patch.maintenance_window)


def _keeping(cluster: Cluster) -> tuple[int | None, int | None, int | None]:
    """Return what brokers are told of how much is kept."""
    return cluster.storage_limit_bytes, cluster.retention_ms_max, cluster.retention_bytes_max


def _window(wanted: MaintenanceWindow | Literal["any_time"]) -> dict[str, Any] | None:
    return None if wanted == ANY_TIME else window_to_json(wanted)


def _change_issuer(cluster: Cluster, wanted: IssuerChange | Literal["off"] | None) -> bool:
    """Trust another issuer, or other keys of it; return whether brokers have to be told.

    What brokers are told of it travels with the credentials, whose generation it raises.
    """
    if wanted is None:
        return False
    change = None if wanted == NO_ISSUER else wanted
    row = settings_row(None if change is None else change.settings)
    keys = keys_row(None if change is None else change.fetched)
    has_keys = (keys or {}).get("keys") == (cluster.issuer_keys or {}).get("keys")
    if row == cluster.oauth_issuer and has_keys:
        return False
    cluster.oauth_issuer, cluster.issuer_keys = row, keys
    cluster.credentials_generation += 1
    return True


def _not_in(cluster: Cluster, advice: str) -> ClusterNotReadyError:
    return ClusterNotReadyError(f"the cluster is {cluster.status}", advice=advice)
