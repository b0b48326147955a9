"""Every client that has a program in `foreign/` does everything it can, on a real service."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients import rows
from tests.clients.catalog import PROGRAMS, Client, Row, proves
from tests.clients.program import Program
from tests.fixtures.kafka_access import KafkaCluster

# The rows of a client share its running program.
CASES = [
    pytest.param(
        client,
        row,
        marks=[pytest.mark.xdist_group(f"clients-{client.name}"), proves(client.name, row)],
        id=f"{client.name}-{row}",
    )
    for client in PROGRAMS
    for row in client.rows
    if row == "administration" or row in rows.ROWS
]


@pytest.mark.parametrize(("client", "row"), CASES)
def test_a_client(
    client: Client,
    row: Row,
    program_of: Callable[[Client], Program],
    kafka_cluster: KafkaCluster,
) -> None:
    if row == "administration":
        rows.administration(program_of(client), kafka_cluster, lacks=client.lacks)
    else:
        rows.ROWS[row](program_of(client), kafka_cluster)
