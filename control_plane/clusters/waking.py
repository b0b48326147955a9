"""Rules of clusters that are woken by connections and paused when nobody uses them.

Pure but for the types it reads.
"""

from datetime import datetime, timedelta

from control_plane.clusters.models import Cluster
from control_plane.clusters.states import ClusterStatus, Presence
from control_plane.provisioning.engine import ClusterObservation

TRIAL_SECONDS = 20
"""So long a woken cluster may run before somebody has to have logged in; unbilled until then."""

AUTO_PAUSE_MINUTES_MAX = 7 * 24 * 60


def is_taken_up(cluster: Cluster, seen: ClusterObservation | None) -> bool:
    """Tell whether somebody woke the paused cluster and logged in: it is to run from then on."""
    if seen is None or seen.woken_at is None or seen.customers is None:
        return False
    is_waiting = cluster.presence == Presence.STOPPED and cluster.status == ClusterStatus.PAUSED
    return is_waiting and cluster.wake_on_connect and seen.customers.is_seen


def is_on_trial(seen: ClusterObservation | None, now: datetime) -> bool:
    """Tell whether a woken cluster still has time for somebody to log in."""
    if seen is None or seen.woken_at is None:
        return False
    return now < seen.woken_at + timedelta(seconds=TRIAL_SECONDS)


def is_idle(cluster: Cluster, seen: ClusterObservation | None) -> bool:
    """Tell whether nobody has been logged in for as long as the cluster is to run for nobody."""
    minutes = cluster.auto_pause_minutes
    if minutes is None or cluster.status != ClusterStatus.RUNNING:
        return False
    if seen is None or seen.customers is None or seen.state != "running":
        return False
    return seen.customers.idle_ms >= minutes * 60_000
