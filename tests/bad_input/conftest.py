"""After each piece of bad input: the same processes, the same answers, nothing lost, no growth."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

import psutil
import pytest

from tests.bad_input.canary import Canary
from tests.fixtures.kafka_access import KafkaCluster
from tools.running_service import RunningService

BROKER_GROWTH_BYTES_MAX = 32 * 1024 * 1024
"""One request frame of the greatest size, twice."""

API_GROWTH_BYTES_MAX = 64 * 1024 * 1024
"""Producers, readers and their threads, which the gateway keeps for a while, are part of this."""


@pytest.fixture(scope="session")
def canary(running_service: RunningService, kafka_cluster: KafkaCluster) -> Generator[Canary]:
    """Records that were acknowledged before any bad input came."""
    with closing(Canary(running_service, kafka_cluster)) as bird:
        yield bird


@pytest.fixture(scope="session", autouse=True)
def bounded_memory(
    running_service: RunningService, kafka_cluster: KafkaCluster, canary: Canary
) -> Generator[None]:
    """All the bad input together leaves the processes about as large as they were."""
    canary.check()
    broker = running_service.broker(kafka_cluster.id)
    api = psutil.Process(running_service.process.pid)
    before = broker.memory_info().rss, api.memory_info().rss
    yield
    after = broker.memory_info().rss, api.memory_info().rss
    assert after[0] - before[0] < BROKER_GROWTH_BYTES_MAX
    assert after[1] - before[1] < API_GROWTH_BYTES_MAX


@pytest.fixture(autouse=True)
def unmoved(
    running_service: RunningService, kafka_cluster: KafkaCluster, canary: Canary
) -> Generator[None]:
    """The broker that was there before the test is there after it and answers as before."""
    broker = running_service.broker(kafka_cluster.id).pid
    yield
    assert running_service.broker(kafka_cluster.id).pid == broker
    assert running_service.process.poll() is None
    canary.check()
