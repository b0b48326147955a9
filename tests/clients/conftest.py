"""What the tests of the clients share: marks that reach the report, and running programs."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from tests.clients.catalog import Client
from tests.clients.foreign_programs import start
from tests.clients.java_tools import JavaTools
from tests.clients.mill import ALLOWED_URLS, Mill
from tests.clients.program import Program
from tests.fixtures.identity_provider import IdentityProvider
from tests.fixtures.kafka_access import KafkaCluster
from tests.fixtures.running_service import create_kafka_cluster
from tools.running_service import RunningService


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every test tell in the report what it proves; tools/clients_page.py reads it there."""
    for item in items:
        for mark in item.iter_markers("proves"):
            client, *rows = mark.args
            item.user_properties += [("proves", f"{row} {client}") for row in rows]


@pytest.fixture(scope="session")
def program_of(kafka_cluster: KafkaCluster) -> Generator[Callable[[Client], Program]]:
    """The running program of a client, started when it is first asked for."""
    running: dict[str, Program] = {}

    def find(client: Client) -> Program:
        if client.name not in running:
            running[client.name] = start(client, kafka_cluster.access().program())
        return running[client.name]

    yield find
    for program in running.values():
        program.close()


@pytest.fixture(scope="session")
def mill(
    running_service: RunningService,
    session_identity_provider: IdentityProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mill:
    """One cluster and one issuer for all clients; a session ends when its token does."""
    kafka = create_kafka_cluster(running_service, "by-issuer", tmp_path_factory.mktemp("mill"))
    issuer = {**session_identity_provider.wanted, "clock_skew_seconds": 0}
    with running_service.http() as http:
        changed = http.patch(f"/v1/clusters/{kafka.id}", json={"oauth_issuer": issuer})
    assert changed.status_code == 200, changed.text
    address = changed.json()["endpoints"]["kafka"]["oauth"]
    return Mill(kafka, address, session_identity_provider)


@pytest.fixture(scope="session")
def java_tools(session_identity_provider: IdentityProvider) -> Generator[JavaTools]:
    """One Java machine for all tools, also for those that log in by tokens of the issuer."""
    tools = JavaTools([f"-D{ALLOWED_URLS}={session_identity_provider.token_url}"])
    yield tools
    tools.close()
