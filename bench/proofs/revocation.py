"""A revoked key stops: over HTTP, and on Kafka connections that are open.

Users of one key work without a pause: requests over HTTP, a stream of records over HTTP (the
gateway's own connection, by OAUTHBEARER), and producers with SCRAM and PLAIN on open connections.
Then the key is revoked, and for some seconds it is watched who still succeeds. Users of another
key, which is not revoked, are the control: by the same judgement they must not have stopped.
"""

from __future__ import annotations

import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from confluent_kafka import KafkaError, Message, Producer

from bench.proofs.report import Finding
from tools.running_service import RunningService, start_service

TOPIC = "watched"
PAUSE_SECONDS = 0.02
WARM_SUCCESSES = 5
WARM_SECONDS_MAX = 60.0
WATCHED_SECONDS = 20.0
ATTEMPT_SECONDS_MAX = 2.0
HTTP_SECONDS_MAX = 5.0
KAFKA_SECONDS_MAX = 60.0
HTTP_USERS = frozenset({"http"})

_OUTCOME = re.compile(rb'"error_code":\s*(\d+)')


@dataclass
class User:
    """Something that uses a key again and again; `attempt` tells whether it was served."""

    name: str
    attempt: Callable[[], bool]
    successes: list[float] = field(default_factory=list[float])
    failures: list[float] = field(default_factory=list[float])

    def work(self, ended: threading.Event) -> None:
        while not ended.is_set():
            served = self._is_served()
            (self.successes if served else self.failures).append(time.monotonic())
            ended.wait(PAUSE_SECONDS)

    def _is_served(self) -> bool:
        try:
            return self.attempt()
        except (OSError, httpx2.HTTPError):
            return False


def prove() -> Finding:
    """Revoke one of two keys that are in use."""
    with tempfile.TemporaryDirectory() as directory, start_service(Path(directory)) as service:
        revoked, control, revoked_at, called_for = _watch(service)
    seconds = {user.name: seconds_used(user, revoked_at) for user in revoked}
    kept = {user.name: seconds_used(user, revoked_at) for user in control}
    return Finding(
        figures={
            "seconds_after_revocation": seconds,
            "call_seconds": round(called_for, 3),
            "watched_seconds": WATCHED_SECONDS,
            "failures": {user.name: len(user.failures) for user in revoked},
            "negative_control": kept,
        },
        bar={"http_seconds_max": HTTP_SECONDS_MAX, "kafka_seconds_max": KAFKA_SECONDS_MAX},
        passed=stopped(seconds),
        control_red=not any(stopped({name: used}) for name, used in kept.items()),
    )


def seconds_used(user: User, revoked_at: float) -> float | None:
    """For how long the user was served after the revocation began; None if it never stopped."""
    if not user.successes or not user.failures or user.failures[-1] < user.successes[-1]:
        return None
    return round(max(user.successes[-1] - revoked_at, 0.0), 3)


def stopped(seconds: Mapping[str, float | None]) -> bool:
    """Whether every user stopped within its bar."""
    bars = {name: HTTP_SECONDS_MAX if name in HTTP_USERS else KAFKA_SECONDS_MAX for name in seconds}
    return all(used is not None and used <= bars[name] for name, used in seconds.items())


def _watch(service: RunningService) -> tuple[Sequence[User], Sequence[User], float, float]:
    ended = threading.Event()
    with service.http() as owner:
        cluster = _created(owner, "/v1/clusters", {"name": "watched", "plan": "pro"})
        _created(owner, f"/v1/clusters/{cluster['id']}/topics", {"name": TOPIC, "partitions": 1})
        keys = [
            _created(owner, "/v1/api-keys", {"name": name, "cluster_id": cluster["id"]})
            for name in ("revoked", "control")
        ]
        revoked, control = (_users(service, cluster, key) for key in keys)
        everybody = [*revoked, *control]
        threads = [
            threading.Thread(target=user.work, args=(ended,), name=user.name) for user in everybody
        ]
        for thread in threads:
            thread.start()
        try:
            _await_warm(everybody)
            revoked_at = time.monotonic()
            owner.delete(f"/v1/api-keys/{keys[0]['id']}").raise_for_status()
            called_for = time.monotonic() - revoked_at
            time.sleep(WATCHED_SECONDS)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
    return revoked, control, revoked_at, called_for


def _await_warm(users: Sequence[User]) -> None:
    deadline = time.monotonic() + WARM_SECONDS_MAX
    while any(len(user.successes) < WARM_SUCCESSES for user in users):
        cold = [user.name for user in users if len(user.successes) < WARM_SUCCESSES]
        assert time.monotonic() < deadline, f"never served: {cold}"
        time.sleep(PAUSE_SECONDS)


def _users(
    service: RunningService, cluster: Mapping[str, Any], key: Mapping[str, Any]
) -> Sequence[User]:
    http = service.http(key["secret"])
    stream = _Stream(service.ready.api_url, cluster["id"], key["secret"])
    mechanisms = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
    return [
        User("http", lambda: http.get("/v1/whoami").is_success),
        User("OAUTHBEARER", stream.produce),
        *(User(one, _KafkaUser(cluster, key, one).produce) for one in mechanisms),
    ]


class _KafkaUser:
    """A producer that stays connected."""

    def __init__(self, cluster: Mapping[str, Any], key: Mapping[str, Any], mechanism: str) -> None:
        self._acknowledged = 0
        self._producer = Producer(
            {
                "bootstrap.servers": cluster["endpoints"]["kafka"]["sasl_ssl"],
                "security.protocol": "SASL_SSL",
                "sasl.mechanisms": mechanism,
                "sasl.username": key["id"],
                "sasl.password": key["secret"],
                "ssl.ca.pem": cluster["ca_certificate"],
                "message.timeout.ms": int(ATTEMPT_SECONDS_MAX * 1000),
                "linger.ms": 0,
                "log_level": 0,
            }
        )

    def produce(self) -> bool:
        before = self._acknowledged
        self._producer.produce(TOPIC, b"x", partition=0, on_delivery=self._delivered)
        self._producer.flush(2 * ATTEMPT_SECONDS_MAX)
        return self._acknowledged > before

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._acknowledged += error is None


class _Stream:
    """One request that goes on: a record for each attempt, and its report."""

    def __init__(self, api_url: str, cluster_id: str, secret: str) -> None:
        address = urlsplit(api_url)
        self._address = (address.hostname or "", address.port or 0)
        self._head = (
            f"POST /kafka/v3/clusters/{cluster_id}/topics/{TOPIC}/records HTTP/1.1\r\n"
            f"Host: {address.netloc}\r\nAuthorization: Bearer {secret}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        ).encode()
        self._connection: socket.socket | None = None

    def produce(self) -> bool:
        if self._connection is None:
            self._connection = socket.create_connection(self._address, ATTEMPT_SECONDS_MAX)
            self._connection.sendall(self._head)
        document = b'{"value": {"type": "STRING", "data": "x"}}\n'
        self._connection.sendall(b"%x\r\n%b\r\n" % (len(document), document))
        received = b""
        while (outcome := _OUTCOME.search(received)) is None:
            part = self._connection.recv(65_536)
            if not part:
                # The stream is over for good: another one would be another request.
                return False
            received += part
        return outcome[1] == b"200"


def _created(client: httpx2.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == httpx2.codes.CREATED, answer.text
    made: dict[str, Any] = answer.json()
    return made
