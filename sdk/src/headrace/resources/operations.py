"""Operations: work that goes on after a request was accepted."""

import time
from collections.abc import Callable, Iterator

import msgspec

from headrace.errors import ConnectionFailedError, OperationFailedError, WaitTimeoutError
from headrace.models import Operation, Page
from headrace.pagination import iterate
from headrace.transport import Query, Request, Transport, path_of

PATH = "/v1/operations"
SUCCEEDED, FAILED = "succeeded", "failed"
WAIT_SECONDS_DEFAULT = 600.0
LONG_POLL_SECONDS = 10
STREAM_SILENCE_SECONDS_MAX = 45.0  # the service says something every 15
UNKNOWN_ERROR = "operation_failed"


class Operations:
    """What `client.operations` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.on_progress: Callable[[Operation], None] | None = None
        """Called with each state of an operation that is waited for, if it is set."""

    def list(self, resource_id: str | None = None) -> Iterator[Operation]:
        """Yield operations, oldest first, of one resource if said."""
        query = {} if resource_id is None else {"resource_id": resource_id}
        return iterate(self._transport, PATH, Page[Operation], query)

    def get(self, operation_id: str, wait_seconds: int = 0) -> Operation:
        """Return one operation, after waiting for its end if asked to."""
        path = PATH + path_of(operation_id)
        return self._transport.get(path, Operation, {"wait_seconds": wait_seconds})

    def events(self, operation_id: str) -> Iterator[Operation]:
        """Yield an operation as it stands, and again after each of its steps, until it has ended.

        The last one may be of one that goes on, if the service ends the stream before.
        """
        return self._stream(f"{PATH}{path_of(operation_id)}/events", {}, STREAM_SILENCE_SECONDS_MAX)

    def all_events(self, resource_id: str | None = None) -> Iterator[Operation]:
        """Yield every operation that begins, takes a step or ends, of one resource if said.

        It ends when the service ends the stream, after ten minutes or so.
        """
        query = {} if resource_id is None else {"resource_id": resource_id}
        return self._stream(f"{PATH}/events", query, STREAM_SILENCE_SECONDS_MAX)

    def _stream(self, path: str, query: Query, silence_seconds_max: float) -> Iterator[Operation]:
        request = Request("GET", path, query, timeout_seconds=silence_seconds_max)
        for line in self._transport.lines(request):
            name, _, value = line.partition(": ")
            if name == "data":
                yield msgspec.json.decode(value, type=Operation)

    def _follow(self, operation_id: str, on_progress: Callable[[Operation], None]) -> None:
        """Tell of each state; what ends the stream before the operation is no matter here."""
        try:
            for operation in self.events(operation_id):
                on_progress(operation)
        except ConnectionFailedError:
            return

    def wait(self, operation_id: str, timeout_seconds: float = WAIT_SECONDS_DEFAULT) -> Operation:
        """Wait until the operation has succeeded.

        Raises OperationFailedError, and WaitTimeoutError when the time is over.
        """
        deadline = time.monotonic() + timeout_seconds
        if self.on_progress is not None:
            self._follow(operation_id, self.on_progress)
        while True:
            remaining = deadline - time.monotonic()
            wait_seconds = max(0, min(LONG_POLL_SECONDS, int(remaining)))
            operation = self.get(operation_id, wait_seconds)
            if operation.status == SUCCEEDED:
                return operation
            if operation.status == FAILED:
                raise _failed(operation)
            if remaining <= 0:
                raise WaitTimeoutError(f"operation {operation_id} is still {operation.status}")


def _failed(operation: Operation) -> OperationFailedError:
    if operation.error is None:
        return OperationFailedError(operation.id, UNKNOWN_ERROR, "the operation failed")
    return OperationFailedError(operation.id, operation.error.code, operation.error.detail)
