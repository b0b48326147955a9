"""Native Kafka admin clients, kept open per cluster and caller, and closed when they idle."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from confluent_kafka.admin import AdminClient

from control_plane.kafka.admin import KafkaAdmin
from control_plane.kit.clock import Clock
from control_plane.kit.unit_of_work import require_no_unit_of_work

CLIENTS_MAX = 32
IDLE_SECONDS_MAX = 120
REAP_EVERY_SECONDS = 15
RECONNECT_BACKOFF_MIN_MS = 20
RECONNECT_BACKOFF_MAX_MS = 250
SOCKET_TIMEOUT_MS = 10_000


class TokenSettings(Protocol):
    """Knows by which librdkafka settings a client of this process acts as somebody."""

    def client_settings(self, subject: str, cluster_id: str) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a cluster by the Kafka protocol, and as whom."""

    cluster_id: str
    subject: str
    servers: str
    security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"]
    ca_certificate: str | None

    @property
    def has_several_brokers(self) -> bool:
        """Whether one broker may not know yet what another has done."""
        return "," in self.servers


@dataclass(slots=True)
class _Entry:
    client: KafkaAdmin
    used_at: float
    users: int = 0
    is_evicted: bool = False


class AdminClients:
    """A bounded cache of admin clients. Thread-safe; a client is never closed under a user."""

    def __init__(
        self, tokens: TokenSettings, clock: Clock, *, clients_max: int = CLIENTS_MAX
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._clients_max = clients_max
        self._entries: OrderedDict[Connection, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._reaper = threading.Thread(target=self._reap, name="admin-clients", daemon=True)
        self._reaper.start()

    @contextmanager
    def client(self, connection: Connection) -> Generator[KafkaAdmin]:
        """Lend the client of `connection`, made at its first use."""
        require_no_unit_of_work()
        entry = self._borrow(connection)
        try:
            yield entry.client
        finally:
            self._give_back(entry)

    def evict(self, cluster_id: str) -> None:
        """Close every client of a cluster, each as soon as nobody uses it."""
        self._evict_where(lambda connection, _: connection.cluster_id == cluster_id)

    def evict_subjects(self, cluster_id: str, is_gone: Callable[[str], bool]) -> None:
        """Close the clients of those who may not reach the cluster any more.

        Left open, each would go on trying to sign in, once a second.
        """
        self._evict_where(
            lambda connection, _: (
                connection.cluster_id == cluster_id and is_gone(connection.subject)
            )
        )

    def evict_idle(self) -> None:
        """Close every client that was not used for a while."""
        used_since = self._clock.monotonic() - IDLE_SECONDS_MAX
        self._evict_where(lambda _, entry: entry.used_at < used_since)

    def close(self) -> None:
        """Close every client."""
        self._closed.set()
        self._reaper.join()
        self._evict_where(lambda _connection, _entry: True)

    def _reap(self) -> None:
        while not self._closed.wait(REAP_EVERY_SECONDS):
            self.evict_idle()

    def _borrow(self, connection: Connection) -> _Entry:
        now = self._clock.monotonic()
        with self._lock:
            entry = self._entries.get(connection)
            if entry is None:
                entry = _Entry(client=self._open(connection), used_at=now)
                self._entries[connection] = entry
            entry.users += 1
            entry.used_at = now
            self._entries.move_to_end(connection)
        self._evict_surplus()
        return entry

    def _give_back(self, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
            is_last = entry.is_evicted and entry.users == 0
        if is_last:
            _close(entry.client)

    def _evict_surplus(self) -> None:
        with self._lock:
            surplus = list(self._entries)[: max(0, len(self._entries) - self._clients_max)]
        self._evict_where(lambda connection, _: connection in surplus)

    def _evict_where(self, is_unwanted: Callable[[Connection, _Entry], bool]) -> None:
        with self._lock:
            unwanted = [key for key, entry in self._entries.items() if is_unwanted(key, entry)]
            entries = [self._entries.pop(key) for key in unwanted]
            for entry in entries:
                entry.is_evicted = True
            unused = [entry for entry in entries if entry.users == 0]
        for entry in unused:
            _close(entry.client)

    def _open(self, connection: Connection) -> KafkaAdmin:
        options: dict[str, str | int | float | bool] = {
            **self._tokens.client_settings(connection.subject, connection.cluster_id),
            "bootstrap.servers": connection.servers,
            "security.protocol": connection.security_protocol,
            "client.id": "headrace-control-plane",
            "socket.timeout.ms": SOCKET_TIMEOUT_MS,
            "socket.nagle.disable": True,
            "reconnect.backoff.ms": RECONNECT_BACKOFF_MIN_MS,
            "reconnect.backoff.max.ms": RECONNECT_BACKOFF_MAX_MS,
            "enable.metrics.push": False,
            "log_level": 0,  # what goes wrong is in the answers; librdkafka writes to stderr
        }
        if connection.ca_certificate is not None:
            options["ssl.ca.pem"] = connection.ca_certificate
        return AdminClient(options)


def _close(client: KafkaAdmin) -> None:
    with client:
        pass
