"""A real broker for the gateway, without authentication, that tests may stop and kill."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from data_plane.gateway.endpoints import ClusterEndpoint, Route
from tools.paths import BROKER_BINARY

START_SECONDS_MAX = 20
PARTITIONS = 4


class DevBroker:
    """`headrace-broker dev` on one port, whatever happens to its process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Start, or start again after a kill; return when it accepts connections."""
        with (self._directory / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(BROKER_BINARY),
                    "dev",
                    "--listen",
                    f"127.0.0.1:{self.port}",
                    "--data-dir",
                    str(self._directory / "data"),
                    "--num-partitions",
                    str(PARTITIONS),
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            assert self._process.poll() is None, "the broker ended"
            assert time.monotonic() < deadline, "the broker does not accept connections"
            time.sleep(0.01)

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def route(self, principal: str = "hk_test") -> Route:
        """The route of a caller to this broker."""
        servers = f"127.0.0.1:{self.port}"
        return Route(ClusterEndpoint("lkc_test", servers, "PLAINTEXT"), principal)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


class NoCredentials:
    """A broker without authentication is told nothing."""

    def client_settings(self, subject: str, cluster_id: str) -> dict[str, str]:
        raise AssertionError(f"{subject} would authenticate to {cluster_id}")


@pytest.fixture(scope="session")
def dev_broker(tmp_path_factory: pytest.TempPathFactory) -> Generator[DevBroker]:
    """A broker that stays up: tests use topics of their own."""
    broker = DevBroker(tmp_path_factory.mktemp("dev-broker"))
    yield broker
    broker.kill()


@pytest.fixture
def own_broker(tmp_path: Path) -> Generator[DevBroker]:
    """A broker of one test, which may do anything to it."""
    broker = DevBroker(tmp_path)
    yield broker
    broker.resume()
    broker.kill()
