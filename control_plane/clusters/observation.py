"""Compares a cluster's row with what its engine sees; pure but for the types it reads."""

from dataclasses import replace
from datetime import datetime

from control_plane.clusters.models import Cluster
from control_plane.clusters.plan import Brokers, Observed, Wanted, steps
from control_plane.clusters.states import ClusterStatus, Presence, settled
from control_plane.clusters.waking import is_on_trial, is_taken_up
from control_plane.provisioning.engine import ClusterObservation, ObservedState

_BROKERS: dict[ObservedState, Brokers] = {
    "running": Brokers.RUNNING,
    "starting": Brokers.STARTING,
    "backing_off": Brokers.STARTING,
    "stopped": Brokers.STOPPED,
}


def wanted(cluster: Cluster) -> Wanted:
    return Wanted(
        presence=Presence(cluster.presence),
        generation=cluster.generation,
        credentials_generation=cluster.credentials_generation,
        wakes=cluster.wake_on_connect,
        awaits_data=cluster.source_id is not None and cluster.forked_at is None,
    )


def judged(cluster: Cluster, seen: ClusterObservation | None, now: datetime) -> Observed:
    """Return what of an observation decides, with the time that a woken cluster may have left."""
    is_resting = cluster.status == ClusterStatus.PAUSED
    return replace(observed(seen), is_on_trial=is_resting and is_on_trial(seen, now))


def observed(seen: ClusterObservation | None) -> Observed:
    if seen is None:
        return Observed(Brokers.UNKNOWN, generation=0, credentials_generation=0)
    return Observed(
        brokers=_BROKERS[seen.state],
        generation=seen.generation or 0,
        credentials_generation=seen.credentials_generation or 0,
        wakes=seen.wakes,
    )


def is_as_wanted(cluster: Cluster, seen: ClusterObservation | None, now: datetime) -> bool:
    """Tell whether nothing is left to do, nor to record."""
    if steps(wanted(cluster), judged(cluster, seen, now)) or is_ahead(cluster, seen):
        return False
    if is_taken_up(cluster, seen):
        return False
    is_settled = cluster.status == settled(Presence(cluster.presence))
    is_metered = cluster.metered_plan == cluster.plan
    return is_settled and is_metered and is_recorded(cluster, seen)


def is_ahead(cluster: Cluster, seen: ClusterObservation | None) -> bool:
    """Tell whether newer credentials are in force than the row knows of: an old row, restored."""
    return observed(seen).credentials_generation > cluster.credentials_generation


def is_recorded(cluster: Cluster, seen: ClusterObservation | None) -> bool:
    """Tell whether the row says what is seen."""
    if seen is None or seen.endpoints is None:
        return True
    if seen.version is not None and seen.version != cluster.observed_version:
        return False
    addresses = seen.endpoints
    recorded = (
        cluster.kafka_sasl_ssl,
        cluster.kafka_sasl_plaintext,
        cluster.kafka_ssl,
        cluster.kafka_oauth,
    )
    found = (addresses.sasl_ssl, addresses.sasl_plaintext, addresses.ssl, addresses.oauth)
    return recorded == found and cluster.ca_certificate == seen.ca_certificate


def is_outdated(cluster: Cluster, version: str | None) -> bool:
    """Tell whether a running cluster has another version than the one that is installed."""
    is_known = version is not None and cluster.observed_version is not None
    is_running = cluster.status == ClusterStatus.RUNNING
    return is_known and is_running and cluster.observed_version != version


def record(cluster: Cluster, seen: ClusterObservation | None) -> None:
    """Write what is seen into the row."""
    generations = observed(seen)
    if generations.brokers is Brokers.RUNNING:
        cluster.observed_generation = generations.generation
        cluster.observed_credentials_generation = generations.credentials_generation
    if seen is not None and seen.version is not None:
        cluster.observed_version = seen.version
    if seen is not None and seen.endpoints is not None:
        cluster.kafka_sasl_ssl = seen.endpoints.sasl_ssl
        cluster.kafka_sasl_plaintext = seen.endpoints.sasl_plaintext
        cluster.kafka_ssl = seen.endpoints.ssl
        cluster.kafka_oauth = seen.endpoints.oauth
        cluster.ca_certificate = seen.ca_certificate
