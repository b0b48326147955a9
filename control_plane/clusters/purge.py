"""Ends the time for which deleted clusters are kept."""

from control_plane.clusters import repository
from control_plane.clusters.lifecycle import ClusterLifecycle
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.jobs import JobContext

PURGED_PER_RUN_MAX = 100


class Purger:
    """Handles `clusters.purge`: asks for the removal of what was deleted long enough ago."""

    def __init__(self, database: Database, clock: Clock, lifecycle: ClusterLifecycle) -> None:
        self._database = database
        self._clock = clock
        self._lifecycle = lifecycle

    def run(self, context: JobContext) -> None:
        with self._database.snapshot() as session:
            due = repository.list_due_for_purge(session, self._clock.now(), PURGED_PER_RUN_MAX)
        for cluster_id in due:
            with context.apply() as session:
                self._lifecycle.purge_due(session, cluster_id)
