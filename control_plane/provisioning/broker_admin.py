"""Client of a native broker's admin endpoint: HTTP over a Unix socket."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

from control_plane.kit.unit_of_work import require_no_unit_of_work
from control_plane.provisioning.engine import CustomerActivity
from control_plane.provisioning.errors import (
    ClusterNotRunningError,
    CredentialsRejectedError,
    ForkRefusedError,
    ForkSourceUnavailableError,
    ProvisioningError,
    UsageNotOfferedError,
    UsageReportInvalidError,
    UsageWindowUnknownError,
)
from control_plane.provisioning.unix_sockets import reachable
from control_plane.provisioning.usage import UsagePage, decode_page

ANSWER_BYTES_MAX = 64 * 1024
USAGE_ANSWER_BYTES_MAX = 32 * 1024 * 1024
METRICS_ANSWER_BYTES_MAX = 1024 * 1024
CALL_SECONDS_MAX = 10.0
REFUSAL_BYTES_SHOWN = 200
FORK_SECONDS_MAX = 120.0  # below the lease of whoever asks

# Answers of a broker after which the same request may succeed.
_FORK_PASSING = frozenset(
    {"fork_under_way", "broker_starting", "broker_stopping", "broker_running", "disk_full"}
)

_USAGE_WINDOWS = "/v1/usage-windows"


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """What a broker says of itself."""

    status: str
    generation: int
    credentials_generation: int
    partitions: int
    customers: CustomerActivity | None
    version: str | None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds_max: float) -> None:
        super().__init__("localhost", timeout=seconds_max)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        with reachable(self._path) as address:
            self.sock.connect(address)


class BrokerAdmin:
    """One broker's admin endpoint. Every call raises ClusterNotRunningError without an answer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def told(self) -> dict[str, Any]:
        """Return all that the broker says of itself."""
        _, answer = self._request("GET", "/healthz")
        return answer

    def health(self) -> BrokerHealth:
        """Return what every engine's broker says of itself."""
        answer = self.told()
        version = answer.get("version")
        return BrokerHealth(
            status=str(answer.get("status")),
            generation=int(answer.get("generation", 0)),
            credentials_generation=int(answer.get("credentials_generation", 0)),
            partitions=int(answer.get("partitions", 0)),
            customers=_customers(answer.get("customers")),
            version=version if isinstance(version, str) else None,
        )

    def metrics(self) -> str:
        """Return its metrics as OpenMetrics text."""
        status, raw = self._exchange("GET", "/metrics", answer_bytes_max=METRICS_ANSWER_BYTES_MAX)
        if status != HTTPStatus.OK:
            raise ClusterNotRunningError(f"its broker tells no metrics now: status {status}")
        return raw.decode(errors="replace")

    def use(self) -> bytes:
        """Return what a node of Apache Kafka counts of its use, as it says it."""
        status, raw = self._exchange("GET", "/v1/use", answer_bytes_max=USAGE_ANSWER_BYTES_MAX)
        if status != HTTPStatus.OK:
            raise ClusterNotRunningError(f"its broker tells no use now: status {status}")
        return raw

    def reload_credentials(self) -> int:
        """Have the credentials file read again; return the generation that is in force now."""
        status, answer = self._request("POST", "/v1/credentials:reload")
        if status != HTTPStatus.OK:
            raise CredentialsRejectedError(str(answer.get("detail", f"status {status}")))
        return int(answer["credentials_generation"])

    def reload_certificate(self) -> None:
        """Have the certificate read again; connections go on with the one they have."""
        status, raw = self._exchange("POST", "/v1/certificates:reload")
        if status != HTTPStatus.OK:
            said = raw[:REFUSAL_BYTES_SHOWN].decode(errors="replace")
            raise ProvisioningError(f"its broker does not take its certificate: {said}")

    def fork(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Have the data of a fork written; return what the broker says of it."""
        body = json.dumps(request).encode()
        status, raw = self._exchange("POST", "/v1/forks", body, seconds_max=FORK_SECONDS_MAX)
        if status != HTTPStatus.OK:
            raise fork_refused(raw)
        return cast("dict[str, Any]", json.loads(raw))

    def usage_windows(self, *, broker_id: int, after: int, count_max: int) -> UsagePage:
        """Return closed usage windows after number `after`, as `Engine.usage_windows` does."""
        target = f"{_USAGE_WINDOWS}?after={after}&max={count_max}"
        status, raw = self._exchange("GET", target, answer_bytes_max=USAGE_ANSWER_BYTES_MAX)
        if status != HTTPStatus.OK:
            raise _usage_refused(status, raw)
        return decode_page(raw, broker_id=broker_id, after=after)

    def acknowledge_usage(self, through: int) -> None:
        body = json.dumps({"through": through}).encode()
        status, raw = self._exchange("POST", f"{_USAGE_WINDOWS}:acknowledge", body)
        if status == HTTPStatus.CONFLICT:
            raise UsageWindowUnknownError(f"its broker has not closed usage window {through}")
        if status != HTTPStatus.OK:
            raise _usage_refused(status, raw)

    def close_usage_window(self) -> None:
        status, raw = self._exchange("POST", f"{_USAGE_WINDOWS}:close")
        if status != HTTPStatus.OK:
            raise _usage_refused(status, raw)

    def _request(self, method: str, target: str) -> tuple[int, dict[str, Any]]:
        status, raw = self._exchange(method, target)
        try:
            answer: Any = json.loads(raw)
        except ValueError as error:
            raise ClusterNotRunningError(f"its broker does not answer: {error}") from error
        if not isinstance(answer, dict):
            raise ClusterNotRunningError("its broker answers with something else than an object")
        return status, cast("dict[str, Any]", answer)

    def _exchange(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        seconds_max: float = CALL_SECONDS_MAX,
    ) -> tuple[int, bytes]:
        require_no_unit_of_work()
        connection = _UnixConnection(self._path, seconds_max)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            raw = response.read(answer_bytes_max + 1)
        except (OSError, http.client.HTTPException) as error:
            raise ClusterNotRunningError(f"its broker does not answer: {error}") from error
        finally:
            connection.close()
        if len(raw) > answer_bytes_max:
            raise ClusterNotRunningError(f"its broker answers with over {answer_bytes_max} bytes")
        return response.status, raw


def _customers(value: object) -> CustomerActivity | None:
    """Read who uses the broker; None from one that does not say."""
    if not isinstance(value, dict):
        return None
    told = cast("dict[str, Any]", value)
    return CustomerActivity(
        connections=int(told.get("connections", 0)),
        idle_ms=int(told.get("idle_ms", 0)),
        is_seen=told.get("seen") is True,
    )


def fork_refused(raw: bytes) -> ProvisioningError:
    """Return what a broker's refusal to fork means."""
    try:
        said: Any = json.loads(raw)
        code, detail = str(said["code"]), str(said["detail"])
    except (ValueError, KeyError, TypeError):
        shown = raw[:REFUSAL_BYTES_SHOWN].decode(errors="replace")
        return ForkSourceUnavailableError(f"its broker does not fork it: {shown}")
    if code in _FORK_PASSING:
        return ForkSourceUnavailableError(f"it can not be forked now: {detail}")
    return ForkRefusedError(f"it can not be forked: {detail} ({code})")


def _usage_refused(status: int, raw: bytes) -> ProvisioningError:
    said = raw[:REFUSAL_BYTES_SHOWN].decode(errors="replace")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:  # starting, stopping, or its disk is full
        return ClusterNotRunningError(f"its broker can not tell what is used now: {said}")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return UsageNotOfferedError("its broker does not count what is used")
    return UsageReportInvalidError(f"its broker answers {status} about usage: {said}")
