"""Clusters of the running service, as a program uses them by the API."""

from collections.abc import Generator

import httpx2
import pytest

from tests.cluster.usage import Usage
from tools.running_service import RunningService


@pytest.fixture
def http(running_service: RunningService) -> Generator[httpx2.Client]:
    """The owner's HTTP client."""
    with running_service.http() as client:
        yield client


@pytest.fixture
def usage(running_service: RunningService, http: httpx2.Client) -> Usage:
    return Usage(running_service, http)


@pytest.fixture(scope="session")
def shared_cluster_id(running_service: RunningService) -> str:
    """A cluster for tests that leave it as it was but for topics of their own."""
    with running_service.http() as client:
        return Usage(running_service, client).create("shared").id
