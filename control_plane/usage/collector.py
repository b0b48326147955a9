"""Copies closed usage windows from brokers, each once: load, process, apply.

What counts a window twice is refused in the transaction that would: the meter's cursor and every
partition's cursor are compared and swapped with the rows and the message. A broker is told that it
may forget a window only after that transaction is durable, so a crash anywhere repeats a page, and
the repetition changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from control_plane.clusters.service import ClusterService, MeteredCluster
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.errors import AppError
from control_plane.kit.jobs import JobContext
from control_plane.kit.outbox import publish
from control_plane.provisioning.engine import Engine
from control_plane.provisioning.errors import (
    ClusterNotRunningError,
    UsageNotOfferedError,
    UsageReportInvalidError,
)
from control_plane.provisioning.usage import UsagePage
from control_plane.usage import repository
from control_plane.usage.errors import (
    UsageCursorMovedError,
    UsageMeterRewoundError,
    UsageRangeConflictError,
)
from control_plane.usage.messages import WINDOW_CLOSED, source, window_closed
from control_plane.usage.models import (
    UsageMeter,
    UsageRange,
    UsageTraffic,
    UsageWindow,
)
from control_plane.usage.plan import CountedWindow, Plan, Traffic, partitions_of, plan_page
from control_plane.usage.rollups import additions

WINDOWS_PER_PAGE = 20

# A deletion may collect beside the job that does, each page going to one of them.
RACES_MAX = 10

COLLECTED = Counter("headrace_usage_windows_collected", "Usage windows collected from brokers")
REFUSED = Counter(
    "headrace_usage_refused", "Pages of usage windows of which nothing was counted", ["code"]
)
LOST = Counter("headrace_usage_lost", "Times that usage was lost for good")

log = structlog.stdlib.get_logger("usage")

# Opens a transaction that is refused once the right to work on the cluster is lost.
Apply = Callable[[], AbstractContextManager[Session]]


class Collector:
    """Collects the usage of one cluster at a time; handles `usage.collect_cluster`."""

    def __init__(self, database: Database, clock: Clock, clusters: ClusterService) -> None:
        self._database = database
        self._clock = clock
        self._clusters = clusters

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
        """Collect everything before the cluster's data is removed.

        With `may_retry` it raises what kept it from that, to be tried again. Without, what is
        left is given up and logged as lost: no broker may keep its cluster from being deleted.
        """
        with self._database.snapshot() as session:
            cluster = self._clusters.find_metered(session, cluster_id)
        if cluster is None:
            return
        failure = self._close_and_collect(cluster, context.apply)
        if failure is None:
            return
        if may_retry and not isinstance(failure, UsageNotOfferedError):
            raise failure
        self._note_loss(cluster, failure)

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
                _note_refusal(cluster, error)
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
                self._store(session, cluster, page, after)
            COLLECTED.inc(len(page.windows))
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

    def _store(
        self, session: Session, cluster: MeteredCluster, page: UsagePage, after: int
    ) -> None:
        """Write everything about a page, or raise and leave nothing."""
        meter = self._meter(session, cluster, page)
        if meter.collected_through != after:
            raise _moved(cluster)
        lost_through = max(meter.lost_through, _lost_through(page, after))
        through = page.windows[-1].number if page.windows else page.acknowledged_through
        # From here on nobody else counts for this meter until the transaction ends.
        if not repository.move_meter(
            session, meter, through=through, lost_through=lost_through, now=self._clock.now()
        ):
            raise _moved(cluster)
        if lost_through > meter.lost_through:
            _note_missing(cluster, page, after)
        cursors = repository.find_cursors(session, cluster.id, partitions_of(page))
        plan = plan_page(page, cursors, lost_through)
        try:
            self._write(session, cluster, page, plan)
        except IntegrityError as error:
            raise UsageRangeConflictError(
                f"a window or range of the page of meter {page.meter_id} was counted before"
            ) from error
        _note_discrepancies(cluster, page, plan)

    def _meter(self, session: Session, cluster: MeteredCluster, page: UsagePage) -> UsageMeter:
        meter = repository.find_meter(session, cluster.id, page.broker_id, page.meter_id)
        if meter is not None:
            return meter
        now = self._clock.now()
        values = {
            "organization_id": cluster.organization_id,
            "cluster_id": cluster.id,
            "broker_id": page.broker_id,
            "meter_id": page.meter_id,
            "collected_through": 0,
            "lost_through": 0,
            "created_at": now,
            "updated_at": now,
        }
        repository.insert_meter(session, values)
        log.info("usage_meter_found", cluster_id=cluster.id, meter_id=page.meter_id)
        meter = repository.find_meter(session, cluster.id, page.broker_id, page.meter_id)
        assert meter is not None, "it is there now, whoever inserted it"
        return meter

    def _write(
        self, session: Session, cluster: MeteredCluster, page: UsagePage, plan: Plan
    ) -> None:
        moved = repository.swap_cursors(session, cluster.organization_id, cluster.id, plan.moves)
        if moved != len(plan.moves):
            raise UsageRangeConflictError(
                f"{len(plan.moves) - moved} cursors moved while a page was counted"
            )
        for counted in plan.windows:
            self._write_window(session, cluster, page, counted)
        owner = {"organization_id": cluster.organization_id, "cluster_id": cluster.id}
        rollups, traffic = _rollup_rows(owner, plan.windows)
        repository.add_to_rollups(session, rollups)
        repository.add_to_rollup_traffic(session, traffic)

    def _write_window(
        self, session: Session, cluster: MeteredCluster, page: UsagePage, counted: CountedWindow
    ) -> None:
        now = self._clock.now()
        window, total = counted.window, counted.total
        owner = {"organization_id": cluster.organization_id, "cluster_id": cluster.id}
        window_id = repository.insert_window(
            session,
            UsageWindow(
                **owner,
                broker_id=page.broker_id,
                meter_id=page.meter_id,
                number=window.number,
                started_at=counted.started_at,
                ended_at=counted.ended_at,
                running_ms=window.running_ms,
                stored_bytes=window.stored_bytes,
                partitions=window.partitions,
                connections=window.connections,
                bytes_in=total.bytes_in,
                records_in=total.records_in,
                bytes_out=total.bytes_out,
                collected_at=now,
            ),
        )
        owner_of_rows = {**owner, "window_id": window_id}
        repository.insert_all(session, UsageRange, _range_rows(owner_of_rows, counted))
        repository.insert_all(session, UsageTraffic, _traffic_rows(owner_of_rows, counted.traffic))
        origin = source(cluster.id, page.broker_id, page.meter_id, window.number)
        body = window_closed(cluster, origin, counted)
        publish(session, subject=WINDOW_CLOSED, key=cluster.id, body=body, now=now)

    def _note_loss(self, cluster: MeteredCluster, error: AppError) -> None:
        with self._database.snapshot() as session:
            meter = repository.find_latest_meter(session, cluster.id)
        LOST.inc()
        log.error(
            "usage_lost",
            cluster_id=cluster.id,
            organization_id=cluster.organization_id,
            reason=f"{error.code}: {error.detail}",
            meter_id=None if meter is None else meter.meter_id,
            collected_through=None if meter is None else meter.collected_through,
            collected_at=None if meter is None else meter.updated_at.isoformat(),
        )


def _range_rows(owner: Mapping[str, Any], counted: CountedWindow) -> list[dict[str, Any]]:
    return [
        {
            **owner,
            "topic_id": one.topic_id,
            "partition": one.partition,
            "first_offset": one.first_offset,
            "next_offset": one.next_offset,
            "topic": one.topic,
            "bytes": one.bytes,
            "records": one.records,
        }
        for one in counted.ranges
    ]


def _traffic_rows(
    owner: Mapping[str, Any], traffic: Mapping[tuple[str, str], Traffic]
) -> list[dict[str, Any]]:
    return [
        {
            **owner,
            "topic_id": topic_id,
            "principal": principal,
            "topic": part.topic,
            **_quantities(part),
        }
        for (topic_id, principal), part in traffic.items()
    ]


def _quantities(part: Traffic) -> dict[str, int]:
    return {
        "bytes_in": part.bytes_in,
        "records_in": part.records_in,
        "produce_requests": part.produce_requests,
        "bytes_out": part.bytes_out,
        "read_requests": part.read_requests,
    }


def _rollup_rows(
    owner: Mapping[str, Any], windows: Sequence[CountedWindow]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rollups: list[dict[str, Any]] = []
    traffic: list[dict[str, Any]] = []
    for (granularity, started_at), added in additions(windows).items():
        bucket = {**owner, "granularity": granularity.value, "started_at": started_at}
        traffic += _traffic_rows(bucket, added.traffic)
        rollups.append(
            {
                **bucket,
                **_quantities(added.total),
                "running_ms": added.running_ms,
                "stored_byte_seconds": added.stored_byte_seconds,
                "stored_bytes": added.last.window.stored_bytes,
                "partitions": added.last.window.partitions,
                "connections": added.last.window.connections,
                "last_ended_at": added.last.ended_at,
            }
        )
    return rollups, traffic


def _lost_through(page: UsagePage, after: int) -> int:
    """Return the last window that the broker forgot before it was collected here, 0 for none."""
    return page.acknowledged_through if page.acknowledged_through > after else 0


def _moved(cluster: MeteredCluster) -> UsageCursorMovedError:
    return UsageCursorMovedError(
        f"the usage of {cluster.id} was collected by somebody else meanwhile"
    )


def _note_refusal(cluster: MeteredCluster, error: AppError) -> None:
    if isinstance(error, ClusterNotRunningError | UsageNotOfferedError):
        return
    REFUSED.labels(code=error.code).inc()
    log.error(error.code, cluster_id=cluster.id, detail=error.detail, advice=error.advice)


def _note_missing(cluster: MeteredCluster, page: UsagePage, after: int) -> None:
    LOST.inc()
    log.error(
        "usage_lost",
        cluster_id=cluster.id,
        organization_id=cluster.organization_id,
        reason="windows were acknowledged that this database does not have: it is an older copy",
        meter_id=page.meter_id,
        first_window=after + 1,
        last_window=page.acknowledged_through,
    )


def _note_discrepancies(cluster: MeteredCluster, page: UsagePage, plan: Plan) -> None:
    for found in plan.discrepancies:
        LOST.inc()
        log.error(
            "usage_lost",
            cluster_id=cluster.id,
            organization_id=cluster.organization_id,
            reason="never reported" if found.is_counted else "a part of the range was counted",
            meter_id=page.meter_id,
            window=found.window_number,
            topic_id=found.range.topic_id,
            partition=found.range.partition,
            first_offset=found.range.first_offset,
            next_offset=found.range.next_offset,
            range_bytes=found.range.bytes,
            counted_up_to=found.cursor.next_offset,
            counted_by_meter_id=found.cursor.meter_id,
        )
