"""Jobs of clusters: closing the gap of one, looking at all, and purging what was deleted."""

from control_plane.clusters.issuer_keys import REFRESH_JOB, IssuerKeysRefresher
from control_plane.clusters.purge import Purger
from control_plane.clusters.reconciler import Reconciler
from control_plane.clusters.service import RECONCILE_JOB
from control_plane.clusters.sweep import Sweeper
from control_plane.kit.jobs import JobQueue, JobRegistry

RECONCILE_LEASE_SECONDS = 180
SWEEP_JOB = "clusters.sweep"
SWEEP_EVERY_SECONDS = 5
PURGE_JOB = "clusters.purge"
PURGE_EVERY_SECONDS = 60
ISSUERS_JOB = "issuer_keys.sweep"
ISSUERS_EVERY_SECONDS = 30


def register(
    registry: JobRegistry,
    reconciler: Reconciler,
    sweeper: Sweeper,
    purger: Purger,
    refresher: IssuerKeysRefresher,
) -> None:
    """Add the jobs of clusters to a process."""
    registry.register(RECONCILE_JOB, reconciler.run, lease_seconds=RECONCILE_LEASE_SECONDS)
    registry.register(SWEEP_JOB, sweeper.run, every_seconds=SWEEP_EVERY_SECONDS)
    registry.register(PURGE_JOB, purger.run, every_seconds=PURGE_EVERY_SECONDS)
    registry.register(ISSUERS_JOB, refresher.sweep, every_seconds=ISSUERS_EVERY_SECONDS)
    registry.register(REFRESH_JOB, refresher.refresh, queue=JobQueue.NOTIFICATIONS)
