"""Clusters of the running service, as a program uses them by the API."""

from collections.abc import Generator

import httpx2
import pytest

from tests.cluster.usage import Usage
from tools.running_service import RunningService


@pytest.fixture
def http(service: RunningService) -> Generator[httpx2.Client]:
    """The owner's HTTP client."""
    with service.http() as client:
        yield client


@pytest.fixture
def usage(service: RunningService, http: httpx2.Client) -> Usage:
    return Usage(service, http)


@pytest.fixture(scope="session")
def shared_cluster_id(service: RunningService) -> str:
    """A cluster for tests that leave it as it was but for topics of their own."""
    with service.http() as client:
        return Usage(service, client).create("shared").id
