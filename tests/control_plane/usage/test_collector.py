"""What is collected, once, whatever fails in between."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from control_plane.clusters.reconciler import ATTEMPTS_FOR_USAGE
from control_plane.clusters.service import MeteredCluster
from control_plane.provisioning.errors import (
    BrokerNotReadyError,
    ClusterNotRunningError,
    UsageNotOfferedError,
    UsageReportInvalidError,
)
from control_plane.usage.collector import WINDOWS_PER_PAGE, Collector
from control_plane.usage.errors import (
    UsageMeterRewoundError,
    UsageRangeConflictError,
)
from tests.control_plane.usage.conftest import Metered, Totals
from tests.fixtures.databases import Aborted
from tests.fixtures.memory_meter import MemoryMeter
from tests.fixtures.planes import Plane

RETRY_DELAY_MAX_SECONDS = 60
COLLECTORS = 4


@pytest.fixture
def collector(metered: Metered) -> Collector:
    core = metered.plane.core
    return Collector(core.database, core.clock, metered.plane.services.clusters)


def collect_now(metered: Metered, collector: Collector) -> int:
    """Collect on this thread, outside of any job, so that errors arrive here."""
    return collector.collect(facts(metered), metered.plane.core.database.transaction)


def facts(metered: Metered) -> MeteredCluster:
    with metered.plane.core.database.snapshot() as session:
        found = metered.plane.services.clusters.find_metered(session, metered.cluster.id)
    assert found is not None
    return found


class TestCollect:
    def test_every_table_says_the_same(self, metered: Metered) -> None:
        metered.use(100, 20, 3)
        metered.collect()
        assert metered.bytes_in() == Totals.all(123)
        assert metered.meter.acknowledged_through == 3

    def test_goes_on_where_it_stopped(self, metered: Metered) -> None:
        for size in (100, 20, 3):
            metered.use(size)
            metered.collect()
        assert metered.bytes_in() == Totals.all(123)
        metered.collect()
        assert metered.meter.acknowledgements == [1, 2, 3]

    def test_more_than_a_page(self, metered: Metered) -> None:
        metered.use(*range(1, 2 * WINDOWS_PER_PAGE + 2))
        metered.collect()
        assert metered.bytes_in() == Totals.all(sum(range(1, 2 * WINDOWS_PER_PAGE + 2)))

    def test_the_message_tells_of_the_window(self, metered: Metered) -> None:
        metered.meter.append(size=4096)
        metered.meter.read(size=8192)
        metered.meter.close()
        metered.collect()
        (message,) = metered.messages()
        cluster = metered.cluster
        assert message.body == {
            "source": f"{cluster.id}/1/{metered.meter.meter_id}/1",
            "organization_id": cluster.organization_id,
            "cluster_id": cluster.id,
            "cluster_name": "orders",
            "plan": "dev",
            "started_at": "2026-11-22T11:30:00Z",
            "ended_at": "2026-11-22T11:31:00Z",
            "running_ms": 60_000,
            "bytes_in": 4096,
            "bytes_out": 8192,
            "stored_bytes": 4096,
            "partitions": 1,
            "connections": 2,
        }

    def test_a_deleted_topic_is_counted_like_any_other(self, metered: Metered) -> None:
        metered.meter.append("gone", size=5)
        metered.use(7)
        metered.collect()
        assert metered.bytes_in() == Totals.all(12)

    def test_one_cluster_does_not_hold_up_another(self, metered: Metered) -> None:
        other = Metered(
            metered.plane, metered.plane.running(metered.plane.organization("other"), "other")
        )
        metered.use(1)
        metered.meter.windows[0]["appended"][0]["next_offset"] = 0
        other.use(20)
        metered.collect()
        assert metered.messages() == []
        assert [one.body["bytes_in"] for one in other.messages()] == [20]


class TestCrash:
    """The collector ends at the worst moments; the next run finds what it left."""

    def test_before_the_commit_nothing_is_there(
        self, metered: Metered, collector: Collector
    ) -> None:
        metered.use(100)

        with pytest.raises(Aborted):
            collector.collect(facts(metered), failing_at_commit(metered))
        assert metered.bytes_in() == Totals.all(0)
        metered.collect()
        assert metered.bytes_in() == Totals.all(100)

    def test_before_the_acknowledgement_everything_is_there_once(
        self, metered: Metered, collector: Collector
    ) -> None:
        metered.use(100)
        metered.plane.engine.acknowledge_failure = ClusterNotRunningError("it is gone")
        with pytest.raises(ClusterNotRunningError):
            collect_now(metered, collector)
        assert metered.bytes_in() == Totals.all(100)
        metered.plane.engine.acknowledge_failure = None
        assert collect_now(metered, collector) == 0
        assert metered.bytes_in() == Totals.all(100)
        assert metered.meter.acknowledgements == [1]

    def test_one_that_was_overtaken_reads_on(self, metered: Metered, collector: Collector) -> None:
        metered.use(100, 20)
        overtaken: list[bool] = []

        def beaten() -> AbstractContextManager[Session]:
            """Have somebody else collect between reading the page and writing it."""
            if not overtaken:
                overtaken.append(True)
                assert collect_now(metered, collector) == 2
            return metered.plane.core.database.transaction()

        assert collector.collect(facts(metered), beaten) == 0
        assert overtaken
        assert metered.bytes_in() == Totals.all(120)

    def test_many_at_once_count_once(self, metered: Metered, collector: Collector) -> None:
        sizes = range(1, 3 * WINDOWS_PER_PAGE)
        metered.use(*sizes)
        with ThreadPoolExecutor(COLLECTORS) as pool:
            runs = [pool.submit(collect_now, metered, collector) for _ in range(COLLECTORS)]
            counts = [run.result() for run in runs]
        assert sum(counts) == len(sizes)
        assert metered.bytes_in() == Totals.all(sum(sizes))
        assert metered.meter.acknowledged_through == len(sizes)


class TestRefusal:
    @pytest.fixture
    def refusals(self, metered: Metered, collector: Collector) -> Callable[[], list[str]]:
        def collect() -> list[str]:
            with (
                capture_logs() as logs,
                pytest.raises(
                    (UsageRangeConflictError, UsageReportInvalidError, UsageMeterRewoundError)
                ),
            ):
                collect_now(metered, collector)
            return [entry["event"] for entry in logs if entry["log_level"] == "error"]

        return collect

    def test_a_range_that_does_not_follow_is_refused_and_logged(
        self, metered: Metered, refusals: Callable[[], list[str]]
    ) -> None:
        metered.use(100)
        metered.collect()
        metered.meter.offsets["orders", 0] -= 1
        metered.use(20)
        assert refusals() == ["usage_range_conflict"]
        assert metered.bytes_in() == Totals.all(100)
        assert metered.meter.acknowledged_through == 1

    def test_a_page_is_counted_whole_or_not_at_all(
        self, metered: Metered, refusals: Callable[[], list[str]]
    ) -> None:
        metered.use(100)
        metered.meter.append("other")
        metered.meter.offsets["orders", 0] += 1
        metered.use(20)
        assert refusals() == ["usage_range_conflict"]
        assert metered.bytes_in() == Totals.all(0)

    def test_what_can_not_be_is_refused(
        self, metered: Metered, refusals: Callable[[], list[str]]
    ) -> None:
        metered.use(100)
        metered.meter.windows[0]["appended"][0]["bytes"] = -1
        assert refusals() == ["usage_report_invalid"]
        assert metered.bytes_in() == Totals.all(0)

    def test_an_old_copy_of_the_brokers_data_is_told(
        self, metered: Metered, refusals: Callable[[], list[str]]
    ) -> None:
        metered.use(100, 20)
        metered.collect()
        old = MemoryMeter(meter_id=metered.meter.meter_id, closed_through=1)
        old.acknowledged_through = 1
        metered.plane.engine.meters[metered.cluster.id] = old
        assert refusals() == ["usage_meter_rewound"]


class TestAnotherMeter:
    def test_its_windows_are_collected_from_the_first(self, metered: Metered) -> None:
        metered.use(100, 20)
        metered.collect()
        fresh = MemoryMeter()
        metered.plane.engine.meters[metered.cluster.id] = fresh
        metered.use(3, topic="new")
        metered.collect()
        assert metered.bytes_in() == Totals.all(123)
        assert fresh.acknowledged_through == 1
        metered.use(4000, topic="new")
        metered.collect()
        assert metered.bytes_in() == Totals.all(4123)

    def test_what_it_repeats_is_not_counted_but_told(
        self, metered: Metered, collector: Collector
    ) -> None:
        metered.use(100)
        metered.collect()
        metered.plane.engine.meters[metered.cluster.id] = MemoryMeter()
        metered.use(100, 7)
        with capture_logs() as logs:
            collect_now(metered, collector)
        assert metered.bytes_in() == Totals.all(107)
        (lost,) = [entry for entry in logs if entry["event"] == "usage_lost"]
        assert (lost["first_offset"], lost["counted_up_to"]) == (0, 10)


class TestOldDatabase:
    def test_goes_on_after_what_was_acknowledged_to_a_newer_one(
        self, metered: Metered, collector: Collector
    ) -> None:
        metered.use(100)
        metered.collect()
        metered.use(20)
        metered.meter.acknowledge(2)  # to a database of which this one is an older copy
        metered.use(3)
        with capture_logs() as logs:
            assert collect_now(metered, collector) == 1
        assert metered.bytes_in() == Totals.all(103)
        missing = next(entry for entry in logs if "first_window" in entry)
        assert (missing["first_window"], missing["last_window"]) == (2, 2)

    def test_even_when_nothing_follows(self, metered: Metered, collector: Collector) -> None:
        metered.use(100)
        metered.meter.acknowledge(1)
        assert collect_now(metered, collector) == 0
        metered.use(3)
        assert collect_now(metered, collector) == 1
        assert metered.bytes_in() == Totals.all(3)


class TestDeletion:
    def test_collects_what_is_open_first(self, metered: Metered) -> None:
        metered.use(100)
        metered.meter.append(size=23)
        metered.plane.delete(metered.cluster)
        metered.plane.run_jobs()
        assert metered.plane.reload(metered.cluster).status == "deleted"
        assert metered.bytes_in() == Totals.all(123)
        assert metered.meter.acknowledged_through == 2

    def test_waits_for_a_broker_that_comes_back(self, metered: Metered) -> None:
        metered.use(100)
        metered.plane.engine.usage_failure = ClusterNotRunningError("it is starting")
        metered.plane.delete(metered.cluster)
        metered.plane.run_jobs()
        assert metered.plane.reload(metered.cluster).status == "deleting"
        metered.plane.engine.usage_failure = None
        metered.plane.clock.advance(RETRY_DELAY_MAX_SECONDS)
        metered.plane.run_jobs()
        assert metered.plane.reload(metered.cluster).status == "deleted"
        assert metered.bytes_in() == Totals.all(100)

    def test_gives_up_a_broker_that_never_answers_and_says_what_is_known(
        self, metered: Metered
    ) -> None:
        metered.use(100)
        metered.collect()
        metered.use(20)
        metered.plane.engine.usage_failure = ClusterNotRunningError("it is stuck")
        metered.plane.delete(metered.cluster)
        with capture_logs() as logs:
            for _ in range(ATTEMPTS_FOR_USAGE):
                metered.plane.run_jobs()
                metered.plane.clock.advance(RETRY_DELAY_MAX_SECONDS)
        assert metered.plane.reload(metered.cluster).status == "deleted"
        (lost,) = [entry for entry in logs if entry["event"] == "usage_lost"]
        assert lost["reason"] == "cluster_not_running: it is stuck"
        assert (lost["collected_through"], lost["meter_id"]) == (1, metered.meter.meter_id)

    def test_collects_what_is_closed_although_the_rest_can_not_be(self, metered: Metered) -> None:
        metered.use(100)
        metered.meter.append(size=20)
        metered.plane.engine.close_failure = ClusterNotRunningError("its disk is full")
        metered.plane.delete(metered.cluster)
        for _ in range(ATTEMPTS_FOR_USAGE):
            metered.plane.run_jobs()
            metered.plane.clock.advance(RETRY_DELAY_MAX_SECONDS)
        assert metered.plane.reload(metered.cluster).status == "deleted"
        assert metered.bytes_in() == Totals.all(100)

    def test_does_not_wait_for_one_that_does_not_count(self, metered: Metered) -> None:
        metered.plane.engine.usage_failure = UsageNotOfferedError("an older broker")
        metered.plane.delete(metered.cluster)
        metered.plane.run_jobs()
        assert metered.plane.reload(metered.cluster).status == "deleted"

    def test_of_a_cluster_that_never_ran_asks_nobody(self, plane: Plane) -> None:
        cluster, _ = plane.create(plane.organization())
        plane.engine.failure = BrokerNotReadyError("it ended at once")
        plane.run_jobs()
        plane.engine.failure = None
        plane.delete(cluster)
        with capture_logs() as logs:
            plane.run_jobs()
        assert plane.reload(cluster).status == "deleted"
        assert "usage_lost" not in [entry["event"] for entry in logs]

    def test_does_not_wait_for_one_that_is_not_there(self, metered: Metered) -> None:
        metered.plane.engine.running.clear()
        metered.plane.delete(metered.cluster)
        metered.plane.run_jobs()
        assert metered.plane.reload(metered.cluster).status == "deleted"


def failing_at_commit(metered: Metered) -> Callable[[], AbstractContextManager[Session]]:
    """Open transactions that are rolled back when everything was written."""

    @contextmanager
    def failing() -> Generator[Session]:
        with metered.plane.core.database.transaction() as session:
            yield session
            raise Aborted

    return failing
