"""Operations: work that goes on after a request was accepted."""

import time
from collections.abc import Iterator

from headrace.errors import OperationFailedError, WaitTimeoutError
from headrace.models import Operation, Page
from headrace.pagination import iterate
from headrace.transport import Transport, path_of

PATH = "/v1/operations"
SUCCEEDED, FAILED = "succeeded", "failed"
WAIT_SECONDS_DEFAULT = 600.0
LONG_POLL_SECONDS = 10
UNKNOWN_ERROR = "operation_failed"


class Operations:
    """What `client.operations` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, resource_id: str | None = None) -> Iterator[Operation]:
        """Yield operations, oldest first, of one resource if said."""
        query = {} if resource_id is None else {"resource_id": resource_id}
        return iterate(self._transport, PATH, Page[Operation], query)

    def get(self, operation_id: str, wait_seconds: int = 0) -> Operation:
        """Return one operation, after waiting for its end if asked to."""
        path = PATH + path_of(operation_id)
        return self._transport.get(path, Operation, {"wait_seconds": wait_seconds})

    def wait(self, operation_id: str, timeout_seconds: float = WAIT_SECONDS_DEFAULT) -> Operation:
        """Wait until the operation has succeeded.

        Raises OperationFailedError, and WaitTimeoutError when the time is over.
        """
        deadline = time.monotonic() + timeout_seconds
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
