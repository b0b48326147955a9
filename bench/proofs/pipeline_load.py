"""Runs the pipeline while its broker and its workers are killed."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.proofs.pipeline_judge import Values
from bench.proofs.pipeline_worker import COMMITTED
from tools.paths import ROOT

Mode = Literal["right", "apart"]

SOURCE, TARGET, GROUP = "went-in", "came-out", "pipeline"
WRITE_SECONDS = 0.05
PAUSE_SECONDS = 0.02
PROGRESS_SECONDS_MAX = 90
"""A killed member's partitions wait for its session to end before anybody has them."""

DRAIN_SECONDS_MAX = 180
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many kills, and of what: every other one of the broker, unless that is spared."""

    kills: int
    workers: int
    partitions: int
    records_per_second: int
    spare_broker: bool = False
    seed: int = 6


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What went in, what came out, and what was killed."""

    went_in: Values
    came_out: Values
    uncommitted: Values
    broker_kills: int
    worker_kills: int
    worker_starts: int


class Broker:
    """A broker that can be killed and comes back on its port and its data."""

    def __init__(self, command: Sequence[str], port: int, log: Path) -> None:
        self._command, self._port, self._log = list(command), port, log
        self.bootstrap = f"127.0.0.1:{port}"
        self._process = self._start()

    def kill_and_start(self) -> None:
        self.kill()
        self._process = self._start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(TIMEOUT_SECONDS)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            process = subprocess.Popen(self._command, stdout=output, stderr=output)
        await_listening(self._port)
        return process


class Worker:
    """The place of a worker: whenever its process ends another is started."""

    def __init__(self, bootstrap: str, number: int, mode: Mode) -> None:
        self.starts = self.transactions = 0
        self._command = [sys.executable, "-m", "bench.proofs.pipeline_worker", bootstrap]
        self._command += [SOURCE, TARGET, GROUP, f"{GROUP}-{number}", mode]
        self._ended = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._supervise)
        self._thread.start()

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self._ended.set()
        self.kill()
        self._thread.join()

    def _supervise(self) -> None:
        while True:
            assert self._process.stdout is not None
            with self._process.stdout as lines:
                for line in lines:
                    self.transactions += line.strip() == COMMITTED
            self._process.wait()
            if self._ended.is_set():
                return
            self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        self.starts += 1
        return subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )


class Writer(threading.Thread):
    """Writes numbered records at a rate until it is stopped; every one is acknowledged once."""

    def __init__(self, bootstrap: str, plan: Plan) -> None:
        super().__init__()
        self.written = 0
        self._plan = plan
        self._stop_asked = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "reconnect.backoff.max.ms": 500,
            }
        )

    def run(self) -> None:
        started = time.monotonic()
        while not self._stop_asked.is_set():
            due = int((time.monotonic() - started) * self._plan.records_per_second)
            for number in range(self.written, due):
                partition = number % self._plan.partitions
                self._producer.produce(SOURCE, str(number), partition=partition)
            self.written = due
            self._producer.poll(WRITE_SECONDS)

    def stop(self) -> None:
        """Write no more; raises RuntimeError unless everything was acknowledged."""
        self._stop_asked.set()
        self.join()
        if self._producer.flush(TIMEOUT_SECONDS) != 0:
            raise RuntimeError("records were not acknowledged")


def run(broker: Broker, plan: Plan, mode: Mode = "right") -> Ran:
    """Kill as planned, let the pipeline finish, and read what there is."""
    create_topics(broker.bootstrap, plan.partitions)
    broker_kills = 0
    writer = Writer(broker.bootstrap, plan)
    with working(broker.bootstrap, plan.workers, mode) as workers:
        writer.start()
        try:
            chance = random.Random(plan.seed)
            for number in range(plan.kills):
                if number % 2 == 0 and not plan.spare_broker:
                    await_transaction(workers)
                    time.sleep(chance.uniform(0, 0.1))
                    broker.kill_and_start()
                    broker_kills += 1
                else:
                    kill_the_busiest(workers)
        finally:
            writer.stop()
        await_drained(broker.bootstrap, plan.partitions)
    committed, uncommitted = (
        read(broker.bootstrap, TARGET, plan.partitions, isolation)
        for isolation in ("read_committed", "read_uncommitted")
    )
    return Ran(
        went_in=read(broker.bootstrap, SOURCE, plan.partitions, "read_committed"),
        came_out=committed,
        uncommitted=uncommitted,
        broker_kills=broker_kills,
        worker_kills=plan.kills - broker_kills,
        worker_starts=sum(worker.starts for worker in workers),
    )


@contextmanager
def working(bootstrap: str, count: int, mode: Mode) -> Generator[list[Worker]]:
    """Workers, each started again whenever it ends."""
    workers = [Worker(bootstrap, number, mode) for number in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.end()


def await_listening(port: int) -> None:
    """Wait until a broker takes connections; raises TimeoutError."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError("the broker does not listen") from None
            time.sleep(PAUSE_SECONDS)
        else:
            return


def await_transaction(workers: Sequence[Worker]) -> None:
    """Wait until one more transaction was committed; raises TimeoutError."""
    before = sum(worker.transactions for worker in workers)
    deadline = time.monotonic() + PROGRESS_SECONDS_MAX
    while sum(worker.transactions for worker in workers) == before:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no transaction was committed in {PROGRESS_SECONDS_MAX} s")
        time.sleep(PAUSE_SECONDS)


def kill_the_busiest(workers: Sequence[Worker]) -> None:
    """Kill whoever commits a transaction next, just after it did; raises TimeoutError."""
    before = [worker.transactions for worker in workers]
    deadline = time.monotonic() + PROGRESS_SECONDS_MAX
    while time.monotonic() < deadline:
        for worker, earlier in zip(workers, before, strict=True):
            if worker.transactions > earlier:
                worker.kill()
                return
        time.sleep(PAUSE_SECONDS)
    raise TimeoutError(f"no transaction was committed in {PROGRESS_SECONDS_MAX} s")


def await_drained(bootstrap: str, partitions: int) -> None:
    """Wait until the group has committed everything that went in; raises TimeoutError."""
    wanted = [TopicPartition(SOURCE, number) for number in range(partitions)]
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP})
    deadline = time.monotonic() + DRAIN_SECONDS_MAX
    try:
        while any(
            one.offset != end_offset(consumer, one.partition)
            for one in consumer.committed(wanted, timeout=TIMEOUT_SECONDS)
        ):
            if time.monotonic() > deadline:
                raise TimeoutError("the pipeline does not come to an end")
            time.sleep(1)
    finally:
        consumer.close()


def end_offset(consumer: Consumer, partition: int) -> int:
    """The end of a partition of the source, whose records are not transactional."""
    place = TopicPartition(SOURCE, partition)
    return consumer.get_watermark_offsets(place, timeout=TIMEOUT_SECONDS)[1]


def read(bootstrap: str, topic: str, partitions: int, isolation: str) -> dict[int, list[bytes]]:
    """All values of a topic, to the end of every partition as this isolation level sees it."""
    found: dict[int, list[bytes]] = {number: [] for number in range(partitions)}
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "reading",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, number, 0) for number in found])
        reading = set(found)
        while reading:
            for message in consumer.consume(1_000, timeout=1):
                error, partition, value = message.error(), message.partition(), message.value()
                assert partition is not None
                if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                    reading.discard(partition)
                elif error is not None:
                    raise KafkaException(error)
                else:
                    assert value is not None
                    found[partition].append(value)
    finally:
        consumer.close()
    return found


def create_topics(bootstrap: str, partitions: int) -> None:
    # Its futures have no types.
    admin: Any = AdminClient({"bootstrap.servers": bootstrap})
    topics = [
        NewTopic(name, num_partitions=partitions, replication_factor=-1)
        for name in (SOURCE, TARGET)
    ]
    for done in admin.create_topics(topics).values():
        done.result(TIMEOUT_SECONDS)
