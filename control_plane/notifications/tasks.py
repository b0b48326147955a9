"""Jobs of notifications: calling webhooks, looking for what is due, and forgetting."""

from control_plane.kit.jobs import JobQueue, JobRegistry
from control_plane.notifications.delivering import Deliverer
from control_plane.notifications.service import DELIVER_JOB

SWEEP_JOB = "webhooks.sweep"
SWEEP_EVERY_SECONDS = 10
PURGE_JOB = "deliveries.purge"
PURGE_EVERY_SECONDS = 3600
# Longer than a round and the exchange that may begin at its end.
LEASE_SECONDS = 90


def register(registry: JobRegistry, deliverer: Deliverer) -> None:
    """Add the jobs of notifications to a process."""
    registry.register(
        DELIVER_JOB, deliverer.run, lease_seconds=LEASE_SECONDS, queue=JobQueue.NOTIFICATIONS
    )
    registry.register(SWEEP_JOB, deliverer.sweep, every_seconds=SWEEP_EVERY_SECONDS)
    registry.register(PURGE_JOB, deliverer.purge, every_seconds=PURGE_EVERY_SECONDS)
