"""The two brokers that are measured: ours and Apache Kafka itself, both as they are shipped.

Both listen on loopback without encryption or login, which Kafka's own figures are told of. Kafka
runs with the heap and the collector that its start script chooses.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.kafka_client import Connection
from bench.proofs.broker_start import API_VERSIONS_V0, free_port
from tools.java_artifacts import JAVA_DIR
from tools.paths import BROKER_BINARY

HEADRACE, KAFKA = "headrace", "apache-kafka"
START_SECONDS_MAX = 120.0
STOP_SECONDS_MAX = 120
CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
PARTITIONS_MAX = 4_000
CONNECTIONS_MAX = 1_000
POLL_SECONDS = 0.0005

# What kafka-server-start.sh and kafka-run-class.sh of 4.3.1 pass to Java.
KAFKA_JAVA = [
    *("-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"),
    *("-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"),
    "-Djava.awt.headless=true",
]
QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"

KAFKA_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
log.dirs={directory}/logs
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.segment.delete.delay.ms=0
num.recovery.threads.per.data.dir=2
"""


@dataclass(kw_only=True)
class Broker:
    """A broker that runs. `start_seconds` is from exec to the first ApiVersions answer."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    directory: Path
    start_seconds: float

    @property
    def pid(self) -> int:
        return self.process.pid

    def connect(self) -> Connection:
        return Connection(self.port)

    def stop(self) -> None:
        """End it in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS_MAX)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(STOP_SECONDS_MAX)

    @property
    def log(self) -> Path:
        return self.directory / "output.log"


def start(name: str, directory: Path) -> Broker:
    """Start a broker in a directory, which may hold what an earlier one left."""
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = _headrace(directory, port) if name == HEADRACE else _kafka(directory, port)
    started = time.perf_counter()
    with (directory / "output.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    broker = Broker(name=name, process=process, port=port, directory=directory, start_seconds=0.0)
    await_answer(broker)
    broker.start_seconds = time.perf_counter() - started
    return broker


@contextmanager
def running(name: str, directory: Path) -> Generator[Broker]:
    """A broker that is ended whatever happens."""
    broker = start(name, directory)
    try:
        yield broker
    finally:
        if broker.process.poll() is None:
            broker.stop()


def java(*arguments: str) -> list[str]:
    """A command of Java with Kafka's jars."""
    program = shutil.which("java")
    assert program is not None, "java is not on PATH; `make setup-tests` says how to get it"
    return [program, QUIET, *arguments]


def class_path() -> list[str]:
    return ["-cp", f"{JAVA_DIR}/*"]


def _headrace(directory: Path, port: int) -> list[str]:
    listener: Mapping[str, str] = {
        "name": "plain",
        "protocol": "PLAINTEXT",
        "bind": f"127.0.0.1:{port}",
        "advertised": f"127.0.0.1:{port}",
    }
    data = directory / "data"
    data.mkdir(exist_ok=True)
    document = {
        "format": 1,
        "cluster_id": "bench",
        "broker_id": 1,
        "generation": 1,
        "data_dir": str(data),
        "listeners": [listener],
        "limits": {"partitions_max": PARTITIONS_MAX, "connections_max": CONNECTIONS_MAX},
    }
    config = directory / "broker.json"
    config.write_text(json.dumps(document), encoding="utf-8")
    return [str(BROKER_BINARY), "--config", str(config)]


def _kafka(directory: Path, port: int) -> list[str]:
    properties = directory / "server.properties"
    text = KAFKA_PROPERTIES.format(port=port, controller_port=free_port(), directory=directory)
    if not (directory / "logs").exists():
        properties.write_text(text, encoding="utf-8")
        formatting = ["--cluster-id", CLUSTER_ID, "--standalone", "--config", str(properties)]
        # With this feature a new cluster sets min.insync.replicas for its brokers, dynamically.
        formatting += ["--feature", "eligible.leader.replicas.version=0"]
        tool = [*java(*class_path()), "kafka.tools.StorageTool", "format", *formatting]
        subprocess.run(tool, check=True, capture_output=True)
    else:
        # The quorum remembers its controller's port.
        old = properties.read_text(encoding="utf-8")
        controller = next(
            line for line in old.splitlines() if line.startswith("controller.quorum.bootstrap")
        ).rpartition(":")[2]
        text = KAFKA_PROPERTIES.format(
            port=port, controller_port=int(controller), directory=directory
        )
        properties.write_text(text, encoding="utf-8")
    return [*java(*KAFKA_JAVA, *class_path()), "kafka.Kafka", str(properties)]


def await_answer(broker: Broker) -> None:
    """Return once it answers; raises RuntimeError if it ended, TimeoutError if it is silent."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if broker.process.poll() is not None:
            tail = broker.log.read_text(encoding="utf-8", errors="replace")[-2_000:]
            raise RuntimeError(f"{broker.name} ended while it started: {tail}")
        try:
            with Connection(broker.port, 10.0) as connection:
                key = int.from_bytes(API_VERSIONS_V0[:2])
                connection.ask(key, 0, b"")
                return
        except OSError:
            time.sleep(POLL_SECONDS)
    raise TimeoutError(f"{broker.name} did not answer")


def settle() -> None:
    """Let the disk finish what an earlier measurement left in memory."""
    os.sync()
