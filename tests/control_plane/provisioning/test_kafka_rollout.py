import pytest

from control_plane.provisioning.engines.kafka.node_health import read_health, summed
from control_plane.provisioning.engines.kafka.rollout import (
    NodeView,
    Rollout,
    cluster_state,
    rollout,
)
from control_plane.provisioning.process import ProcessState


def node(
    number: int,
    state: ProcessState = "running",
    *,
    is_current: bool = True,
    is_controller: bool = False,
) -> NodeView:
    return NodeView(number, state, is_current, is_controller)


def test_nodes_of_a_cluster_that_is_down_start_together() -> None:
    nodes = [node(one, "stopped", is_current=False) for one in (1, 2, 3)]
    assert rollout(nodes) == Rollout((1, 2, 3), ())


def test_without_a_majority_a_single_one_is_not_spared() -> None:
    nodes = [node(1, is_current=False), node(2, "backing_off"), node(3, "stopped")]
    assert rollout(nodes) == Rollout((1, 2, 3), ())


def test_running_nodes_are_replaced_in_turn_and_the_controller_last() -> None:
    nodes = [
        node(1, is_current=False, is_controller=True),
        node(2, is_current=False),
        node(3, is_current=False),
    ]
    assert rollout(nodes) == Rollout((), (2, 3, 1))


def test_what_is_down_comes_back_before_another_goes() -> None:
    nodes = [node(1, is_current=False), node(2, "starting"), node(3)]
    assert rollout(nodes) == Rollout((2,), (1,))


def test_a_current_cluster_is_left_alone() -> None:
    assert rollout([node(one) for one in (1, 2, 3)]) == Rollout((), ())


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("running", "running", "running"), "running"),
        (("running", "running", "backing_off"), "running"),
        (("running", "starting", "running"), "running"),
        (("running", "running", "stopped"), "starting"),
        (("running", "backing_off", "starting"), "backing_off"),
        (("stopped", "stopped", "stopped"), "stopped"),
        (("stopped", None, None), "stopped"),
        ((None, None, None), "stopped"),
    ],
)
def test_a_cluster_runs_while_a_majority_does_and_none_was_told_to_stop(
    states: tuple[ProcessState | None, ...], expected: ProcessState
) -> None:
    assert cluster_state(states) == expected


def told(**replication: object) -> dict[str, object]:
    whole = {"is_controller": False, "active_brokers": 0, "under_replicated_partitions": 0}
    return {"status": "ready", "generation": 2, "replication": whole | replication}


CONTROLLER = told(is_controller=True, active_brokers=3)


class TestHealth:
    def test_three_that_take_part_with_all_their_data_are_settled(self) -> None:
        nodes = [CONTROLLER, told(), told()]
        health = summed([read_health(one) for one in nodes])
        assert health.is_settled
        assert health.problem is None

    @pytest.mark.parametrize(
        "nodes",
        [
            [CONTROLLER, told()],
            [told(is_controller=True, active_brokers=2), told(), told()],
            [told(), told(), told()],
            [
                CONTROLLER,
                told(under_replicated_partitions=1),
                told(),
            ],
            [told(is_controller=True, active_brokers=3, offline_partitions=1), told(), told()],
            [],
        ],
    )
    def test_anything_less_is_not(self, nodes: list[dict[str, object]]) -> None:
        health = summed([read_health(one) for one in nodes])
        assert not health.is_settled
        assert health.problem is not None

    def test_one_that_is_starting_does_not_count(self) -> None:
        nodes = [
            CONTROLLER,
            told(),
            told() | {"status": "starting"},
        ]
        assert not summed([read_health(one) for one in nodes]).is_settled
