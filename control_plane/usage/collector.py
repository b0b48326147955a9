"""Copies closed usage windows from brokers, each once: load, process, apply.

What counts a window twice is refused in the transaction that would: the meter's cursor and every
partition's cursor are compared and swapped with the rows and the message. A broker is told that it
may forget a window only after that transaction is durable, so a crash anywhere repeats a page, and
the repetition changes nothing.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

import structlog
from prometheus_client import Counter
from sqlalchemy.orm import Session

from control_plane.clusters.service import ClusterService, MeteredCluster
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.errors import AppError
from control_plane.kit.jobs import JobContext
from control_plane.provisioning.engine import Engine
from control_plane.provisioning.errors import (
    ClusterNotRunningError,
    UsageNotOfferedError,
    UsageReportInvalidError,
)
from control_plane.provisioning.usage import UsagePage
from control_plane.usage import repository
from control_plane.usage.errors import UsageCursorMovedError, UsageMeterRewoundError
from control_plane.usage.findings import note_discrepancy, note_end, note_missing, note_refusal
from control_plane.usage.page_writer import PageWriter
from control_plane.usage.rests import Rests

WINDOWS_PER_PAGE = 20

# A deletion may collect beside the job that does, each page going to one of them.
RACES_MAX = 10

COLLECTED = Counter("headrace_usage_windows_collected", "Usage windows collected from brokers")
log = structlog.stdlib.get_logger("usage")

# Opens a transaction that is refused once the right to work on the cluster is lost.
Apply = Callable[[], AbstractContextManager[Session]]


class Collector:
    """Collects the usage of one cluster at a time; handles `usage.collect_cluster`."""

    def __init__(self, database: Database, clock: Clock, clusters: ClusterService) -> None:
        self._database = database
        self._clusters = clusters
        self._writer = PageWriter(clock)
        self.rests = Rests(self._writer)

    def run(self, context: JobContext) -> None:
        """Collect what the cluster `context.key` has closed; what can not be read now waits."""
        with self._database.snapshot() as session:
            cluster = self._clusters.find_metered(session, context.key)
        if cluster is None:
            return
        try:
            self.collect(cluster, context.apply)
        except ClusterNotRunningError as error:
            log.info("usage_waits_for_broker", cluster_id=cluster.id, reason=error.detail)
        except UsageNotOfferedError as error:
            log.warning("usage_not_offered", cluster_id=cluster.id, reason=error.detail)

    def finish(self, cluster_id: str, context: JobContext, *, may_retry: bool) -> None:
        """Collect everything before the cluster's brokers are stopped or its data is removed.

        With `may_retry` it raises what kept it from that, to be tried again. Without, what is
        left is given up and logged as lost: no broker may keep its cluster from being deleted.
        """
        with self._database.snapshot() as session:
            cluster = self._clusters.find_metered(session, cluster_id)
            is_resting = repository.find_rest(session, cluster_id) is not None
        if cluster is None or is_resting:
            return  # what a cluster that rests has used was collected when it was stopped
        failure = self._close_and_collect(cluster, context.apply)
        if failure is None:
            return
        if may_retry and not isinstance(failure, UsageNotOfferedError):
            raise failure
        with self._database.snapshot() as session:
            meter = repository.find_latest_meter(session, cluster.id)
        note_end(cluster, meter, failure)

    def begin_rest(self, session: Session, cluster: MeteredCluster, at: datetime) -> None:
        """Note that no broker runs from `at` on, unless that is known."""
        self.rests.begin(session, cluster, at)

    def count_rest(self, session: Session, cluster: MeteredCluster, until: datetime) -> None:
        """Count what a cluster that rests has kept until then."""
        self.rests.count(session, cluster, until)

    def end_rest(self, session: Session, cluster: MeteredCluster, at: datetime) -> None:
        """Count what was kept until `at`, from when on brokers count; without a rest do nothing."""
        self.rests.end(session, cluster, at)

    def _close_and_collect(self, cluster: MeteredCluster, apply: Apply) -> AppError | None:
        """Return what went wrong; a window that can not be closed keeps no other from being had."""
        failure: AppError | None = None
        try:
            self._clusters.engine(cluster.engine).close_usage_window(cluster.id)
        except AppError as error:
            failure = error
        try:
            self.collect(cluster, apply)
        except AppError as error:
            failure = failure or error
        return failure

    def collect(self, cluster: MeteredCluster, apply: Apply) -> int:
        """Collect every window that is closed by now; return how many there were.

        Raises ProvisioningError when the broker can not be asked, UsageReportInvalidError,
        UsageRangeConflictError or UsageMeterRewoundError when what it says can not be counted;
        pages before that one are kept.
        """
        engine = self._clusters.engine(cluster.engine)
        count, races = 0, 0
        while True:
            try:
                page, through = self._collect_page(engine, cluster, apply)
            except UsageCursorMovedError:
                races += 1
                if races > RACES_MAX:
                    raise
                continue
            except AppError as error:
                note_refusal(cluster, error)
                raise
            count += len(page.windows)
            if through > page.acknowledged_through:
                engine.acknowledge_usage(cluster.id, through=through)
            if through >= page.closed_through:
                return count

    def _collect_page(
        self, engine: Engine, cluster: MeteredCluster, apply: Apply
    ) -> tuple[UsagePage, int]:
        """Collect one page; return it, and the last window that is in the database."""
        page, after = self._read_page(engine, cluster)
        if page.closed_through < after:
            raise UsageMeterRewoundError(
                f"windows of meter {page.meter_id} were collected through {after}, but it has "
                f"closed them only through {page.closed_through}",
                advice="the broker's data is an old copy: remove its usage files, so that it "
                "counts under a meter of its own",
            )
        lost = page.acknowledged_through > after
        if page.windows or lost:
            with apply() as session:
                plan = self._writer.write(session, cluster, page, after)
            COLLECTED.inc(len(page.windows))
            if lost:
                note_missing(cluster, page, after)
            for found in plan.discrepancies:
                note_discrepancy(cluster, page, found)
        through = page.windows[-1].number if page.windows else max(after, page.acknowledged_through)
        return page, through

    def _read_page(self, engine: Engine, cluster: MeteredCluster) -> tuple[UsagePage, int]:
        """Ask for what follows the meter's cursor; return it, and where the cursor stands."""
        with self._database.snapshot() as session:
            latest = repository.find_latest_meter(session, cluster.id)
        after = 0 if latest is None else latest.collected_through
        page = engine.usage_windows(cluster.id, after=after, count_max=WINDOWS_PER_PAGE)
        if latest is not None and page.meter_id == latest.meter_id:
            return page, after
        with self._database.snapshot() as session:
            known = repository.find_meter(session, cluster.id, page.broker_id, page.meter_id)
        own = 0 if known is None else known.collected_through
        if own == after:
            return page, after
        again = engine.usage_windows(cluster.id, after=own, count_max=WINDOWS_PER_PAGE)
        if again.meter_id != page.meter_id:
            raise UsageReportInvalidError("the broker changed its meter between two answers")
        return again, own
