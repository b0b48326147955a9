"""Writes a page of usage windows in one transaction, or nothing of it."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from control_plane.clusters.service import MeteredCluster
from control_plane.kit.clock import Clock
from control_plane.kit.outbox import publish
from control_plane.provisioning.usage import UsagePage
from control_plane.provisioning.usage import UsageWindow as ReportedWindow
from control_plane.usage import repository
from control_plane.usage.errors import UsageCursorMovedError, UsageRangeConflictError
from control_plane.usage.messages import WINDOW_CLOSED, source, window_closed
from control_plane.usage.models import UsageMeter, UsageRange, UsageTraffic, UsageWindow
from control_plane.usage.plan import (
    CountedWindow,
    Plan,
    instant,
    ms,
    outside_rests,
    partitions_of,
    plan_page,
)
from control_plane.usage.repository import REST_BROKER_ID
from control_plane.usage.rows import range_rows, rollup_rows, traffic_rows

REST_METER_ID = "rest"

log = structlog.stdlib.get_logger("usage")


class PageWriter:
    """Compares and swaps the cursors of a page, and writes its rows, sums and messages."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def write(self, session: Session, cluster: MeteredCluster, page: UsagePage, after: int) -> Plan:
        """Write everything about a page that follows window `after`; return what was planned.

        Raises UsageCursorMovedError when the meter's cursor stands elsewhere by now, and
        UsageRangeConflictError when a range does not follow: the transaction must then end.
        """
        meter = self._meter(session, cluster, page.broker_id, page.meter_id)
        if meter.collected_through != after:
            raise _moved(cluster)
        lost_through = meter.lost_through
        if page.acknowledged_through > after:
            lost_through = page.acknowledged_through
        through = page.windows[-1].number if page.windows else page.acknowledged_through
        # From here on nobody else counts for this meter until the transaction ends.
        if not repository.move_meter(
            session, meter, through=through, lost_through=lost_through, now=self._clock.now()
        ):
            raise _moved(cluster)
        cursors = repository.find_cursors(session, cluster.id, partitions_of(page))
        plan = plan_page(self._outside_rests(session, cluster, page), cursors, lost_through)
        try:
            self._write(session, cluster, page, plan)
        except IntegrityError as error:
            raise UsageRangeConflictError(
                f"a window or range of the page of meter {page.meter_id} was counted before"
            ) from error
        return plan

    def write_rest(
        self,
        session: Session,
        cluster: MeteredCluster,
        spans: Sequence[tuple[datetime, datetime]],
        stored_bytes: int,
    ) -> None:
        """Write what a cluster kept in `spans`, each within an hour, while no broker ran.

        Raises UsageCursorMovedError when somebody else counts for the cluster's rest.
        """
        meter = self._meter(session, cluster, REST_BROKER_ID, REST_METER_ID)
        first = meter.collected_through + 1
        if not repository.move_meter(
            session,
            meter,
            through=meter.collected_through + len(spans),
            lost_through=meter.lost_through,
            now=self._clock.now(),
        ):
            raise _moved(cluster)
        windows = [
            CountedWindow(_rest_window(number, span, stored_bytes), ranges=(), traffic={})
            for number, span in enumerate(spans, first)
        ]
        self._write_windows(session, cluster, REST_BROKER_ID, REST_METER_ID, windows)

    def _outside_rests(
        self, session: Session, cluster: MeteredCluster, page: UsagePage
    ) -> UsagePage:
        if not page.windows:
            return page
        period = instant(page.windows[0].started_at_ms), instant(page.windows[-1].ended_at_ms)
        rests = repository.list_rests(session, cluster.id, period)
        if not rests:
            return page
        return replace(page, windows=tuple(outside_rests(one, rests) for one in page.windows))

    def _meter(
        self, session: Session, cluster: MeteredCluster, broker_id: int, meter_id: str
    ) -> UsageMeter:
        meter = repository.find_meter(session, cluster.id, broker_id, meter_id)
        if meter is not None:
            return meter
        now = self._clock.now()
        values = {
            "organization_id": cluster.organization_id,
            "cluster_id": cluster.id,
            "broker_id": broker_id,
            "meter_id": meter_id,
            "collected_through": 0,
            "lost_through": 0,
            "created_at": now,
            "updated_at": now,
        }
        repository.insert_meter(session, values)
        log.info("usage_meter_found", cluster_id=cluster.id, meter_id=meter_id)
        meter = repository.find_meter(session, cluster.id, broker_id, meter_id)
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
        self._write_windows(session, cluster, page.broker_id, page.meter_id, plan.windows)

    def _write_windows(
        self,
        session: Session,
        cluster: MeteredCluster,
        broker_id: int,
        meter_id: str,
        windows: Sequence[CountedWindow],
    ) -> None:
        for counted in windows:
            self._write_window(session, cluster, broker_id, meter_id, counted)
        owner = {"organization_id": cluster.organization_id, "cluster_id": cluster.id}
        rollups, traffic = rollup_rows(owner, windows)
        repository.add_to_rollups(session, rollups)
        repository.add_to_rollup_traffic(session, traffic)

    def _write_window(
        self,
        session: Session,
        cluster: MeteredCluster,
        broker_id: int,
        meter_id: str,
        counted: CountedWindow,
    ) -> None:
        now = self._clock.now()
        window, total = counted.window, counted.total
        owner = {"organization_id": cluster.organization_id, "cluster_id": cluster.id}
        window_id = repository.insert_window(
            session,
            UsageWindow(
                **owner,
                broker_id=broker_id,
                meter_id=meter_id,
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
        repository.insert_all(session, UsageRange, range_rows(owner_of_rows, counted))
        repository.insert_all(session, UsageTraffic, traffic_rows(owner_of_rows, counted.traffic))
        origin = source(cluster.id, broker_id, meter_id, window.number)
        body = window_closed(cluster, origin, counted)
        publish(session, subject=WINDOW_CLOSED, key=cluster.id, body=body, now=now)


def _rest_window(number: int, span: tuple[datetime, datetime], stored_bytes: int) -> ReportedWindow:
    return ReportedWindow(
        number=number,
        started_at_ms=ms(span[0]),
        ended_at_ms=ms(span[1]),
        running_ms=0,
        stored_bytes=stored_bytes,
        partitions=0,
        connections=0,
        appended=(),
        traffic=(),
    )


def _moved(cluster: MeteredCluster) -> UsageCursorMovedError:
    return UsageCursorMovedError(
        f"the usage of {cluster.id} was collected by somebody else meanwhile"
    )
