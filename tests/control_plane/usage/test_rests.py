"""What is counted while a cluster's brokers are stopped, once and to the byte."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from control_plane.kit.jobs import RECURRING_KEY, enqueue
from control_plane.provisioning.usage import UsageWindow as ReportedWindow
from control_plane.usage.models import UsageRollup, UsageWindow
from control_plane.usage.plan import Rest, instant, outside_rests
from control_plane.usage.tasks import METER_RESTS_JOB
from tests.control_plane.usage.conftest import Metered

KEPT_BYTES = 5000
MINUTE = 60


def meter_rests(metered: Metered) -> None:
    with metered.plane.core.database.transaction() as session:
        enqueue(session, METER_RESTS_JOB, RECURRING_KEY, now=metered.plane.clock.now())
    metered.plane.run_jobs()


def pause(metered: Metered) -> datetime:
    """Keep some bytes in a paused cluster; return when it was paused."""
    metered.meter.append(size=KEPT_BYTES)
    metered.plane.changed(metered.cluster, "pause")
    return metered.plane.clock.now()


def rest_windows(metered: Metered) -> Sequence[UsageWindow]:
    with metered.plane.core.database.snapshot() as session:
        found = select(UsageWindow).where(UsageWindow.broker_id == 0).order_by(UsageWindow.number)
        return session.scalars(found).all()


def byte_seconds(metered: Metered) -> int:
    return sum(
        one.stored_bytes * int((one.ended_at - one.started_at).total_seconds())
        for one in rest_windows(metered)
    )


class TestRest:
    def test_counts_bytes_and_no_running_time(self, metered: Metered) -> None:
        pause(metered)
        metered.plane.clock.advance(30 * MINUTE)
        metered.plane.changed(metered.cluster, "resume")
        (window,) = rest_windows(metered)
        assert (window.stored_bytes, window.running_ms, window.partitions) == (KEPT_BYTES, 0, 0)
        assert byte_seconds(metered) == KEPT_BYTES * 30 * MINUTE
        told = [one.body for one in metered.messages() if "/0/rest/" in one.body["source"]]
        assert [one["stored_bytes"] for one in told] == [KEPT_BYTES]

    def test_is_counted_at_every_full_hour_and_once(self, metered: Metered) -> None:
        pause(metered)
        metered.plane.clock.advance(150 * MINUTE)
        for _ in range(3):
            meter_rests(metered)
        assert len(rest_windows(metered)) == 2
        metered.plane.changed(metered.cluster, "resume")
        assert byte_seconds(metered) == KEPT_BYTES * 150 * MINUTE
        assert all(one.started_at.hour != one.ended_at.hour for one in rest_windows(metered)[:2])

    def test_hours_and_days_hold_it(self, metered: Metered) -> None:
        pause(metered)
        metered.plane.clock.advance(60 * MINUTE)
        metered.plane.changed(metered.cluster, "resume")
        with metered.plane.core.database.snapshot() as session:
            rows = session.scalars(select(UsageRollup)).all()
        kept = {
            kind: sum(one.stored_byte_seconds for one in rows if one.granularity == kind)
            for kind in ("hour", "day")
        }
        of_broker = KEPT_BYTES * MINUTE  # the broker's last window
        assert kept == dict.fromkeys(("hour", "day"), KEPT_BYTES * 60 * MINUTE + of_broker)

    def test_lasts_through_deletion_until_the_data_goes(self, metered: Metered) -> None:
        pause(metered)
        metered.plane.clock.advance(10 * MINUTE)
        metered.plane.changed(metered.cluster, "delete")
        metered.plane.clock.advance(10 * MINUTE)
        metered.plane.changed(metered.cluster, "delete", is_purged=True)
        metered.plane.clock.advance(600 * MINUTE)
        meter_rests(metered)
        assert byte_seconds(metered) == KEPT_BYTES * 20 * MINUTE

    def test_is_told_with_the_plan_of_its_time(self, metered: Metered) -> None:
        pause(metered)
        metered.plane.clock.advance(10 * MINUTE)
        with metered.plane.core.database.transaction() as session:
            cluster = session.merge(metered.cluster)
            session.refresh(cluster)
            cluster.plan = "pro"
            metered.plane.services.clusters.request_run(session, cluster.id)
        metered.plane.run_jobs()
        metered.plane.clock.advance(10 * MINUTE)
        metered.plane.changed(metered.cluster, "resume")
        told = [one.body for one in metered.messages() if "/0/rest/" in one.body["source"]]
        assert [one["plan"] for one in told] == ["dev", "pro"]

    def test_does_not_disturb_the_brokers_meter(self, metered: Metered) -> None:
        metered.use(100)
        metered.collect()
        metered.plane.changed(metered.cluster, "pause")
        metered.plane.clock.advance(120 * MINUTE)
        meter_rests(metered)
        metered.plane.changed(metered.cluster, "resume")
        metered.use(20)
        metered.collect()
        assert metered.bytes_in().windows == 120


def window(started_s: int, ended_s: int) -> ReportedWindow:
    return ReportedWindow(
        number=1,
        started_at_ms=started_s * 1000,
        ended_at_ms=ended_s * 1000,
        running_ms=(ended_s - started_s) * 1000,
        stored_bytes=7,
        partitions=1,
        connections=0,
        appended=(),
        traffic=(),
    )


REST = Rest(instant(100_000), instant(200_000))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((0, 60), (0, 60, 60, 7)),
        ((60, 120), (60, 100, 40, 7)),  # a stop cut it short
        ((180, 240), (200, 240, 40, 7)),  # a start took it up again
        ((90, 230), (200, 230, 30, 7)),
        ((120, 180), (120, 180, 0, 0)),  # woken, and nobody came
        ((200, 260), (200, 260, 60, 7)),
    ],
)
def test_a_brokers_window_counts_outside_of_rests(
    given: tuple[int, int], expected: tuple[int, int, int, int]
) -> None:
    found = outside_rests(window(*given), [REST])
    seconds = (found.started_at_ms, found.ended_at_ms, found.running_ms)
    assert (*(one // 1000 for one in seconds), found.stored_bytes) == expected


def test_a_rest_that_lasts_has_no_end() -> None:
    lasting = Rest(REST.started_at, None)
    later = int(timedelta(days=1).total_seconds())
    assert outside_rests(window(later, later + 60), [lasting]).running_ms == 0
