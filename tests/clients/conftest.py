"""What the tests of the clients share: marks that reach the report, and running programs."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from tests.clients.catalog import Client
from tests.clients.foreign_programs import start
from tests.clients.program import Program
from tests.fixtures.kafka_access import KafkaCluster


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
            running[client.name] = start(client, kafka_cluster.access())
        return running[client.name]

    yield find
    for program in running.values():
        program.close()
