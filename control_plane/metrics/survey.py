"""What a broker's own metrics do not say: how much is stored, and how far groups are behind."""

from collections.abc import Mapping
from dataclasses import dataclass

from control_plane.groups.lag import PartitionOffsets
from control_plane.kafka.admin_clients import Connection
from control_plane.kafka.connection import BrokerConnection, BrokerConnections
from control_plane.kafka.offsets_wire import (
    EARLIEST,
    LATEST,
    Partition,
    list_group_ids,
    read_committed,
    read_log_offsets,
    read_sizes,
)

GROUPS_SURVEYED_MAX = 500


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found: `lags` are records that are there and that a group has not read."""

    partitions: int
    stored_bytes: int
    lags: Mapping[str, int]

    @property
    def lag(self) -> int:
        """The lag of all groups."""
        return sum(self.lags.values())


class Surveyor:
    """Asks brokers as the control plane, over one connection that it closes again."""

    def __init__(self, brokers: BrokerConnections) -> None:
        self._brokers = brokers

    def survey(self, connection: Connection, *, has_groups: bool) -> Survey:
        """Return what the cluster holds; raise AppError where it does not say."""
        with self._brokers.open(connection) as broker:
            sizes = read_sizes(broker)
            lags = _lags(broker) if has_groups else {}
        return Survey(len(sizes), sum(sizes.values()), lags)


def _lags(broker: BrokerConnection) -> dict[str, int]:
    committed = {
        group_id: read_committed(broker, group_id)
        for group_id in list_group_ids(broker)[:GROUPS_SURVEYED_MAX]
    }
    partitions = {partition for offsets in committed.values() for partition in offsets}
    if not partitions:
        return dict.fromkeys(committed, 0)
    starts = read_log_offsets(broker, partitions, EARLIEST)
    ends = read_log_offsets(broker, partitions, LATEST)
    return {group_id: group_lag(offsets, starts, ends) for group_id, offsets in committed.items()}


def group_lag(
    committed: Mapping[Partition, int],
    starts: Mapping[Partition, int],
    ends: Mapping[Partition, int],
) -> int:
    """Return how many records are there that a group has not read."""
    lags = (
        PartitionOffsets(offset, starts.get(partition), ends.get(partition)).lag
        for partition, offset in committed.items()
    )
    return sum(lag for lag in lags if lag is not None)
