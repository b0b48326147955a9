"""Writes a page of usage windows in one transaction, or nothing of it."""

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from control_plane.clusters.service import MeteredCluster
from control_plane.kit.clock import Clock
from control_plane.kit.outbox import publish
from control_plane.provisioning.usage import UsagePage
from control_plane.usage import repository
from control_plane.usage.errors import UsageCursorMovedError, UsageRangeConflictError
from control_plane.usage.messages import WINDOW_CLOSED, source, window_closed
from control_plane.usage.models import UsageMeter, UsageRange, UsageTraffic, UsageWindow
from control_plane.usage.plan import CountedWindow, Plan, partitions_of, plan_page
from control_plane.usage.rows import range_rows, rollup_rows, traffic_rows

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
        meter = self._meter(session, cluster, page)
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
        plan = plan_page(page, cursors, lost_through)
        try:
            self._write(session, cluster, page, plan)
        except IntegrityError as error:
            raise UsageRangeConflictError(
                f"a window or range of the page of meter {page.meter_id} was counted before"
            ) from error
        return plan

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
        rollups, traffic = rollup_rows(owner, plan.windows)
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
        repository.insert_all(session, UsageRange, range_rows(owner_of_rows, counted))
        repository.insert_all(session, UsageTraffic, traffic_rows(owner_of_rows, counted.traffic))
        origin = source(cluster.id, page.broker_id, page.meter_id, window.number)
        body = window_closed(cluster, origin, counted)
        publish(session, subject=WINDOW_CLOSED, key=cluster.id, body=body, now=now)


def _moved(cluster: MeteredCluster) -> UsageCursorMovedError:
    return UsageCursorMovedError(
        f"the usage of {cluster.id} was collected by somebody else meanwhile"
    )
