"""The two brokers that are compared: ours, and Apache Kafka itself, both without authentication."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.fixtures.waiting import eventually
from tools.java_artifacts import JAVA_DIR
from tools.paths import BROKER_BINARY

CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
START_SECONDS_MAX = 240
"""A JVM on a busy machine takes minutes; one that ends is noticed at once."""
STOP_SECONDS_MAX = 30

SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
log.dirs={directory}/logs
num.partitions=4
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def native(directory: Path) -> Generator[int]:
    """Our broker; its port."""
    port = free_port()
    command = [*native_command(directory, port), "--initial-rebalance-delay-ms", "0"]
    with running(command, directory / "native.log", port):
        yield port


def native_command(directory: Path, port: int) -> list[str]:
    """Starts our broker on a port, with its data below a directory."""
    command = [str(BROKER_BINARY), "dev", "--listen", f"127.0.0.1:{port}"]
    return [*command, "--data-dir", str(directory / "native"), "--num-partitions", "4"]


@contextmanager
def apache_kafka(directory: Path) -> Generator[int]:
    """Apache Kafka, one process that is broker and controller; its port."""
    port = free_port()
    command = apache_kafka_command(directory, port)
    with running(command, directory / "apache-kafka.log", port):
        yield port


def apache_kafka_command(
    directory: Path, port: int, template: str = SERVER_PROPERTIES
) -> list[str]:
    """Formats a directory for Apache Kafka; starts it on a port."""
    properties = directory / "server.properties"
    text = template.format(port=port, controller_port=free_port(), directory=directory)
    properties.write_text(text, encoding="utf-8")
    formatting = ["format", "--cluster-id", CLUSTER_ID, "--standalone", "--config", str(properties)]
    # With this feature a new cluster sets min.insync.replicas for its brokers, dynamically.
    formatting += ["--feature", "eligible.leader.replicas.version=0"]
    subprocess.run(
        [*_java(), "kafka.tools.StorageTool", *formatting], check=True, capture_output=True
    )
    return [*_java(), "kafka.Kafka", str(properties)]


def _java() -> list[str]:
    program = shutil.which("java")
    assert program is not None, "java is not on PATH; `make setup-tests` says how to get it"
    small = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"]
    return [program, *small, "-cp", f"{JAVA_DIR}/*"]


@contextmanager
def running(command: Sequence[str], log: Path, port: int) -> Generator[None]:
    """A broker, from when it listens on the port."""
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,
    ):
        try:
            eventually(
                lambda: _answers(process, log, port),
                f"{command[0]} does not listen",
                START_SECONDS_MAX,
            )
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()


def _answers(process: subprocess.Popen[bytes], log: Path, port: int) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")[-2_000:]
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
