"""Jobs of metrics: reading those of every running cluster, and dropping what is old."""

from control_plane.kit.clock import Clock
from control_plane.kit.jobs import JobContext, JobQueue, JobRegistry
from control_plane.metrics import repository
from control_plane.metrics.points import Step
from control_plane.metrics.sampler import Sampler

SAMPLE_JOB = "metrics.sample"
# Twice a step: what is told is then less than ten seconds old, the round itself included.
SAMPLE_EVERY_SECONDS = 5
PURGE_JOB = "metrics.purge"
PURGE_EVERY_SECONDS = 300
POINTS_PER_BATCH = 5_000
BATCHES_PER_RUN_MAX = 100


class Purge:
    """Handles `metrics.purge`: drops points of each step after the time that they are kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(self, context: JobContext) -> None:
        now = self._clock.now()
        for step in Step:
            for _ in range(BATCHES_PER_RUN_MAX):
                with context.apply() as session:
                    before = now - step.kept - step.length
                    dropped = repository.delete_points_before(
                        session, step, before, POINTS_PER_BATCH
                    )
                if dropped < POINTS_PER_BATCH:
                    break
        with context.apply() as session:
            repository.delete_readings_before(session, now - Step.HOUR.kept)


def register(registry: JobRegistry, sampler: Sampler, purge: Purge) -> None:
    """Add the jobs of metrics to a process."""
    registry.register(
        SAMPLE_JOB, sampler.run, every_seconds=SAMPLE_EVERY_SECONDS, queue=JobQueue.METRICS
    )
    registry.register(
        PURGE_JOB, purge.run, every_seconds=PURGE_EVERY_SECONDS, queue=JobQueue.METRICS
    )
