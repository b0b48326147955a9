"""Looks at every cluster now and then, for what no request tells: deaths, and strangers."""

from collections.abc import Mapping, Sequence

import structlog
from prometheus_client import Gauge

from control_plane.clusters import repository
from control_plane.clusters.lifecycle import ClusterLifecycle
from control_plane.clusters.maintenance import (
    MAINTAINED_PER_SWEEP_MAX,
    may_be_moved,
    window_from_json,
)
from control_plane.clusters.models import Cluster
from control_plane.clusters.observation import is_as_wanted, is_outdated
from control_plane.clusters.service import RECONCILE_JOB
from control_plane.clusters.states import Presence
from control_plane.clusters.waking import is_idle
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.jobs import JobContext, enqueue, requested_keys
from control_plane.provisioning.engine import Engine
from control_plane.provisioning.errors import ProvisioningError

UNKNOWN = Gauge(
    "headrace_clusters_unknown", "Clusters that run here but that the database does not know"
)

log = structlog.stdlib.get_logger("clusters")


class Sweeper:
    """Handles `clusters.sweep`.

    A cluster that the database does not know is reported and left alone: after the control plane
    was restored from an old backup it may be somebody's living cluster.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        engines: Mapping[str, Engine],
        lifecycle: ClusterLifecycle,
    ) -> None:
        self._lifecycle = lifecycle
        self._database = database
        self._clock = clock
        self._engines = engines
        self._suspects: frozenset[str] = frozenset()
        self._reported: frozenset[str] = frozenset()

    @property
    def unknown(self) -> frozenset[str]:
        """The ids of the clusters that were last reported."""
        return self._reported

    def run(self, context: JobContext) -> None:
        # Listed first: what an engine has was in the database before. Engines may share a machine,
        # and then each lists the clusters of all.
        strangers = {one for engine in self._engines.values() for one in engine.list()}
        for name, engine in self._engines.items():
            known = self._known(name)
            strangers -= {cluster.id for cluster in known}
            _renew_certificates(engine, known)
            found_off, idle, outdated = self._judge(engine, known)
            self._request_runs(context, found_off)
            self._pause_idle(context, idle)
            self._maintain(context, outdated)
        self._report(frozenset(strangers))

    def _judge(
        self, engine: Engine, known: Sequence[Cluster]
    ) -> tuple[Sequence[str], Sequence[Cluster], Sequence[Cluster]]:
        """Return the clusters that are not as wanted, that nobody uses, and that are outdated."""
        off: list[str] = []
        idle: list[Cluster] = []
        outdated: list[Cluster] = []
        version = engine.available_version()
        for cluster in known:
            seen = engine.observe(cluster.id)
            if not is_as_wanted(cluster, seen, self._clock.now()):
                off.append(cluster.id)
            elif is_idle(cluster, seen):
                idle.append(cluster)
            elif is_outdated(cluster, version):
                outdated.append(cluster)
        return off, idle, outdated

    def _pause_idle(self, context: JobContext, idle: Sequence[Cluster]) -> None:
        for cluster in idle:
            with context.apply() as session:
                self._lifecycle.pause_idle(session, cluster)

    def _maintain(self, context: JobContext, outdated: Sequence[Cluster]) -> None:
        """Move clusters to the version that is installed, some at a time, each when it may be."""
        now = self._clock.now()
        due = [
            cluster
            for cluster in outdated
            if may_be_moved(
                window_from_json(cluster.maintenance_window),
                settled_at=cluster.status_since,
                now=now,
            )
        ]
        for cluster in due[:MAINTAINED_PER_SWEEP_MAX]:
            log.info("cluster_outdated", cluster_id=cluster.id, version=cluster.observed_version)
            with context.apply() as session:
                self._lifecycle.maintain(session, cluster)

    def _known(self, engine: str) -> Sequence[Cluster]:
        with self._database.snapshot() as session:
            return repository.list_present(session, engine)

    def _request_runs(self, context: JobContext, cluster_ids: Sequence[str]) -> None:
        with context.apply() as session:
            # A run that waits after a failure keeps its delay and its count of attempts.
            requested = requested_keys(session, RECONCILE_JOB)
            for cluster_id in cluster_ids:
                if cluster_id not in requested:
                    enqueue(session, RECONCILE_JOB, cluster_id, now=self._clock.now())

    def _report(self, suspects: frozenset[str]) -> None:
        # One that is being deleted may be listed just before its row says that it is gone.
        unknown = suspects & self._suspects
        for cluster_id in sorted(unknown - self._reported):
            log.warning(
                "cluster_unknown",
                cluster_id=cluster_id,
                advice="it runs here but the database does not know it; it is left as it is",
            )
        self._suspects, self._reported = suspects, unknown
        UNKNOWN.set(len(unknown))


def _renew_certificates(engine: Engine, living: Sequence[Cluster]) -> None:
    for cluster in living:
        if cluster.presence != Presence.RUNNING:
            continue
        try:
            if engine.renew_certificate(cluster.id):
                log.info("certificate_renewed", cluster_id=cluster.id)
        except ProvisioningError as error:
            log.warning("certificate_not_reloaded", cluster_id=cluster.id, reason=error.detail)
