"""Rules of operations: their moves, and waiting for them to end."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from control_plane.audit import service as audit
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database, notify_after_commit
from control_plane.kit.events import Event, EventSink, Unheard
from control_plane.kit.ids import new_id
from control_plane.kit.pagination import Page, PageRequest
from control_plane.kit.scope import Scope
from control_plane.operations import repository
from control_plane.operations.errors import OperationMoveError, OperationNotFoundError
from control_plane.operations.models import ERROR_DETAIL_LENGTH_MAX, Operation
from control_plane.operations.states import FINAL, OperationStatus, may_move

POLL_SECONDS = 0.1  # only matters when another process does the work
STEPS_MAX = 50
WAIT_SECONDS_MAX = 30
WAITERS_MAX = 16  # each holds a thread of the web server


@dataclass(frozen=True)
class OperationSubject:
    """What an operation is about; `cluster_id` is the cluster whose keys may see it, if any."""

    organization_id: str
    cluster_id: str | None
    resource_type: str
    resource_id: str


class OperationService:
    """Operations: made with the change they describe, moved by the jobs that carry it out."""

    def __init__(self, database: Database, clock: Clock, events: EventSink | None = None) -> None:
        self._database = database
        self._clock = clock
        self._events = events or Unheard()
        self._waiters = threading.BoundedSemaphore(WAITERS_MAX)

    def create(self, session: Session, *, kind: str, subject: OperationSubject) -> Operation:
        """Begin an operation; `kind` reads `noun.verb`."""
        now = self._clock.now()
        operation = Operation(
            id=new_id("op"),
            organization_id=subject.organization_id,
            cluster_id=subject.cluster_id,
            kind=kind,
            resource_type=subject.resource_type,
            resource_id=subject.resource_id,
            status=OperationStatus.PENDING.value,
            steps=[],
            steps_left=[],
            attempt=0,
            created_at=now,
            updated_at=now,
        )
        session.add(operation)
        session.flush()
        return operation

    def start(self, session: Session, operation_id: str) -> None:
        """Note that a job has taken the work up, once more if it had before."""
        operation = self._move(session, operation_id, OperationStatus.RUNNING)
        operation.attempt += 1

    def plan_steps(self, session: Session, operation_id: str, names: Sequence[str]) -> None:
        """Note the steps that are left, the first of which begins now."""
        operation = self._move(session, operation_id, OperationStatus.RUNNING)
        operation.steps_left = list(names[:STEPS_MAX])

    def record_step(self, session: Session, operation_id: str, name: str) -> None:
        """Note that a step is done, and left no more; the newest `STEPS_MAX` are kept."""
        operation = self._move(session, operation_id, OperationStatus.RUNNING)
        step = {"name": name, "finished_at": self._clock.now().isoformat()}
        operation.steps = [*operation.steps, step][-STEPS_MAX:]
        if operation.steps_left[:1] == [name]:
            operation.steps_left = operation.steps_left[1:]

    def succeed(self, session: Session, operation_id: str) -> None:
        operation, is_news = self._finish(session, operation_id, OperationStatus.SUCCEEDED)
        if is_news:
            self._events.tell(session, _ended(operation))

    def fail(self, session: Session, operation_id: str, *, code: str, detail: str) -> None:
        """End an operation that can not succeed; `code` is stable, `detail` is for people."""
        operation, is_news = self._finish(session, operation_id, OperationStatus.FAILED, code)
        operation.error_code = code
        operation.error_detail = detail[:ERROR_DETAIL_LENGTH_MAX]
        if is_news:
            self._events.tell(session, _ended(operation))

    def get(self, session: Session, scope: Scope, operation_id: str) -> Operation:
        operation = repository.find(session, scope, operation_id)
        if operation is None:
            raise OperationNotFoundError("there is no such operation")
        return operation

    def list(
        self, session: Session, scope: Scope, page: PageRequest, *, resource_id: str | None = None
    ) -> Page[Operation]:
        return repository.list_page(session, scope, page, resource_id)

    def list_changed(
        self, session: Session, scope: Scope, since: datetime, count_max: int
    ) -> Sequence[Operation]:
        """List what has changed from then on, the longest ago first; of more, the newest."""
        return repository.list_changed(session, scope, since, count_max)

    def list_unfinished(
        self, session: Session, scope: Scope, count_max: int
    ) -> Sequence[Operation]:
        """List what goes on, the oldest first."""
        return repository.list_unfinished(session, scope, count_max)

    def list_open(
        self, session: Session, resource_type: str, resource_id: str
    ) -> Sequence[Operation]:
        """List the unfinished operations of a resource, oldest first; for its reconciler."""
        return repository.list_open(session, resource_type, resource_id)

    def wait(self, operation_id: str, timeout_seconds: float) -> Operation:
        """Return the operation once it is final, or as it stands when the time is over.

        Call it outside of any transaction. When too many wait already, this one does not.
        """
        if not self._waiters.acquire(blocking=False):
            return self._load(operation_id)
        try:
            return self._wait(operation_id, timeout_seconds)
        finally:
            self._waiters.release()

    def _wait(self, operation_id: str, timeout_seconds: float) -> Operation:
        deadline = self._clock.monotonic() + timeout_seconds
        with self._database.signals.listen(_channel(operation_id)) as ended:
            while True:
                operation = self._load(operation_id)
                remaining = deadline - self._clock.monotonic()
                if OperationStatus(operation.status) in FINAL or remaining <= 0:
                    return operation
                ended.wait(min(remaining, POLL_SECONDS))

    def _load(self, operation_id: str) -> Operation:
        with self._database.snapshot() as session:
            operation = repository.find_any(session, operation_id)
        if operation is None:
            raise OperationNotFoundError("there is no such operation")
        return operation

    def _finish(
        self,
        session: Session,
        operation_id: str,
        status: OperationStatus,
        error_code: str | None = None,
    ) -> tuple[Operation, bool]:
        """End an operation; return it, and whether it had not ended before."""
        operation = self._move(session, operation_id, status)
        is_news = operation.finished_at is None
        if is_news:
            operation.finished_at = self._clock.now()
            operation.steps_left = []
            self._leave_for_audit(session, operation, error_code)
        notify_after_commit(session, _channel(operation_id))
        return operation, is_news

    def _leave_for_audit(
        self, session: Session, operation: Operation, error_code: str | None
    ) -> None:
        audit.leave(
            session,
            organization_id=operation.organization_id,
            action=operation.kind,
            resource_id=operation.resource_id,
            outcome=audit.Outcome.SUCCEEDED if error_code is None else audit.Outcome.FAILED,
            result={
                "operation_id": operation.id,
                "attempt": operation.attempt,
                "steps": [step["name"] for step in operation.steps],
                "code": error_code,
            },
            now=self._clock.now(),
        )

    def _move(self, session: Session, operation_id: str, status: OperationStatus) -> Operation:
        operation = repository.find_any(session, operation_id)
        if operation is None:
            raise OperationNotFoundError("there is no such operation")
        if not may_move(OperationStatus(operation.status), status):
            raise OperationMoveError(f"{operation_id} is {operation.status}, not to be {status}")
        operation.status = status.value
        operation.updated_at = self._clock.now()
        return operation


def _ended(operation: Operation) -> Event:
    """Return the event that the end of an operation is."""
    data: dict[str, Any] = {
        "operation_id": operation.id,
        "kind": operation.kind,
        "resource_type": operation.resource_type,
        "resource_id": operation.resource_id,
    }
    if operation.cluster_id is not None:
        data["cluster_id"] = operation.cluster_id
    if operation.error_code is not None:
        data["error"] = {"code": operation.error_code, "detail": operation.error_detail}
    return Event(f"operation.{operation.status}", operation.organization_id, data)


def _channel(operation_id: str) -> str:
    return f"operation:{operation_id}"
