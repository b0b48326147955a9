"""What a node of Apache Kafka tells of itself on its admin endpoint; `is_settled` is pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from control_plane.provisioning.engines.kafka.node_config import BROKERS


@dataclass(frozen=True, slots=True)
class NodeHealth:
    """One node. What the active controller alone knows is 0 on the others."""

    is_ready: bool
    generation: int
    credentials_generation: int
    partitions: int
    version: str | None
    is_controller: bool
    active_brokers: int
    offline_partitions: int
    under_replicated_partitions: int
    under_min_isr_partitions: int


@dataclass(frozen=True, slots=True)
class ClusterHealth:
    """All nodes that answer, taken together."""

    nodes: int
    controllers: int
    active_brokers: int
    offline_partitions: int
    under_replicated_partitions: int
    under_min_isr_partitions: int

    @property
    def is_settled(self) -> bool:
        """Whether any one broker may be lost, or ended, without a write being refused."""
        return (
            self.nodes == BROKERS
            and self.controllers == 1
            and self.active_brokers == BROKERS
            and self.offline_partitions == 0
            and self.under_replicated_partitions == 0
        )

    @property
    def problem(self) -> str | None:
        """What keeps it from being settled, in words."""
        if self.is_settled:
            return None
        return (
            f"{self.nodes} of {BROKERS} brokers answer, {self.active_brokers} take part; "
            f"{self.under_replicated_partitions} partitions are under-replicated, "
            f"{self.offline_partitions} offline"
        )


def read_health(answer: Mapping[str, Any]) -> NodeHealth:
    told: Mapping[str, Any] = answer.get("replication", {})
    version = answer.get("version")
    return NodeHealth(
        is_ready=answer.get("status") == "ready",
        generation=int(answer.get("generation", 0)),
        credentials_generation=int(answer.get("credentials_generation", 0)),
        partitions=int(answer.get("partitions", 0)),
        version=version if isinstance(version, str) else None,
        is_controller=told.get("is_controller") is True,
        active_brokers=int(told.get("active_brokers", 0)),
        offline_partitions=int(told.get("offline_partitions", 0)),
        under_replicated_partitions=int(told.get("under_replicated_partitions", 0)),
        under_min_isr_partitions=int(told.get("under_min_isr_partitions", 0)),
    )


def summed(nodes: Sequence[NodeHealth]) -> ClusterHealth:
    return ClusterHealth(
        nodes=sum(node.is_ready for node in nodes),
        controllers=sum(node.is_controller for node in nodes),
        active_brokers=max((node.active_brokers for node in nodes), default=0),
        offline_partitions=max((node.offline_partitions for node in nodes), default=0),
        under_replicated_partitions=sum(node.under_replicated_partitions for node in nodes),
        under_min_isr_partitions=sum(node.under_min_isr_partitions for node in nodes),
    )
