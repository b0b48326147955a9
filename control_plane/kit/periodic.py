"""What every process does now and then with what it alone remembers; anything else is a job."""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

log = structlog.stdlib.get_logger("periodic")


class Periodic:
    """A thread that calls `work` every so many seconds, and once more when it is stopped."""

    def __init__(self, name: str, work: Callable[[], None], every_seconds: float) -> None:
        self._name = name
        self._work = work
        self._every_seconds = every_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Do the work a last time and stop."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            is_last = self._stopping.wait(self._every_seconds)
            try:
                self._work()
            except SQLAlchemyError as error:
                log.warning("periodic_work_failed", work=self._name, reason=type(error).__name__)
            if is_last:
                return
