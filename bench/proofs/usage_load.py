"""A load on a running service while its broker and the process that collects usage are killed."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import httpx2
from confluent_kafka import KafkaError, Message, Producer

from bench.proofs.usage_books import last_window
from control_plane.provisioning.broker_admin import BrokerAdmin
from tools.running_service import RunningService

PRODUCERS: Final = 3
PARTITIONS: Final = 4
WAIT_SECONDS_MAX: Final = 120
POLL_SECONDS: Final = 0.02
COMMIT_POLL_SECONDS: Final = 0.0005
FLUSH_SECONDS_MAX: Final = 90
VALUE_BYTES_MAX: Final = 2000
PROGRESS_RECORDS: Final = 300
IN_FLIGHT_MAX: Final = 5000
SEED: Final = 20261122
DATABASE: Final = "headrace.db"


class LoadError(Exception):
    """The load did not go as it must for the proof to mean anything."""


def await_that(
    condition: Callable[[], bool], what: str, poll_seconds: float = POLL_SECONDS
) -> None:
    """Wait until something is so; raise LoadError if it never is."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        if time.monotonic() > deadline:
            raise LoadError(what)
        time.sleep(poll_seconds)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A cluster and how producers reach it; its addresses outlive every kill."""

    cluster_id: str
    options: dict[str, str]


@dataclass
class Writer:
    """An idempotent producer on a thread of its own that writes until it is told to stop."""

    number: int
    target: Target
    topics: list[str]
    acknowledged: int = 0
    unknown: int = 0
    in_flight: Counter[str] = field(default_factory=Counter[str])
    _stopping: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.number)
        self._thread = threading.Thread(target=self._run, name=f"writer-{self.number}")
        self._failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def leave(self, topic: str) -> None:
        """Write no more to a topic, and wait for the fate of what is on its way."""
        with self._guard:
            self.topics.remove(topic)
        await_that(lambda: self.in_flight[topic] == 0, f"records for {topic} stay in flight")

    def stop(self) -> None:
        """End and wait for the fate of every record."""
        self._stopping.set()
        self._thread.join(WAIT_SECONDS_MAX)
        if self._thread.is_alive():
            raise LoadError(f"producer {self.number} does not end")
        if self._failure is not None:
            raise LoadError(f"producer {self.number}: {self._failure}")

    def _run(self) -> None:
        try:
            self._write()
        except Exception as error:  # noqa: BLE001 - told by `stop`, on the thread that waits
            self._failure = error

    def _write(self) -> None:
        producer = Producer(
            {
                **self.target.options,
                "enable.idempotence": True,
                "compression.type": ("none", "lz4", "zstd")[self.number % 3],
                "linger.ms": 3,
                "message.timeout.ms": FLUSH_SECONDS_MAX * 1000,
                "log_level": 0,
            }
        )
        while not self._stopping.is_set():
            if len(producer) >= IN_FLIGHT_MAX:
                producer.poll(POLL_SECONDS)
                continue
            with self._guard:
                topic = self._random.choice(self.topics)
                value = self._random.randbytes(self._random.randrange(1, VALUE_BYTES_MAX))
                partition = self._random.randrange(PARTITIONS)
                self.in_flight[topic] += 1
                producer.produce(topic, value, partition=partition, on_delivery=self._on_delivery)
            producer.poll(0.001)
        left = producer.flush(FLUSH_SECONDS_MAX)
        if left:
            raise LoadError(f"{left} records without an outcome")

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        self.in_flight[message.topic() or ""] -= 1
        if error is None:
            self.acknowledged += 1
        else:
            self.unknown += 1


@dataclass
class Load:
    """Three producers on a cluster of a running service."""

    service: RunningService
    target: Target
    writers: list[Writer]
    kills_before_acknowledgement: int = 0
    # When to kill: at another moment each time, and at the same ones in every run.
    _chance: random.Random = field(default_factory=lambda: random.Random(SEED))

    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    def unknown(self) -> int:
        return sum(writer.unknown for writer in self.writers)

    def await_progress(self) -> None:
        """Wait until some more records are acknowledged: the cluster serves."""
        self.await_acknowledged(self._chance.randrange(1, PROGRESS_RECORDS))

    def await_acknowledged(self, count: int) -> None:
        """Wait until so many more records are acknowledged."""
        goal = self.acknowledged() + count
        await_that(lambda: self.acknowledged() >= goal, "nothing is acknowledged any more")

    def kill_broker(self) -> None:
        """SIGKILL the broker under load, and wait until it serves again."""
        self.await_progress()
        victim = self.service.broker(self.target.cluster_id)
        victim.send_signal(signal.SIGKILL)
        victim.wait(WAIT_SECONDS_MAX)
        self.await_progress()

    def kill_collector(self, *, after_commit: bool) -> None:
        """SIGKILL the process that collects, under load, and start it again.

        With `after_commit` it is killed as soon as a window is seen in the database: likely before
        the broker is told so, which is what makes the next process collect it again.
        """
        self.await_progress()
        if after_commit:
            seen = self._last_window()
            await_that(
                lambda: self._last_window() > seen, "no window is collected", COMMIT_POLL_SECONDS
            )
        self.service.kill()
        if self._acknowledged_window() < self._last_window():
            self.kills_before_acknowledgement += 1
        self.service.start_again()
        self.await_progress()

    def _last_window(self) -> int:
        return last_window(self.service.data_dir / DATABASE, self.target.cluster_id)

    def _acknowledged_window(self) -> int:
        path = self.service.data_dir / "clusters" / self.target.cluster_id / "admin.sock"
        page = BrokerAdmin(path).usage_windows(broker_id=1, after=0, count_max=1)
        return page.acknowledged_through


def create_target(service: RunningService, name: str) -> Target:
    """Make a cluster and a key for it."""
    with service.http() as http:
        cluster = post(http, "/v1/clusters", {"name": name, "plan": "dev"})
        key = post(http, "/v1/api-keys", {"name": "writer", "cluster_id": cluster["id"]})
    options = {
        "bootstrap.servers": cluster["endpoints"]["kafka"]["sasl_ssl"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": key["id"],
        "sasl.password": key["secret"],
        "ssl.ca.pem": cluster["ca_certificate"],
    }
    return Target(cluster_id=cluster["id"], options=options)


def create_topic(service: RunningService, target: Target, topic: str) -> str:
    """Make a topic; return its id."""
    with service.http() as http:
        path = f"/v1/clusters/{target.cluster_id}/topics"
        return post(http, path, {"name": topic, "partitions": PARTITIONS})["id"]


def delete_topic(service: RunningService, target: Target, topic: str) -> None:
    with service.http() as http:
        http.delete(f"/v1/clusters/{target.cluster_id}/topics/{topic}").raise_for_status()


def post(http: httpx2.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Make something by the API; return it."""
    answer = http.post(path, json=body)
    if answer.status_code != HTTPStatus.CREATED:
        raise LoadError(f"POST {path}: {answer.status_code}: {answer.text}")
    return answer.json()
