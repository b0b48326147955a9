"""Which nodes of a cluster are started or replaced, and in which order; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from control_plane.provisioning.process import ProcessState

QUORUM = 2


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as it is: whether what it runs with is still what it should run with."""

    id: int
    state: ProcessState
    is_current: bool
    is_controller: bool


@dataclass(frozen=True, slots=True)
class Rollout:
    """Nodes that are started together, then nodes that are replaced one by one."""

    together: Sequence[int]
    in_turn: Sequence[int]


def rollout(nodes: Sequence[NodeView]) -> Rollout:
    """Start what does not run at once: without a majority no node gets ready.

    Running ones that are outdated follow singly, the controller last, so that its office moves
    once. Without a running majority there is nobody to keep serving, so all start together.
    """
    running = [node for node in nodes if node.state == "running"]
    if len(running) < QUORUM:
        return Rollout(tuple(node.id for node in nodes), ())
    outdated = sorted(
        (node for node in running if not node.is_current),
        key=lambda node: (node.is_controller, node.id),
    )
    down = tuple(node.id for node in nodes if node.state != "running")
    return Rollout(down, tuple(node.id for node in outdated))


def cluster_state(states: Sequence[ProcessState | None]) -> ProcessState:
    """Return the state of a cluster of nodes in these states; None is a node that is not there."""
    if sum(state == "running" for state in states) >= QUORUM and "stopped" not in states:
        return "running"
    if all(state in {"stopped", None} for state in states):
        return "stopped"
    return "backing_off" if "backing_off" in states else "starting"
