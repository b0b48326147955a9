"""Readings become points of three lengths, on both databases; old ones go."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from control_plane.clusters.models import Cluster
from control_plane.kafka.admin_clients import Connection
from control_plane.kafka.errors import unavailable
from control_plane.kit.job_runner import JobRunner
from control_plane.kit.jobs import RECURRING_KEY, JobRegistry, enqueue
from control_plane.kit.scope import Scope
from control_plane.metrics.models import MetricPoint, MetricReading
from control_plane.metrics.points import Step
from control_plane.metrics.ranges import MetricName, Range, Series
from control_plane.metrics.sampler import SURVEY_EVERY, Sampler
from control_plane.metrics.survey import Survey
from control_plane.metrics.tasks import PURGE_JOB, SAMPLE_JOB, Purge, register
from tests.control_plane.metrics.broker_texts import broker_text
from tests.fixtures.planes import Plane


@dataclass
class Answers:
    """Surveys as a test has them answered."""

    survey_now: Survey | None = field(default_factory=lambda: Survey(2, 100, {"billing": 7}))
    asked: int = 0

    def survey(self, connection: Connection, *, has_groups: bool) -> Survey:
        self.asked += 1
        assert connection.servers
        assert has_groups
        if self.survey_now is None:
            raise unavailable("no answer")
        return self.survey_now


@dataclass
class Sampled:
    """A running cluster whose metrics are read when a test says so."""

    plane: Plane
    cluster: Cluster
    answers: Answers
    runner: JobRunner

    def tell(self, bytes_in: int, *, produced: int = 1, connections: int = 1) -> None:
        """Let the broker have counted so much, and read it."""
        self.plane.engine.told[self.cluster.id] = broker_text(
            {"appended_bytes": bytes_in},
            requests={"Produce": produced},
            produced_ms={5: produced},
            connections=connections,
            groups=1,
        )
        self.run(SAMPLE_JOB)

    def run(self, job: str) -> None:
        with self.plane.core.database.transaction() as session:
            enqueue(session, job, RECURRING_KEY, now=self.plane.clock.now())
        self.runner.run_due()

    def series(self, name: MetricName, step: Step = Step.TEN_SECONDS) -> Series:
        """The values of the last steps, the one that is still open among them."""
        end = step.ceiling(self.plane.clock.now())
        wanted = Range(end - 3 * step.length, end, step)
        with self.plane.core.database.snapshot() as session:
            (found,) = self.plane.services.metrics.series(
                session, Scope(self.cluster.organization_id), self.cluster.id, wanted, [name]
            )
        return found

    def count(self, step: Step) -> int:
        statement = select(func.count()).select_from(MetricPoint)
        with self.plane.core.database.snapshot() as session:
            return session.scalar(statement.where(MetricPoint.step_seconds == step.value)) or 0


def sample(plane: Plane) -> Sampled:
    cluster, answers, registry = plane.running(plane.organization()), Answers(), JobRegistry()
    core = plane.core
    sampler = Sampler(core.database, plane.clock, plane.services.clusters, answers)
    register(registry, sampler, Purge(plane.clock))
    runner = JobRunner(core.database, plane.clock, registry, workers=1, exclusive=True)
    return Sampled(plane, cluster, answers, runner)


@pytest.fixture
def sampled(plane: Plane) -> Sampled:
    return sample(plane)


@pytest.fixture
def sqlite_sampled(sqlite_plane: Plane) -> Sampled:
    return sample(sqlite_plane)


def test_two_readings_of_a_step_are_one_point(sampled: Sampled) -> None:
    clock = sampled.plane.clock
    clock.advance(3600)
    sampled.tell(1000)
    clock.advance(3)
    sampled.tell(1030, connections=4)
    clock.advance(5)
    sampled.tell(1080)
    assert sampled.series(MetricName.BYTES_IN).values == [None, None, 10.0]
    assert sampled.series(MetricName.CONNECTIONS).values == [None, 1, 4]
    assert sampled.series(MetricName.STORED_BYTES).values == [None, 100, 100]
    for step in (Step.MINUTE, Step.HOUR):
        assert sampled.series(MetricName.BYTES_IN, step).values[-1] == 10.0
    # The first reading was at the very end of the step before, of which it told levels alone.
    assert [sampled.count(step) for step in Step] == [2, 2, 2]


def test_all_that_a_new_cluster_counted_is_news(sqlite_sampled: Sampled) -> None:
    sampled = sqlite_sampled
    sampled.plane.clock.advance(5)
    sampled.tell(1000)
    assert sampled.series(MetricName.BYTES_IN).values[-1] == 100.0


def test_a_restart_counts_from_nothing_and_loses_nothing(sqlite_sampled: Sampled) -> None:
    sampled = sqlite_sampled
    sampled.plane.clock.advance(3600)
    sampled.tell(1_000_000, produced=50)
    sampled.plane.clock.advance(600)
    sampled.tell(2000, produced=2)
    assert sampled.series(MetricName.BYTES_IN).values[-1] == 200.0


def test_sizes_are_asked_for_when_something_changed(sqlite_sampled: Sampled) -> None:
    sampled = sqlite_sampled
    sampled.tell(10, produced=1)
    sampled.plane.clock.advance(5)
    sampled.tell(10, produced=1)
    assert sampled.answers.asked == 1
    sampled.tell(20, produced=2)
    assert sampled.answers.asked == 2
    sampled.plane.clock.advance(SURVEY_EVERY.total_seconds())
    sampled.tell(20, produced=2)
    assert sampled.answers.asked == 3


def test_what_is_not_answered_is_not_known_and_asked_again(sqlite_sampled: Sampled) -> None:
    sampled = sqlite_sampled
    sampled.answers.survey_now = None
    sampled.plane.clock.advance(5)
    sampled.tell(10)
    assert sampled.series(MetricName.LAG).values[-1] is None
    sampled.answers.survey_now = Survey(1, 5, {"billing": 3})
    sampled.tell(10)
    assert sampled.series(MetricName.LAG).values[-1] == 3


def test_a_broker_that_tells_nonsense_has_no_point_and_is_read_again(
    sqlite_sampled: Sampled,
) -> None:
    sampled = sqlite_sampled
    sampled.plane.engine.told[sampled.cluster.id] = "nonsense"
    sampled.run(SAMPLE_JOB)
    assert sampled.count(Step.TEN_SECONDS) == 0
    sampled.tell(10)
    assert sampled.count(Step.TEN_SECONDS) == 1


def test_a_paused_cluster_is_not_read(sqlite_sampled: Sampled) -> None:
    sampled = sqlite_sampled
    sampled.tell(10)
    sampled.plane.changed(sampled.cluster, "pause")
    sampled.plane.clock.advance(60)
    sampled.run(SAMPLE_JOB)
    assert sampled.count(Step.TEN_SECONDS) == 1


def test_points_go_after_their_time_the_shortest_first(sampled: Sampled) -> None:
    clock = sampled.plane.clock
    sampled.tell(10)
    sampled.plane.engine.told.clear()  # nothing is read from now on
    clock.advance(Step.TEN_SECONDS.kept.total_seconds())
    sampled.run(PURGE_JOB)
    assert [sampled.count(step) for step in Step] == [1, 1, 1]
    clock.advance(60)
    sampled.run(PURGE_JOB)
    assert [sampled.count(step) for step in Step] == [0, 1, 1]
    clock.advance((Step.MINUTE.kept + timedelta(minutes=2)).total_seconds())
    sampled.run(PURGE_JOB)
    assert [sampled.count(step) for step in Step] == [0, 0, 1]
    clock.advance((Step.HOUR.kept + timedelta(hours=2)).total_seconds())
    sampled.run(PURGE_JOB)
    assert [sampled.count(step) for step in Step] == [0, 0, 0]
    with sampled.plane.core.database.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(MetricReading)) == 0


def test_another_organization_sees_nothing(sqlite_sampled: Sampled) -> None:
    sampled = sqlite_sampled
    sampled.plane.clock.advance(5)
    sampled.tell(10)
    metrics, stranger = sampled.plane.services.metrics, Scope(sampled.plane.organization("other"))
    wanted = metrics.range(None, None, None)
    with sampled.plane.core.database.snapshot() as session:
        (found,) = metrics.series(
            session, stranger, sampled.cluster.id, wanted, [MetricName.CONNECTIONS]
        )
        assert metrics.read_at(session, stranger, sampled.cluster.id) is None
    assert set(found.values) == {None}
