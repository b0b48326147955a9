"""Usage windows of a real broker, by the engine."""

import os
import signal

import pytest

from control_plane.provisioning.errors import ClusterNotRunningError, UsageWindowUnknownError
from control_plane.provisioning.usage import UsagePage
from tests.control_plane.provisioning.native_cluster import CLUSTER, SPEC, Native, credentials
from tests.fixtures.waiting import eventually


@pytest.fixture
def running(native: Native) -> Native:
    native.engine.ensure(SPEC, credentials(1))
    return native


def page(native: Native, after: int = 0, count_max: int = 20) -> UsagePage:
    return native.engine.usage_windows(CLUSTER, after=after, count_max=count_max)


def test_windows_are_closed_on_demand_and_kept_until_acknowledged(running: Native) -> None:
    before = page(running).closed_through
    for _ in range(3):
        running.engine.close_usage_window(CLUSTER)
    first = page(running)
    assert (first.broker_id, first.window_seconds) == (1, 60)
    assert first.closed_through == before + 3
    assert [one.number for one in page(running, after=before, count_max=2).windows] == [
        before + 1,
        before + 2,
    ]
    for _ in range(2):
        running.engine.acknowledge_usage(CLUSTER, through=before + 2)
    left = page(running)
    assert left.acknowledged_through == before + 2
    assert [one.number for one in left.windows] == [before + 3]
    assert left.meter_id == first.meter_id


def test_windows_outlive_a_kill(running: Native) -> None:
    running.engine.close_usage_window(CLUSTER)
    kept = page(running)
    os.kill(running.pid(), signal.SIGKILL)
    eventually(lambda: is_answering(running))
    again = page(running)
    assert again.meter_id == kept.meter_id
    assert again.windows[: len(kept.windows)] == kept.windows


def test_a_window_that_is_not_closed_can_not_be_acknowledged(running: Native) -> None:
    with pytest.raises(UsageWindowUnknownError):
        running.engine.acknowledge_usage(CLUSTER, through=page(running).closed_through + 1)


def test_a_stopped_cluster_does_not_answer(running: Native) -> None:
    running.engine.stop(CLUSTER)
    with pytest.raises(ClusterNotRunningError):
        page(running)
    with pytest.raises(ClusterNotRunningError):
        running.engine.acknowledge_usage(CLUSTER, through=1)
    with pytest.raises(ClusterNotRunningError):
        running.engine.close_usage_window(CLUSTER)


def is_answering(native: Native) -> bool:
    try:
        page(native)
    except ClusterNotRunningError:
        return False
    return True
