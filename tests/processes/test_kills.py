"""The processes of production, each killed in the middle of its work: nothing is lost or left."""

from collections.abc import Generator
from pathlib import Path

import pytest

from bench.kill_steps.modes import Separate, separate
from bench.kill_steps.scenario import Scenario


@pytest.fixture
def running(tmp_path: Path, postgresql_url: str) -> Generator[Separate]:
    with separate(tmp_path, postgresql_url) as mode:
        yield mode


# The processes of production take a while to start where others use the machine.
@pytest.mark.timeout(600)
def test_a_change_outlives_the_worker_and_the_api_that_took_it(running: Separate) -> None:
    scenario = Scenario(running)
    # The child of a worker dies in a transaction, written and not durable.
    assert scenario.kill_at("pause", 3)
    # The worker dies with all its children, right after the change was taken.
    cluster_id = scenario.ask("create", None)
    scenario.ask("restart", cluster_id, is_killed=True)
    # One of two API processes dies, and the other one knows what it knew.
    seen = [status(running, cluster_id) for _ in range(2)]
    running.service.kill_api()
    assert [*seen, status(running, cluster_id)] == ["running"] * 3
    scenario.ask("purge", cluster_id)
    assert scenario.outcome.lost == []
    assert scenario.outcome.orphans + scenario.left_over(cluster_id) == []


def status(running: Separate, cluster_id: str) -> str:
    """What the next API process says of a cluster."""
    with running.service.http() as http:
        answer = http.get(f"/v1/clusters/{cluster_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()["status"]
