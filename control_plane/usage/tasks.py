"""Jobs of usage: collecting it from every cluster, and dropping what is old."""

from datetime import timedelta

from sqlalchemy.orm import Session

from control_plane.clusters.service import ClusterService
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.jobs import JobContext, JobQueue, JobRegistry, enqueue, requested_keys
from control_plane.usage import repository
from control_plane.usage.collector import Collector
from control_plane.usage.plan import Granularity, last_multiple
from control_plane.usage.rests import Rests

COLLECT_JOB = "usage.collect"
COLLECT_CLUSTER_JOB = "usage.collect_cluster"
COLLECT_LEASE_SECONDS = 120
METER_RESTS_JOB = "usage.meter_rests"
METER_RESTS_EVERY_SECONDS = 30
PURGE_JOB = "usage.purge"
PURGE_EVERY_SECONDS = 3600

WINDOWS_KEPT = timedelta(days=35)
ROLLUPS_KEPT = timedelta(days=400)
WINDOWS_PER_BATCH = 200
ROLLUPS_PER_BATCH = 2000
BATCHES_PER_RUN_MAX = 500


class FanOut:
    """Handles `usage.collect`: asks for a run for every cluster that may have closed a window.

    Windows end at multiples of `window_seconds`: a cluster of which windows were collected since
    the last one has nothing more, or what it closed early and can wait.
    """

    def __init__(
        self, database: Database, clock: Clock, clusters: ClusterService, *, window_seconds: int
    ) -> None:
        self._database = database
        self._clock = clock
        self._clusters = clusters
        self._window_seconds = window_seconds

    def run(self, context: JobContext) -> None:
        closed_at = last_multiple(self._clock.now(), self._window_seconds)
        with self._database.snapshot() as session:
            cluster_ids = {cluster.id for cluster in self._clusters.list_metered(session)}
            cluster_ids -= repository.list_collected_since(session, closed_at)
            # One that failed and waits keeps its delay.
            cluster_ids -= requested_keys(session, COLLECT_CLUSTER_JOB)
        with context.apply() as session:
            for cluster_id in sorted(cluster_ids):
                enqueue(session, COLLECT_CLUSTER_JOB, cluster_id, now=self._clock.now())


class RestMeter:
    """Handles `usage.meter_rests`: counts what clusters without brokers keep, at each full hour.

    The end of a rest counts the rest of its last hour.
    """

    def __init__(
        self, database: Database, clock: Clock, clusters: ClusterService, rests: Rests
    ) -> None:
        self._database = database
        self._clock = clock
        self._clusters = clusters
        self._rests = rests

    def run(self, context: JobContext) -> None:
        until = Granularity.HOUR.floor(self._clock.now())
        with self._database.snapshot() as session:
            cluster_ids = repository.list_resting(session, until)
        for cluster_id in cluster_ids:
            with context.apply() as session:
                cluster = self._clusters.find_metered(session, cluster_id)
                if cluster is not None:
                    self._rests.count(session, cluster, until)


class Purge:
    """Handles `usage.purge`: drops windows after 35 days, hours and days after 400."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(self, context: JobContext) -> None:
        now = self._clock.now()
        windows_end, rollups_end = now - WINDOWS_KEPT, now - ROLLUPS_KEPT

        def drop(session: Session) -> bool:
            """Drop one batch of each kind; tell whether more may be left."""
            windows = repository.delete_windows(session, windows_end, WINDOWS_PER_BATCH)
            rollups = repository.delete_rollups(session, rollups_end, ROLLUPS_PER_BATCH)
            repository.delete_rests(session, windows_end, ROLLUPS_PER_BATCH)
            traffic = repository.delete_rollup_traffic(session, rollups_end, ROLLUPS_PER_BATCH)
            return windows == WINDOWS_PER_BATCH or ROLLUPS_PER_BATCH in {rollups, traffic}

        for _ in range(BATCHES_PER_RUN_MAX):
            with context.apply() as session:
                is_more = drop(session)
            if not is_more:
                return


def register(
    registry: JobRegistry,
    collector: Collector,
    fan_out: FanOut,
    rest_meter: RestMeter,
    purge: Purge,
    *,
    every_seconds: int,
) -> None:
    """Add the jobs of usage to a process; clusters are asked every so many seconds."""
    registry.register(COLLECT_JOB, fan_out.run, every_seconds=every_seconds)
    registry.register(
        COLLECT_CLUSTER_JOB,
        collector.run,
        lease_seconds=COLLECT_LEASE_SECONDS,
        queue=JobQueue.METRICS,
    )
    registry.register(METER_RESTS_JOB, rest_meter.run, every_seconds=METER_RESTS_EVERY_SECONDS)
    registry.register(PURGE_JOB, purge.run, every_seconds=PURGE_EVERY_SECONDS)
