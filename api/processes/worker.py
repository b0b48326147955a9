"""`headrace worker`: runs the jobs that messages name, in child processes of its own."""

import os
from contextlib import ExitStack
from dataclasses import dataclass

import structlog
from celery import Celery, signals

from api.composition import register_jobs
from api.processes.celery_logs import keep_own_logging
from api.processes.checks import require_prepared, require_queue
from api.processes.parts import open_parts
from control_plane.kit.clock import SystemClock
from control_plane.kit.job_dispatcher import JobDispatcher
from control_plane.kit.job_execution import JobExecutor
from control_plane.kit.job_queue import RUN_TASK, SWEEP_TASK, job_queue
from control_plane.kit.jobs import JobQueue
from control_plane.kit.settings import Settings
from control_plane.kit.telemetry import configure_logging

STOP_SECONDS_MAX = 5.0

log = structlog.stdlib.get_logger("worker")


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What one child process works with."""

    executor: JobExecutor
    dispatcher: JobDispatcher
    closing: ExitStack


class WorkerProcess:
    """Composes the services in each child when its first message comes, never before the fork.

    Neither librdkafka nor a database connection survives one.
    """

    def __init__(self, settings: Settings, app: Celery) -> None:
        self._settings = settings
        self._app = app
        self._parts: WorkerParts | None = None

    def run_job(self, job_id: str) -> None:
        """Run one job, unless it is done or somebody runs it."""
        self._ready().executor.run(job_id)

    def sweep(self) -> None:
        """Send messages of jobs that none may be on the way for."""
        count = self._ready().dispatcher.sweep()
        if count:
            log.info("jobs_swept", count=count)

    def close(self, **_: object) -> None:
        """Take the services down when the child ends in order."""
        if self._parts is not None:
            self._parts.closing.close()

    def _ready(self) -> WorkerParts:
        if self._parts is None:
            self._parts = self._compose()
        return self._parts

    def _compose(self) -> WorkerParts:
        with ExitStack() as opened:
            clock, settings = SystemClock(), self._settings
            # Addresses of clients are for answers, which no worker gives.
            parts = open_parts(settings, clock, opened, rest_url=settings.public_url or "")
            core = parts.core
            register_jobs(core, parts.clusters.access)
            dispatcher = JobDispatcher(self._app, core.database, clock, core.jobs)
            dispatcher.start()
            opened.callback(dispatcher.stop, STOP_SECONDS_MAX)
            executor = JobExecutor(
                core.database, clock, core.jobs, lease_seconds_max=settings.job_lease_seconds
            )
            return WorkerParts(executor, dispatcher, opened.pop_all())


def run_worker(settings: Settings) -> int:
    """Work until asked to end; return the exit status. Raises EmbeddedError."""
    app = worker_app(settings)
    worker = app.Worker(
        hostname=f"headrace-{os.getpid()}",
        concurrency=settings.job_workers,
        queues=[queue.value for queue in JobQueue],
        pool="prefork",
        loglevel=settings.log_level,
        quiet=True,
    )
    worker.start()
    return worker.exitcode or 0


def worker_app(settings: Settings) -> Celery:
    """Return the application with its two tasks. Raises EmbeddedError."""
    url = require_queue(settings)
    require_prepared(settings)
    os.umask(0o077)
    configure_logging(settings.log_level)
    app = job_queue(url, sweep_seconds=settings.job_sweep_seconds)
    process = WorkerProcess(settings, app)
    app.task(name=RUN_TASK)(process.run_job)
    app.task(name=SWEEP_TASK)(process.sweep)
    keep_own_logging()
    signals.worker_process_shutdown.connect(process.close, weak=False)
    return app
