"""Client of a native broker's admin endpoint: HTTP over a Unix socket."""

import http.client
import json
import socket
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

from control_plane.kit.unit_of_work import require_no_unit_of_work
from control_plane.provisioning.errors import ClusterNotRunningError, CredentialsRejectedError
from control_plane.provisioning.unix_sockets import reachable

ANSWER_BYTES_MAX = 64 * 1024
CALL_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """What a broker says of itself."""

    status: str
    generation: int
    credentials_generation: int


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=CALL_SECONDS_MAX)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(CALL_SECONDS_MAX)
        with reachable(self._path) as address:
            self.sock.connect(address)


class BrokerAdmin:
    """One broker's admin endpoint. Every call raises ClusterNotRunningError without an answer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def health(self) -> BrokerHealth:
        _, answer = self._request("GET", "/healthz")
        return BrokerHealth(
            status=str(answer.get("status")),
            generation=int(answer.get("generation", 0)),
            credentials_generation=int(answer.get("credentials_generation", 0)),
        )

    def reload_credentials(self) -> int:
        """Have the credentials file read again; return the generation that is in force now."""
        status, answer = self._request("POST", "/v1/credentials:reload")
        if status != HTTPStatus.OK:
            raise CredentialsRejectedError(str(answer.get("detail", f"status {status}")))
        return int(answer["credentials_generation"])

    def _request(self, method: str, target: str) -> tuple[int, dict[str, Any]]:
        require_no_unit_of_work()
        connection = _UnixConnection(self._path)
        try:
            connection.request(method, target)
            response = connection.getresponse()
            answer: Any = json.loads(response.read(ANSWER_BYTES_MAX))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ClusterNotRunningError(f"its broker does not answer: {error}") from error
        finally:
            connection.close()
        if not isinstance(answer, dict):
            raise ClusterNotRunningError("its broker answers with something else than an object")
        return response.status, cast("dict[str, Any]", answer)
