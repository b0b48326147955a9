"""The client's side of docs/supervisor.md: one connection, one request at a time."""

import contextlib
import json
import socket
from pathlib import Path
from typing import Any, Self, cast

from control_plane.kit.unit_of_work import require_no_unit_of_work
from control_plane.provisioning.errors import (
    AddressUnavailableError,
    BrokerNotReadyError,
    CapacityExhaustedError,
    ProvisioningError,
)
from control_plane.provisioning.supervisor.limits import (
    MESSAGE_BYTES_MAX,
    READY_SECONDS_MAX,
    STOP_SECONDS_MAX,
)
from control_plane.provisioning.unix_sockets import reachable

_CALL_SECONDS_MAX = 2 * (READY_SECONDS_MAX + STOP_SECONDS_MAX)

_ERRORS: dict[str, type[ProvisioningError]] = {
    "address_unavailable": AddressUnavailableError,
    "process_not_ready": BrokerNotReadyError,
    "process_not_started": BrokerNotReadyError,
    "process_backing_off": BrokerNotReadyError,
    "processes_exhausted": CapacityExhaustedError,
}


class SupervisorClient:
    """A connection to a supervisor. Methods raise OSError when it breaks."""

    def __init__(self, path: Path) -> None:
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(_CALL_SECONDS_MAX)
        try:
            with reachable(path) as address:
                self._connection.connect(address)
        except OSError:
            self._connection.close()
            raise
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return the result; raise the ProvisioningError that stands for the supervisor's."""
        require_no_unit_of_work()
        request = json.dumps({"id": 1, "method": method, "params": params})
        self._connection.sendall(request.encode() + b"\n")
        answer: dict[str, Any] = json.loads(self._read_line())
        error = cast("dict[str, str] | None", answer.get("error"))
        if error is not None:
            raise _ERRORS.get(error["code"], ProvisioningError)(error["message"])
        return cast("dict[str, Any]", answer["result"])

    def wait_until_closed(self) -> None:
        """Block until the supervisor is gone, or `hang_up` is called by another thread."""
        self._connection.settimeout(None)
        while self._connection.recv(1):
            continue

    def hang_up(self) -> None:
        """Make `wait_until_closed` of another thread return; a broken connection is no error."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _read_line(self) -> bytes:
        while b"\n" not in self._received:
            part = self._connection.recv(MESSAGE_BYTES_MAX)
            if not part:
                raise ConnectionResetError("the supervisor closed the connection")
            self._received += part
            if len(self._received) > MESSAGE_BYTES_MAX:
                raise ConnectionAbortedError("the supervisor's answer is too long")
        line, _, self._received = self._received.partition(b"\n")
        return line
