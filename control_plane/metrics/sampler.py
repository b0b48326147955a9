"""Reads the metrics of every running cluster now and then, and adds them to points.

Load, process, apply: what was read last is loaded, brokers are asked side by side and outside of
any transaction, and all of it is written in one. A broker that does not answer in time has no
point; the next reading covers the time until then.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from prometheus_client import Counter
from sqlalchemy.orm import Session

from control_plane.clusters.service import ClusterService, MeteredCluster
from control_plane.identity.tokens import CONTROL_PLANE_SUBJECT
from control_plane.kafka.admin_clients import Connection
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.errors import AppError
from control_plane.kit.jobs import JobContext
from control_plane.metrics import repository
from control_plane.metrics.models import MetricReading
from control_plane.metrics.points import Levels, Point, Step, furthest_behind
from control_plane.metrics.readings import (
    Counters,
    Reading,
    ReadingError,
    counters_from_json,
    read_metrics,
)
from control_plane.metrics.rows import add_to_row, new_row
from control_plane.metrics.survey import Survey
from control_plane.provisioning.errors import MetricsNotOfferedError

BROKERS_AT_ONCE_MAX = 8
ROUND_SECONDS_MAX = 4.0
# Sizes and offsets are asked for when something was changed, and so often in any case.
SURVEY_EVERY = timedelta(seconds=60)
# Of a cluster that was made within this time, all that its broker has counted is news.
NEW_FOR = timedelta(seconds=60)
# After a start of the broker it is not known since when it counts: no longer than between readings.
COVERED_AFTER_START_MS_MAX = 10_000

UNREAD = Counter("headrace_metrics_unread", "Readings of clusters' metrics that came to nothing")
log = structlog.stdlib.get_logger("metrics")


class Surveyor(Protocol):
    """Asks a cluster what its broker's metrics do not say."""

    def survey(self, connection: Connection, *, has_groups: bool) -> Survey: ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one cluster told, and what was asked of it beside its metrics, if it was."""

    cluster: MeteredCluster
    at: datetime
    reading: Reading
    survey: Survey | None
    is_surveyed: bool


class Sampler:
    """Handles `metrics.sample`."""

    def __init__(
        self, database: Database, clock: Clock, clusters: ClusterService, surveyor: Surveyor
    ) -> None:
        self._database = database
        self._clock = clock
        self._clusters = clusters
        self._surveyor = surveyor

    def run(self, context: JobContext) -> None:
        with self._database.snapshot() as session:
            clusters = self._clusters.list_metered(session)
            known = repository.list_readings(session, [cluster.id for cluster in clusters])
        seen = self._look_at_all(clusters, known)
        if seen:
            with context.apply() as session:
                self._apply(session, seen)

    def _look_at_all(
        self, clusters: Sequence[MeteredCluster], known: Mapping[str, MetricReading]
    ) -> list[_Seen]:
        pool = ThreadPoolExecutor(BROKERS_AT_ONCE_MAX, thread_name_prefix="metrics")
        asked = [pool.submit(self._look, one, known.get(one.id)) for one in clusters]
        done, late = wait(asked, ROUND_SECONDS_MAX)
        pool.shutdown(wait=False, cancel_futures=True)
        UNREAD.inc(len(late))
        found = [future.result() for future in asked if future in done]
        return [one for one in found if one is not None]

    def _look(self, cluster: MeteredCluster, known: MetricReading | None) -> _Seen | None:
        try:
            reading = read_metrics(self._clusters.engine(cluster.engine).metrics(cluster.id))
        except MetricsNotOfferedError:
            return None
        except (AppError, ReadingError) as error:
            UNREAD.inc()
            log.info("metrics_not_read", cluster_id=cluster.id, reason=str(error))
            return None
        now = self._clock.now()
        is_due = known is None or is_survey_due(known, reading.counters, now)
        survey = self._survey(cluster, reading) if is_due else None
        return _Seen(cluster, now, reading, survey, is_due)

    def _survey(self, cluster: MeteredCluster, reading: Reading) -> Survey | None:
        try:
            bootstrap = self._clusters.engine(cluster.engine).bootstrap(cluster.id)
            connection = Connection(
                cluster_id=cluster.id,
                subject=CONTROL_PLANE_SUBJECT,
                servers=bootstrap.servers,
                security_protocol=bootstrap.security_protocol,
                ca_certificate=bootstrap.ca_certificate,
            )
            return self._surveyor.survey(connection, has_groups=reading.groups > 0)
        except AppError as error:
            UNREAD.inc()
            log.info("metrics_not_surveyed", cluster_id=cluster.id, reason=error.detail)
            return None

    def _apply(self, session: Session, seen: Sequence[_Seen]) -> None:
        known = repository.list_readings(session, [one.cluster.id for one in seen])
        points: dict[Step, dict[str, Point]] = {step: {} for step in Step}
        now = self._clock.now()
        for one in seen:
            before = known.get(one.cluster.id)
            point = _point(one, before)
            if before is None:
                before = MetricReading(
                    cluster_id=one.cluster.id,
                    organization_id=one.cluster.organization_id,
                    surveyed_changes=0,
                    group_lags={},
                )
                session.add(before)
            _note(before, one)
            point = Point(point.covered_ms, point.counters, _levels(before))
            for step in Step:
                points[step][one.cluster.id] = point
        owners = {one.cluster.id: one.cluster.organization_id for one in seen}
        for step, found in points.items():
            # What was counted up to now belongs to the step that ends now, at the earliest.
            started_at = step.floor(now - timedelta(microseconds=1))
            rows = repository.list_points_at(session, step, started_at)
            for cluster_id, point in found.items():
                row = rows.get(cluster_id)
                if row is None:
                    session.add(new_row(cluster_id, owners[cluster_id], step, started_at, point))
                else:
                    add_to_row(row, point)


def is_survey_due(known: MetricReading, counters: Counters, now: datetime) -> bool:
    """Tell whether sizes or offsets may be others than when they were asked for."""
    if known.surveyed_at is None or now - known.surveyed_at >= SURVEY_EVERY:
        return True
    return counters.changes != known.surveyed_changes


def _point(seen: _Seen, before: MetricReading | None) -> Point:
    """Return what was counted since the reading before, without levels."""
    levels = Levels(seen.reading.connections)
    if before is None:
        is_new = seen.at - seen.cluster.created_at < NEW_FOR
        if not is_new:
            return Point(0, Counters(), levels)
        return Point(COVERED_AFTER_START_MS_MAX, seen.reading.counters, levels)
    then = counters_from_json(before.counters)
    elapsed_ms = max((seen.at - before.read_at) // timedelta(milliseconds=1), 1)
    if seen.reading.counters.is_restarted(then):
        elapsed_ms = min(elapsed_ms, COVERED_AFTER_START_MS_MAX)
    return Point(elapsed_ms, seen.reading.counters.since(then), levels)


def _note(row: MetricReading, seen: _Seen) -> None:
    """Write down what was read, for the next reading to be compared with."""
    row.read_at = seen.at
    row.counters = seen.reading.counters.to_json()
    row.connections = seen.reading.connections
    if not seen.is_surveyed:
        return
    survey = seen.survey
    row.surveyed_at = None if survey is None else seen.at
    row.surveyed_changes = seen.reading.counters.changes
    row.partitions = None if survey is None else survey.partitions
    row.stored_bytes = None if survey is None else survey.stored_bytes
    row.lag = None if survey is None else survey.lag
    row.group_lags = {} if survey is None else furthest_behind(survey.lags)


def _levels(row: MetricReading) -> Levels:
    return Levels(row.connections, row.partitions, row.stored_bytes, row.lag, row.group_lags)
