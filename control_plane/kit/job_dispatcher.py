"""Sends a message for every job that a transaction of this process has asked for."""

import queue
import threading
from collections.abc import Sequence
from typing import Protocol

import structlog
from kombu.exceptions import OperationalError
from prometheus_client import Counter

from control_plane.kit import leases
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.job_queue import RUN_TASK
from control_plane.kit.jobs import (
    SCHEDULE_CHANNEL,
    JobNotice,
    JobRegistry,
    UnknownJobError,
    ensure_recurring,
)

NOTICES_MAX = 10_000  # that wait to be sent; more are left to the sweep
DELAY_SECONDS_MAX = 60.0  # what is due later is left to the sweep
SENT_PER_SWEEP_MAX = 1000
# A message that nobody took for so long is void: the sweep has sent others since.
MESSAGE_SECONDS_MAX = 60.0

UNSENT = Counter(
    "headrace_job_messages_unsent",
    "Messages about jobs that could not be sent and wait for a sweep",
)

log = structlog.stdlib.get_logger("jobs")


class TaskSender(Protocol):
    """Sends a message that has a task run; Celery's application is one."""

    def send_task(
        self,
        name: str,
        args: Sequence[str],
        *,
        queue: str,
        countdown: float | None,
        expires: float | None,
        retry: bool,
    ) -> object:
        """Raise OperationalError when the queue can not be reached."""
        ...


class JobDispatcher:
    """A thread that sends, so that no commit waits for the queue.

    What can not be sent is dropped: the job's row is found by the next sweep.
    """

    def __init__(
        self, app: TaskSender, database: Database, clock: Clock, registry: JobRegistry
    ) -> None:
        self._app = app
        self._database = database
        self._clock = clock
        self._registry = registry
        self._notices: queue.Queue[JobNotice | None] = queue.Queue(NOTICES_MAX)
        self._thread = threading.Thread(target=self._work, name="job-messages", daemon=True)

    def start(self) -> None:
        """Send from now on what transactions of this process ask for."""
        self._database.signals.subscribe(SCHEDULE_CHANNEL, self._take)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout_seconds: float) -> bool:
        """Send what waits and stop; return whether that was done in time."""
        if self._thread.ident is None:
            return True
        try:
            self._notices.put(None, timeout=timeout_seconds)
        except queue.Full:
            return False
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def sweep(self) -> int:
        """Send messages for all jobs that are due and nobody holds; return for how many."""
        now = self._clock.now()
        with self._database.transaction() as session:
            ensure_recurring(session, self._registry, now)
            due = leases.list_due(session, self._registry, now, SENT_PER_SWEEP_MAX)
        for job_id, name in due:
            self._send(JobNotice(job_id, name, 0))
        return len(due)

    def _take(self, notice: object) -> None:
        assert isinstance(notice, JobNotice), "the schedule is told by notices of jobs"
        if notice.delay_seconds > DELAY_SECONDS_MAX:
            return
        try:
            self._notices.put_nowait(notice)
        except queue.Full:
            UNSENT.inc()

    def _work(self) -> None:
        while (notice := self._notices.get()) is not None:
            self._send(notice)

    def _send(self, notice: JobNotice) -> None:
        try:
            kind = self._registry.get(notice.name)
        except UnknownJobError:
            return  # another version of this program asked for it, and will run it
        try:
            self._app.send_task(
                RUN_TASK,
                [notice.job_id],
                queue=kind.queue.value,
                countdown=notice.delay_seconds or None,
                expires=notice.delay_seconds + MESSAGE_SECONDS_MAX,
                retry=False,
            )
        except OperationalError as error:
            UNSENT.inc()
            log.warning("job_message_unsent", job=notice.name, reason=str(error))
