from datetime import timedelta

from sqlalchemy import func, select

from control_plane.kit.jobs import RECURRING_KEY, Job, enqueue, requested_keys
from control_plane.provisioning.errors import ClusterNotRunningError
from control_plane.usage.models import (
    UsageRange,
    UsageRollup,
    UsageRollupTraffic,
    UsageTraffic,
    UsageWindow,
)
from control_plane.usage.tasks import (
    COLLECT_CLUSTER_JOB,
    PURGE_JOB,
    ROLLUPS_KEPT,
    WINDOWS_KEPT,
    WINDOWS_PER_BATCH,
)
from tests.control_plane.usage.conftest import Metered, Totals

RAW = (UsageWindow, UsageRange, UsageTraffic)
SUMS = (UsageRollup, UsageRollupTraffic)


def counts(metered: Metered, *models: type) -> list[int]:
    with metered.plane.core.database.snapshot() as session:
        return [session.scalar(select(func.count()).select_from(one)) or 0 for one in models]


def purge(metered: Metered) -> None:
    with metered.plane.core.database.transaction() as session:
        enqueue(session, PURGE_JOB, RECURRING_KEY, now=metered.plane.clock.now())
    metered.plane.run_jobs()


class TestCollect:
    def test_a_silent_broker_is_asked_again(self, metered: Metered) -> None:
        metered.use(100)
        metered.plane.engine.usage_failure = ClusterNotRunningError("it is starting")
        metered.collect()
        metered.plane.engine.usage_failure = None
        metered.collect()
        assert metered.bytes_in() == Totals.all(100)

    def test_asks_once_for_what_ends_at_once(self, sqlite_metered: Metered) -> None:
        metered = sqlite_metered
        metered.use(100)
        metered.collect()
        metered.use(20)
        metered.ask()
        assert metered.meter.acknowledged_through == 1
        metered.collect()
        assert metered.meter.acknowledged_through == 2

    def test_a_cluster_that_failed_keeps_its_delay(self, sqlite_metered: Metered) -> None:
        metered = sqlite_metered
        metered.use(100)
        metered.meter.windows[0]["running_ms"] = -1
        for _ in range(3):
            metered.ask()
        with metered.plane.core.database.snapshot() as session:
            assert requested_keys(session, COLLECT_CLUSTER_JOB) == {metered.cluster.id}
            job = session.scalars(select(Job).where(Job.name == COLLECT_CLUSTER_JOB)).one()
        assert job.attempt == 1
        assert (job.last_error or "").startswith("UsageReportInvalidError")

    def test_a_deleted_cluster_is_not_asked(self, sqlite_metered: Metered) -> None:
        metered = sqlite_metered
        metered.plane.delete(metered.cluster)
        metered.plane.run_jobs()
        metered.collect()
        with metered.plane.core.database.snapshot() as session:
            assert requested_keys(session, COLLECT_CLUSTER_JOB) == frozenset()


class TestPurge:
    def test_drops_windows_and_keeps_their_sums(self, metered: Metered) -> None:
        metered.use(100)
        metered.collect()
        metered.plane.clock.advance(WINDOWS_KEPT.total_seconds() - 3600)
        purge(metered)
        assert counts(metered, *RAW) == [1, 1, 1]
        metered.plane.clock.advance(2 * 3600)
        purge(metered)
        assert counts(metered, *RAW) == [0, 0, 0]
        assert counts(metered, *SUMS) == [2, 2]

    def test_drops_sums_later(self, metered: Metered) -> None:
        metered.use(100)
        metered.collect()
        metered.plane.clock.advance((ROLLUPS_KEPT + timedelta(days=1)).total_seconds())
        purge(metered)
        assert counts(metered, *SUMS) == [0, 0]

    def test_goes_on_after_one_batch(self, sqlite_metered: Metered) -> None:
        metered = sqlite_metered
        metered.use(*range(1, WINDOWS_PER_BATCH + 3))
        metered.collect()
        metered.plane.clock.advance((WINDOWS_KEPT + timedelta(days=1)).total_seconds())
        purge(metered)
        assert counts(metered, *RAW) == [0, 0, 0]

    def test_what_was_dropped_is_not_collected_again(self, sqlite_metered: Metered) -> None:
        metered = sqlite_metered
        metered.use(100)
        metered.collect()
        metered.plane.clock.advance((WINDOWS_KEPT + timedelta(days=1)).total_seconds())
        purge(metered)
        metered.use(20)
        metered.collect()
        assert metered.bytes_in() == Totals(20, 20, 20, 120, 120, 120)
