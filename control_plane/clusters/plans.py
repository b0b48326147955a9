"""The catalogue of plans: what each promises, as limits that go into the broker's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """The most that one cluster of a plan may use, over all its keys; the broker enforces it."""

    connections_max: int
    partitions_max: int
    request_bytes_max: int
    connections_per_address_max: int
    connections_per_second_max: int
    connections_per_address_per_second_max: int
    produce_bytes_per_second_max: int
    fetch_bytes_per_second_max: int
    partition_changes_per_minute_max: int
    topics_max: int
    groups_max: int
    producer_ids_max: int
    stored_bytes_max: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One entry of the catalogue."""

    id: str
    description: str
    engine: str
    brokers: int
    default_partitions: int
    limits: PlanLimits
    undelete_days: int  # for so long a deleted cluster is kept, and may be wanted back


def _catalogue(*plans: Plan) -> Mapping[str, Plan]:
    return MappingProxyType({plan.id: plan for plan in plans})


CATALOGUE: Mapping[str, Plan] = _catalogue(
    Plan(
        id="dev",
        description="one broker that acknowledges only what is on disk",
        engine="native",
        brokers=1,
        default_partitions=1,
        limits=PlanLimits(
            connections_max=500,
            partitions_max=1_000,
            request_bytes_max=16 * MIB,
            connections_per_address_max=400,
            connections_per_second_max=100,
            connections_per_address_per_second_max=50,
            produce_bytes_per_second_max=100 * MIB,
            fetch_bytes_per_second_max=200 * MIB,
            partition_changes_per_minute_max=1_000,
            topics_max=1_000,
            groups_max=500,
            producer_ids_max=10_000,
            stored_bytes_max=20 * GIB,
        ),
        undelete_days=3,
    ),
    Plan(
        id="standard",
        description="as dev, with room for more connections and partitions and a base price",
        engine="native",
        brokers=1,
        default_partitions=3,
        limits=PlanLimits(
            connections_max=2_000,
            partitions_max=2_500,
            request_bytes_max=32 * MIB,
            connections_per_address_max=1_600,
            connections_per_second_max=200,
            connections_per_address_per_second_max=100,
            produce_bytes_per_second_max=200 * MIB,
            fetch_bytes_per_second_max=400 * MIB,
            partition_changes_per_minute_max=2_500,
            topics_max=2_500,
            groups_max=1_000,
            producer_ids_max=20_000,
            stored_bytes_max=200 * GIB,
        ),
        undelete_days=7,
    ),
    Plan(
        id="pro",
        description="the most that one broker serves, at the lowest price per GB",
        engine="native",
        brokers=1,
        default_partitions=6,
        limits=PlanLimits(
            connections_max=4_000,
            partitions_max=4_000,
            request_bytes_max=32 * MIB,
            connections_per_address_max=3_200,
            connections_per_second_max=400,
            connections_per_address_per_second_max=200,
            produce_bytes_per_second_max=400 * MIB,
            fetch_bytes_per_second_max=800 * MIB,
            partition_changes_per_minute_max=4_000,
            topics_max=4_000,
            groups_max=2_000,
            producer_ids_max=50_000,
            stored_bytes_max=1_024 * GIB,
        ),
        undelete_days=14,
    ),
    Plan(
        id="ha",
        description="three brokers of Apache Kafka that acknowledge from the memory of at least "
        "two in-sync replicas; on one machine it survives the end of a process, not a power cut",
        engine="apache-kafka",
        brokers=3,
        default_partitions=3,
        limits=PlanLimits(
            connections_max=1_000,
            partitions_max=1_000,
            request_bytes_max=16 * MIB,
            connections_per_address_max=800,
            connections_per_second_max=100,
            connections_per_address_per_second_max=50,
            produce_bytes_per_second_max=60 * MIB,
            fetch_bytes_per_second_max=180 * MIB,
            partition_changes_per_minute_max=1_000,
            topics_max=1_000,
            groups_max=500,
            producer_ids_max=10_000,
            stored_bytes_max=100 * GIB,
        ),
        undelete_days=7,
    ),
)
